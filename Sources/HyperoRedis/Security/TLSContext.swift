import HyperoSchema

#if TLS
    import CHiredisSSL
    import Glibc
    import Synchronization

    /// The certificates and the key of a connection, read for each connection, so that new ones need no restart.
    ///
    /// OpenSSL itself opens no file: it would do so in the middle of a handshake, while the process cannot fork.
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
            let authorities = try TLSAuthorities.read(settings, blocking: blocking)
            let files = TLSFiles(
                authorities: authorities,
                certificate: try contents(settings.certificate, as: .certificate, blocking),
                key: try contents(settings.key, as: .key, blocking))
            if let shared = TLSContextCache.context(of: settings, files) {
                return TLSContext(context: shared, settings: settings)
            }
            guard isInitialized, let pointer = hypero_tls_new_context() else {
                throw RedisError(.connection, "cannot use TLS: OpenSSL failed, \(OpenSSLError.latest.text)")
            }
            let context = TLSContext(context: pointer, settings: settings)
            // A file of the system, and one of many in a folder, may have other contents.
            for bytes in authorities.others { _ = context.trust(bytes) }
            if let file = authorities.file {
                let (count, error) = context.trust(file)
                try TLSFile.authorities.check(settings.authorities ?? "", count, error)
            }
            if let certificate = files.certificate, let key = files.key {
                try context.use(certificate)
                try context.useKey(key)
            }
            TLSContextCache.keep(pointer, of: settings, files)
            return context
        }

        /// Calls a function before OpenSSL frees its memory. Of several calls, the first one counts.
        fileprivate static func callAtEnd(_ handler: @escaping @convention(c) () -> Void) {
            if !hasHandler.exchange(true, ordering: .relaxed) { OPENSSL_atexit(handler) }
        }

        private static let hasHandler = Atomic<Bool>(false)

        /// Returns the bytes of a file; nil if there is no path.
        static func contents(
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

        private func trust(_ bytes: [UInt8]) -> (count: Int, error: OpenSSLError?) {
            let store = SSL_CTX_get_cert_store(context)
            return eachCertificate(in: bytes) { certificate in
                defer { X509_free(certificate) }
                return X509_STORE_add_cert(store, certificate) == 1
            }
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
#endif

extension RedisURL {
    /// Initializes OpenSSL, if the URL asks for TLS.
    ///
    /// A process that has not used OpenSSL before then has no handler of exit that frees it. A handler that was registered later than that
    /// of hypero would run first, and a connection that sends the last events would crash.
    ///
    /// - Parameter handler: called before OpenSSL frees its memory, at the exit of a process in which another library has initialized
    ///   OpenSSL. Only the handler of the first call is.
    package func prepareForConnections(atEnd handler: @escaping @convention(c) () -> Void) {
        #if TLS
            guard tls != nil, TLSContext.isInitialized else { return }
            TLSContext.callAtEnd(handler)
        #endif
    }
}
