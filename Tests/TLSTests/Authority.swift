#if TLS
    import Foundation
    import TestSupport

    /// An authority of a test, and the certificates that it signs. All files are in one folder.
    struct Authority {
        /// The names and addresses of a certificate.
        static let local = "DNS:localhost,IP:127.0.0.1"

        let folder: TemporaryFolder
        private let name: String

        init(_ name: String = "ca", in folder: TemporaryFolder? = nil) throws {
            self.folder = try folder ?? TemporaryFolder()
            self.name = name
            try openssl(
                "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "30",
                "-subj", "/CN=\(name)", "-keyout", path("\(name).key"), "-out", certificate)
        }

        /// The path of the certificate of the authority.
        var certificate: String { path("\(name).pem") }

        func path(_ file: String) -> String { folder.file(file) }

        /// Writes `file.pem` and `file.key`.
        ///
        /// - Parameters:
        ///   - names: for example ``local``.
        ///   - days: the days of validity from now on; negative for a certificate that has expired.
        @discardableResult
        func sign(_ file: String, names: String = local, days: Int = 30) throws -> (certificate: String, key: String) {
            let (request, certificate, key) = (path("\(file).csr"), path("\(file).pem"), path("\(file).key"))
            try openssl(
                "req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-subj", "/CN=\(file)",
                "-addext", "subjectAltName=\(names)", "-keyout", key, "-out", request)
            try openssl(
                "x509", "-req", "-in", request, "-CA", self.certificate, "-CAkey", path("\(name).key"),
                "-CAcreateserial",
                "-days", "\(days)", "-copy_extensions", "copy", "-out", certificate)
            return (certificate, key)
        }

        func openssl(_ arguments: String...) throws {
            let outcome = try ChildProcess.run("openssl", arguments)
            guard outcome.succeeded else { throw TestFailure("openssl \(arguments): \(outcome.stderr)") }
        }
    }
#endif
