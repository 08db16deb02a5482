#if TLS
    import HyperoSchema

    /// A file of the settings.
    enum TLSFile {
        case authorities
        case certificate
        case key

        private var words: (file: String, setting: String, variable: String) {
            switch self {
            case .authorities: ("certificates of the authorities", "cacert", "HYPERO_TLS_CACERT")
            case .certificate: ("certificate of the client", "cert", "HYPERO_TLS_CERT")
            case .key: ("key of the client", "key", "HYPERO_TLS_KEY")
            }
        }

        func failure(_ path: String, _ reason: String) -> RedisError {
            let (file, setting, variable) = words
            return RedisError(
                .tls,
                "cannot read the \(file): \(printable(path, limit: 200)), \(reason). Correct the file, \(setting)= of the URL, or "
                    + variable)
        }

        /// Throws unless a file has at least one certificate, and all of them can be used.
        func check(_ path: String, _ count: Int, _ error: OpenSSLError?) throws(RedisError) {
            if let error { throw failure(path, "a certificate cannot be used (\(error.text))") }
            guard count > 0 else { throw failure(path, "it has no certificate in PEM") }
        }
    }
#endif
