#if TLS
    import CHiredisSSL

    /// An error in the queue that OpenSSL has for each thread.
    struct OpenSSLError {
        private let number: UInt

        /// The error that was reported first, which is the cause of the others.
        static var first: OpenSSLError { OpenSSLError(number: ERR_peek_error()) }

        /// The error that was reported last.
        static var latest: OpenSSLError { OpenSSLError(number: ERR_peek_last_error()) }

        /// The number of the reason.
        var reason: CInt { hypero_tls_reason(number) }

        /// The number of the alert that the server has sent; nil for another error.
        var alert: CInt? { reason >= SSL_AD_REASON_OFFSET ? reason - SSL_AD_REASON_OFFSET : nil }

        /// The reason. Without an error, OpenSSL has no text: after its end, it would read freed memory for one.
        var text: String {
            guard number != 0 else { return "it has no reason" }
            return ERR_reason_error_string(number).map { String(cString: $0) } ?? "error \(number)"
        }

        /// True if the connection has ended without the end of TLS: SSL_R_UNEXPECTED_EOF_WHILE_READING, since OpenSSL 3.
        var isUnexpectedEnd: Bool { reason == 294 }

        /// True if the certificate of the server was refused.
        var isVerification: Bool { reason == SSL_R_CERTIFICATE_VERIFY_FAILED }

        /// True if the server refuses the certificate of the client, or requires one.
        var isOfCertificate: Bool {
            guard let alert else { return false }
            return [
                SSL_AD_HANDSHAKE_FAILURE, SSL_AD_BAD_CERTIFICATE, SSL_AD_UNSUPPORTED_CERTIFICATE,
                SSL_AD_CERTIFICATE_REVOKED,
                SSL_AD_CERTIFICATE_EXPIRED, SSL_AD_CERTIFICATE_UNKNOWN, SSL_AD_UNKNOWN_CA, SSL_AD_ACCESS_DENIED,
                SSL_AD_DECRYPT_ERROR, SSL_AD_CERTIFICATE_REQUIRED,
            ].contains(alert)
        }

        /// True if the bytes of the server are not TLS.
        var isNoTLS: Bool {
            [
                SSL_R_WRONG_VERSION_NUMBER, SSL_R_PACKET_LENGTH_TOO_LONG, SSL_R_HTTP_REQUEST, SSL_R_UNKNOWN_PROTOCOL,
                SSL_R_RECORD_LENGTH_MISMATCH,
            ].contains(reason)
        }
    }
#endif
