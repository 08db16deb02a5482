#if TLS
    import CHiredisSSL
    import HyperoSchema

    /// The words for errors of TLS, with the setting that corrects each.
    struct TLSAdvice {
        private let settings: TLSSettings
        private let name: String

        /// - Parameter name: the name or address that the certificate of the server must have.
        init(_ settings: TLSSettings, name: String) {
            self.settings = settings
            self.name = printable(name, limit: 100)
        }

        /// - Parameter result: the number with which OpenSSL has refused the certificate of the server.
        func text(ofCertificate result: Int) -> String {
            let reason = String(cString: X509_verify_cert_error_string(result))
            switch CInt(truncatingIfNeeded: result) {
            case X509_V_ERR_CERT_HAS_EXPIRED:
                return "the certificate of the server has expired. Renew it, or correct the clock of this machine"
            case X509_V_ERR_CERT_NOT_YET_VALID:
                return
                    "the certificate of the server is not valid yet. Correct the clock of this machine or of the authority"
            case X509_V_ERR_HOSTNAME_MISMATCH, X509_V_ERR_IP_ADDRESS_MISMATCH:
                return
                    "the certificate of the server is not for '\(name)'. Connect by a name or address that the certificate has, or give "
                    + "that name by server-name= of the URL or HYPERO_TLS_SERVER_NAME"
            case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT, X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY,
                X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN, X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT,
                X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE, X509_V_ERR_CERT_SIGNATURE_FAILURE:
                return
                    "the certificate of the server is of an unknown authority: \(reason). Give the certificate of the authority by "
                    + "cacert= of the URL or HYPERO_TLS_CACERT\(knownAuthorities)"
            default: return "the certificate of the server is not accepted: \(reason). Replace it"
            }
        }

        private var knownAuthorities: String {
            guard let path = settings.authorities else {
                return ". Without it, the authorities of the system are accepted"
            }
            return ", instead of \(printable(path, limit: 200)). A folder must be prepared by openssl rehash"
        }

        func text(of error: OpenSSLError) -> String {
            if error.isOfCertificate { return textAboutClient(error) }
            if error.isNoTLS { return "\(error.text). \(Self.hint)" }
            return switch error.alert {
            case SSL_AD_PROTOCOL_VERSION:
                "the server accepts no TLS version in common, which must be 1.2 or later. Update the server"
            case SSL_AD_UNRECOGNIZED_NAME:
                "the server does not know the name '\(name)'. Correct the host, or server-name= of the URL"
            default: "TLS failed: \(error.text)"
            }
        }

        private func textAboutClient(_ error: OpenSSLError) -> String {
            guard let certificate = settings.certificate else {
                return
                    "the server requires a certificate of its clients (\(error.text)). Give one by cert= and key= of the URL, or "
                    + "HYPERO_TLS_CERT and HYPERO_TLS_KEY"
            }
            return
                "the server refuses the certificate of the client (\(error.text)): \(printable(certificate, limit: 200)). Renew it, or give "
                + "one that the authority of the server has signed"
        }

        /// The advice for a server that does not speak TLS, or not at all.
        static let hint = "Is this a port without TLS? Correct the port, or use redis:// for it"
    }
#endif
