#if TLS
    import HyperoCore
    import HyperoRedis
    import HyperoSchema
    import TestSupport

    /// A private Redis server with a port for TLS.
    struct TLSServer {
        let authority: Authority
        let server: RedisServer
        let port: UInt16

        /// - Parameters:
        ///   - certificate: the names of the certificate of the server.
        ///   - requiresClients: true if clients need a certificate.
        ///   - configuration: further lines of the configuration.
        init(
            _ authority: Authority? = nil, names: String = Authority.local, days: Int = 30,
            requiresClients: Bool = false, appendOnly: Bool = false, configuration: [String] = []
        ) throws {
            let authority = try authority ?? Authority()
            let port = try SocketAddress.freePort()
            let (certificate, key) = try authority.sign("server-\(port)", names: names, days: days)
            self.authority = authority
            self.port = port
            server = try RedisServer(
                appendOnly: appendOnly,
                configuration: Self.lines(
                    port: port, certificate: certificate, key: key, authority: authority.certificate,
                    requiresClients: requiresClients) + configuration)
        }

        static func lines(
            port: UInt16, certificate: String, key: String, authority: String, requiresClients: Bool = false
        ) -> [String] {
            [
                "tls-port \(port)", "tls-cert-file \(certificate)", "tls-key-file \(key)",
                "tls-ca-cert-file \(authority)", "tls-auth-clients \(requiresClients ? "yes" : "no")",
            ]
        }

        /// The address of the server with the certificate of its authority.
        var url: String { url() }

        func url(host: String = "127.0.0.1", _ settings: String = "") -> String {
            "rediss://\(host):\(port)?cacert=\(authority.certificate)\(settings)"
        }

        func connect(
            _ text: String? = nil, timeout: Duration = .seconds(10), shouldContinue: @escaping () -> Bool = { true },
            opened: (CInt) -> Void = { _ in }
        ) throws -> RedisConnection {
            try .open(
                to: RedisURL(text ?? url, environment: { _ in nil }), name: "test", timeout: timeout,
                shouldContinue: shouldContinue, opened: opened)
        }

        /// Returns the error of a connection; nil if it can be used.
        func error(_ text: String? = nil, timeout: Duration = .seconds(10)) -> RedisError? {
            do {
                var connection = try connect(text, timeout: timeout)
                var reply = try connection.call("PING")
                _ = try reply.string()
                return nil
            } catch {
                return error as? RedisError ?? RedisError(.other, "\(error)")
            }
        }
    }
#endif
