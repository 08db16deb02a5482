#if TLS
    import Foundation
    import HyperoRedis
    import TestSupport
    import Testing

    /// The verification of servers and clients, and its messages.
    struct VerificationTests {
        @Test func `A server with a certificate of its name or address and a known authority can be used`() throws {
            let server = try TLSServer()
            #expect(server.error() == nil)
            #expect(server.error(server.url(host: "localhost")) == nil)
            // An authority among others, and in a folder.
            let other = try Authority("other", in: server.authority.folder)
            let (both, folder) = (server.authority.path("both.pem"), server.authority.path("folder"))
            let texts = try [other, server.authority].map {
                try String(contentsOfFile: $0.certificate, encoding: .utf8)
            }
            try ("text\n" + texts.joined()).write(toFile: both, atomically: true, encoding: .utf8)
            try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: false)
            try FileManager.default.copyItem(atPath: server.authority.certificate, toPath: folder + "/ca.pem")
            try server.authority.openssl("rehash", folder)
            for path in [both, folder] {
                #expect(server.error("rediss://127.0.0.1:\(server.port)?cacert=\(path)") == nil)
            }
            // As the authorities of the system.
            for (variable, path) in [("SSL_CERT_FILE", both), ("SSL_CERT_DIR", "/nowhere:\(folder)")] {
                let url = try RedisURL("rediss://127.0.0.1:\(server.port)") { $0 == variable ? path : nil }
                var connection = try RedisConnection.open(to: url, name: "test")
                #expect(try connection.call("PING").error == nil)
            }
            // The first of two servers is down.
            let list = "rediss://127.0.0.1:1,127.0.0.1:\(server.port)?cacert=\(server.authority.certificate)"
            var topology = Topology(seed: try RedisURL(list))
            _ = try topology.open(for: .writing, name: "test")
            // A connection is verified with the name of the URL when its numeric address is used again.
            let named = try TLSServer(server.authority, names: "DNS:localhost")
            let connection = try named.connect(named.url(host: "localhost"))
            #expect(connection.peer.description == "rediss://127.0.0.1:\(named.port)")
            _ = try RedisConnection.open(to: connection.peer, name: "test")
        }

        @Test func `A server of another name is refused, and server-name names another one`() throws {
            let server = try TLSServer(names: "DNS:db.example,DNS:*.wild.example,IP:10.0.0.1")
            let advice = "Connect by a name or address that the certificate has, or give that name by server-name="
            for host in ["127.0.0.1", "localhost"] {
                let error = server.error(server.url(host: host))
                #expect(error?.category == .denied)
                #expect(
                    error?.description.hasPrefix(
                        "cannot connect to rediss://\(host):\(server.port): the certificate of the server is not for '\(host)'. "
                            + advice) == true, "\(String(describing: error))")
            }
            for name in ["db.example", "a.wild.example", "10.0.0.1"] {
                #expect(server.error(server.url("&server-name=\(name)")) == nil)
            }
            for name in ["other.example", "wild.example", "a.b.wild.example", "10.0.0.2", "::1"] {
                #expect(
                    server.error(server.url("&server-name=\(name)"))?.description.contains("not for '\(name)'") == true)
            }
        }

        @Test func `A certificate that has expired, or of an unknown authority, is refused`() throws {
            let expired = try TLSServer(days: -1)
            #expect(
                expired.error()?.description
                    == "cannot connect to rediss://127.0.0.1:\(expired.port): the certificate of the server has expired. Renew it, or "
                    + "correct the clock of this machine")
            let server = try TLSServer()
            let other = try Authority("other", in: server.authority.folder)
            for (settings, end) in [
                ("", "Without it, the authorities of the system are accepted"),
                (
                    "?cacert=\(other.certificate)",
                    "instead of \(other.certificate). A folder must be prepared by openssl rehash"
                ),
                ("?cacert=/tmp", "instead of /tmp. A folder must be prepared by openssl rehash"),
            ] {
                let error = server.error("rediss://127.0.0.1:\(server.port)\(settings)")
                #expect(error?.code == .tls)
                #expect(error?.description.contains("is of an unknown authority: ") == true)
                #expect(error?.description.hasSuffix(end) == true, "\(String(describing: error))")
            }
            // The certificate of a server without an authority names itself.
            let path = server.authority.path("self")
            try server.authority.openssl(
                "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-subj",
                "/CN=self",
                "-addext", "subjectAltName=\(Authority.local)", "-keyout", path + ".key", "-out", path + ".pem")
            let port = try SocketAddress.freePort()
            let alone = try RedisServer(
                configuration: TLSServer.lines(
                    port: port, certificate: path + ".pem", key: path + ".key", authority: path + ".pem"))
            #expect(server.error("rediss://127.0.0.1:\(port)?cacert=\(path).pem") == nil)
            #expect(server.error("rediss://127.0.0.1:\(port)")?.code == .tls)
            alone.kill()
        }

        @Test func `A server that requires a certificate of its clients accepts that of its authority`() throws {
            let server = try TLSServer(requiresClients: true)
            let own = try server.authority.sign("client", names: "DNS:client")
            let other = try Authority("other", in: server.authority.folder).sign("stranger", names: "DNS:stranger")
            let old = try server.authority.sign("old", names: "DNS:old", days: -1)
            #expect(server.error(server.url("&cert=\(own.certificate)&key=\(own.key)")) == nil)
            let none = server.error()
            #expect(none?.code == .tls)
            #expect(
                none?.description.contains("the server requires a certificate of its clients (") == true
                    && none?.description.hasSuffix(
                        "Give one by cert= and key= of the URL, or HYPERO_TLS_CERT and HYPERO_TLS_KEY") == true,
                "\(String(describing: none))")
            for wrong in [other, old] {
                let error = server.error(server.url("&cert=\(wrong.certificate)&key=\(wrong.key)"))
                #expect(error?.code == .tls)
                #expect(
                    error?.description.contains("the server refuses the certificate of the client (") == true
                        && error?.description.contains(": \(wrong.certificate). Renew it") == true,
                    "\(String(describing: error))")
            }
        }

        @Test func `A file that cannot be used is reported with its path, its reason and its setting`() throws {
            let server = try TLSServer()
            let folder = server.authority.folder
            let client = try server.authority.sign("client")
            let other = try server.authority.sign("other")
            try server.authority.openssl(
                "ec", "-aes128", "-passout", "pass:x", "-in", client.key, "-out", folder.file("encrypted.key"))
            for (name, text) in [
                ("empty", ""), ("text", "no certificate\n"),
                ("broken", "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"),
                ("broken.key", "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n"),
            ] {
                try text.write(toFile: folder.file(name), atomically: true, encoding: .utf8)
            }
            func path(_ name: String) -> String { name.hasPrefix("/") ? name : folder.file(name) }
            for (settings, file, name, reason, setting) in [
                ("cacert=%", "certificates of the authorities", "none", "No such file or directory", "cacert"),
                ("cacert=%", "certificates of the authorities", "empty", "it has no certificate in PEM", "cacert"),
                ("cacert=%", "certificates of the authorities", "text", "it has no certificate in PEM", "cacert"),
                ("cacert=%", "certificates of the authorities", "broken", "a certificate cannot be used (", "cacert"),
                ("cacert=%", "certificates of the authorities", "/dev/zero", "larger than 4194303 bytes", "cacert"),
                ("cert=%&key=\(client.key)", "certificate of the client", "none", "No such file or directory", "cert"),
                (
                    "cert=%&key=\(client.key)", "certificate of the client", "text", "it has no certificate in PEM",
                    "cert"
                ),
                ("cert=\(client.certificate)&key=%", "key of the client", "none", "No such file or directory", "key"),
                ("cert=\(client.certificate)&key=%", "key of the client", "text", "it has no key in PEM", "key"),
                (
                    "cert=\(client.certificate)&key=%", "key of the client", "broken.key", "it has no key in PEM (",
                    "key"
                ),
                (
                    "cert=\(client.certificate)&key=%", "key of the client", "encrypted.key",
                    "the key is encrypted, and must not be", "key"
                ),
                (
                    "cert=\(client.certificate)&key=%", "key of the client", "other.key",
                    "it is not the key of the certificate \(client.certificate)", "key"
                ),
            ] {
                let url = "rediss://127.0.0.1:\(server.port)?\(settings.replacing("%", with: path(name)))"
                let error = server.error(url)
                #expect(error?.code == .tls)
                #expect(
                    error?.description.hasPrefix("cannot read the \(file): \(path(name)), \(reason)") == true
                        && error?.description.contains(". Correct the file, \(setting)= of the URL, or HYPERO_TLS_")
                            == true,
                    "\(String(describing: error))")
            }
            _ = other
        }

        @Test func `New certificates are used by the next connection, without a restart`() throws {
            let server = try TLSServer(requiresClients: true)
            let folder = server.authority.folder
            let (trusted, certificate, key) = (
                folder.file("used-ca.pem"), folder.file("used.pem"), folder.file("used.key")
            )
            let url = "rediss://127.0.0.1:\(server.port)?cacert=\(trusted)&cert=\(certificate)&key=\(key)"
            func use(_ authority: Authority, _ name: String) throws {
                let client = try authority.sign(name, names: "DNS:client")
                for (from, to) in [
                    (authority.certificate, trusted), (client.certificate, certificate), (client.key, key),
                ] {
                    try Data(contentsOf: URL(fileURLWithPath: from)).write(to: URL(fileURLWithPath: to))
                }
            }
            try use(server.authority, "first")
            var kept = try server.connect(url)
            let next = try Authority("next", in: folder)
            let new = try next.sign("new-server")
            let outcome = server.server.cli(
                "CONFIG", "SET", "tls-cert-file", new.certificate, "tls-key-file", new.key, "tls-ca-cert-file",
                next.certificate)
            #expect(outcome == "OK")
            #expect(server.error(url)?.code == .tls)
            try use(next, "second")
            #expect(server.error(url) == nil)
            var reply = try kept.call("PING")
            #expect(try reply.string() == "PONG")
        }
    }
#endif
