import HyperoSchema

#if TLS
    import CHiredisSSL
    import Glibc

    /// The certificates and the key of one connection, read for each connection, so that new ones need no restart.
    struct TLSContext: ~Copyable {
        private let context: OpaquePointer
        private let settings: TLSSettings

        /// The largest size of a file in bytes. The authorities of a system have 200 kB.
        private static let maxFileSize = 4 << 20

        /// OpenSSL is initialized once per process.
        fileprivate static let isInitialized = hypero_tls_initialize() == 1

        deinit { SSL_CTX_free(context) }

        private init(context: OpaquePointer, settings: TLSSettings) {
            (self.context, self.settings) = (context, settings)
        }

        /// Reads the files.
        ///
        /// - Parameter blocking: runs the system calls that read the files. OpenSSL itself is not called there, because the process may
        ///   fork meanwhile, and a lock of OpenSSL would stay locked in the child.
        /// - Throws: ``RedisError/Code/tls``.
        static func load(
            _ settings: TLSSettings, blocking: (() -> Void) -> Void
        ) throws(RedisError) -> TLSContext {
            var isFolder = false
            if let path = settings.authorities {
                blocking {
                    var status = stat()
                    isFolder = stat(path, &status) == 0 && status.st_mode & S_IFMT == S_IFDIR
                }
            }
            let authorities = isFolder ? nil : try contents(settings.authorities, as: .authorities, blocking)
            let certificate = try contents(settings.certificate, as: .certificate, blocking)
            let key = try contents(settings.key, as: .key, blocking)
            guard isInitialized, let pointer = hypero_tls_new_context() else {
                throw RedisError(.connection, "cannot use TLS: OpenSSL failed, \(OpenSSLError.latest.text)")
            }
            let context = TLSContext(context: pointer, settings: settings)
            if isFolder {
                guard SSL_CTX_load_verify_locations(pointer, nil, settings.authorities) == 1 else {
                    throw TLSFile.authorities.failure(settings.authorities ?? "", OpenSSLError.latest.text)
                }
            } else if let authorities {
                try context.trust(authorities)
            } else {
                SSL_CTX_set_default_verify_paths(pointer)
            }
            if let certificate, let key {
                try context.use(certificate)
                try context.useKey(key)
            }
            return context
        }

        /// Returns the bytes of a file; nil if there is no path.
        private static func contents(
            _ path: String?, as file: TLSFile, _ blocking: (() -> Void) -> Void
        ) throws(RedisError) -> [UInt8]? {
            guard let path else { return nil }
            guard let buffer = malloc(maxFileSize) else { throw file.failure(path, "out of memory") }
            defer { free(buffer) }
            var count = 0
            var code: CInt = 0
            blocking { (count, code) = SmallFile.read(path, into: buffer, size: maxFileSize) }
            guard code == 0 else { throw file.failure(path, String(cString: strerror(code))) }
            guard count < maxFileSize else { throw file.failure(path, "larger than \(maxFileSize - 1) bytes") }
            return [UInt8](UnsafeRawBufferPointer(start: buffer, count: count))
        }

        /// Calls a function with each certificate of a file in PEM. The function owns the certificate.
        ///
        /// - Returns: the number of certificates, and the error that ended the file.
        private func eachCertificate(
            in bytes: [UInt8], _ body: (OpaquePointer) -> Bool
        ) -> (count: Int, error: OpenSSLError?) {
            ERR_clear_error()
            guard let bio = BIO_new_mem_buf(bytes, CInt(bytes.count)) else { return (0, .latest) }
            defer { BIO_free(bio) }
            var count = 0
            while let certificate = PEM_read_bio_X509(bio, nil, Self.noPassphrase, nil) {
                guard body(certificate) else { return (count, .latest) }
                count += 1
            }
            let error = OpenSSLError.latest
            ERR_clear_error()
            return (count, error.reason == PEM_R_NO_START_LINE ? nil : error)
        }

        /// Refuses an encrypted key: OpenSSL would ask on the terminal of the training.
        private static let noPassphrase:
            @convention(c) (UnsafeMutablePointer<CChar>?, CInt, CInt, UnsafeMutableRawPointer?) -> CInt = {
                _, _, _, _ in
                -1
            }

        private func trust(_ bytes: [UInt8]) throws(RedisError) {
            let store = SSL_CTX_get_cert_store(context)
            let (count, error) = eachCertificate(in: bytes) { certificate in
                defer { X509_free(certificate) }
                return X509_STORE_add_cert(store, certificate) == 1
            }
            try TLSFile.authorities.check(settings.authorities ?? "", count, error)
        }

        private func use(_ bytes: [UInt8]) throws(RedisError) {
            var isFirst = true
            let (count, error) = eachCertificate(in: bytes) { certificate in
                defer { isFirst = false }
                guard isFirst else {
                    if hypero_tls_add_chain(context, certificate) == 1 { return true }
                    X509_free(certificate)
                    return false
                }
                defer { X509_free(certificate) }
                return SSL_CTX_use_certificate(context, certificate) == 1
            }
            try TLSFile.certificate.check(settings.certificate ?? "", count, error)
        }

        private func useKey(_ bytes: [UInt8]) throws(RedisError) {
            let path = settings.key ?? ""
            ERR_clear_error()
            guard let bio = BIO_new_mem_buf(bytes, CInt(bytes.count)) else {
                throw TLSFile.key.failure(path, OpenSSLError.latest.text)
            }
            defer { BIO_free(bio) }
            guard let key = PEM_read_bio_PrivateKey(bio, nil, Self.noPassphrase, nil) else {
                let error = OpenSSLError.latest
                ERR_clear_error()
                let reason =
                    switch error.reason {
                    case PEM_R_BAD_PASSWORD_READ: "the key is encrypted, and must not be"
                    case PEM_R_NO_START_LINE: "it has no key in PEM"
                    default: "it has no key in PEM (\(error.text))"
                    }
                throw TLSFile.key.failure(path, reason)
            }
            defer { EVP_PKEY_free(key) }
            guard SSL_CTX_use_PrivateKey(context, key) == 1, SSL_CTX_check_private_key(context) == 1 else {
                ERR_clear_error()
                throw TLSFile.key.failure(
                    path,
                    "it is not the key of the certificate \(printable(settings.certificate ?? "", limit: 200))")
            }
        }

        /// Returns a session that accepts only a server with the name or the address.
        ///
        /// hiredis sends the name to the server, and does not check that the certificate has the name.
        func session(name: String) throws(RedisError) -> OpaquePointer {
            guard let ssl = SSL_new(context) else {
                throw RedisError(.connection, "cannot use TLS: OpenSSL failed, \(OpenSSLError.latest.text)")
            }
            let parameters = SSL_get0_param(ssl)
            X509_VERIFY_PARAM_set_hostflags(parameters, UInt32(X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS))
            var address = in6_addr()
            let isAddress = inet_pton(AF_INET, name, &address) == 1 || inet_pton(AF_INET6, name, &address) == 1
            let isSet =
                isAddress
                ? X509_VERIFY_PARAM_set1_ip_asc(parameters, name) == 1
                : X509_VERIFY_PARAM_set1_host(parameters, name, 0) == 1 && hypero_tls_set_server_name(ssl, name) == 1
            guard isSet else {
                SSL_free(ssl)
                throw RedisError(
                    .tls,
                    "cannot check the name of the server: '\(printable(name, limit: 100))', OpenSSL refuses it. Correct it"
                )
            }
            return ssl
        }
    }

    /// A file of the settings.
    private enum TLSFile {
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

extension RedisURL {
    /// Initializes OpenSSL, if the URL asks for TLS.
    ///
    /// A process that has not used OpenSSL before then has no handler of exit that frees it. A handler that was registered later than that
    /// of hypero would run first, and a connection that sends the last events would crash.
    package func prepareForConnections() {
        #if TLS
            if tls != nil { _ = TLSContext.isInitialized }
        #endif
    }
}
