#if TLS
    import Foundation
    import Glibc
    import HyperoCore
    import HyperoRedis
    import HyperoSchema
    import TestSupport
    import Testing

    @testable import Hypero

    /// Trainings, the ingest and queries by TLS.
    @Suite(.serialized) struct TrainingTests {
        private static func connect(
            _ server: TLSServer, _ folder: TemporaryFolder, _ url: String? = nil, exitTimeout: Int = 2
        ) throws -> Hypero {
            var configuration = Client.Configuration(url: url ?? server.url, seed: 7)
            let variables = ["HYPERO_JOURNAL": folder.file("journal"), "HYPERO_EXIT_TIMEOUT": "\(exitTimeout)"]
            configuration.environment = { variables[$0] }
            configuration.notify = { _ in }
            return Hypero(try Client(configuration))
        }

        /// Sends all events, and returns whether that has succeeded.
        private static func send(_ hypero: Hypero) -> Bool { hypero.flush(until: .sent, timeout: .seconds(60)) }

        private static func events(_ server: TLSServer) -> Int {
            Int(server.server.cli("XLEN", "{hypero}:events")) ?? -1
        }

        @Test func `The demo, the ingest and queries work by TLS, with the settings in the environment`() throws {
            let server = try TLSServer(requiresClients: true, appendOnly: true)
            let client = try server.authority.sign("client", names: "DNS:client")
            let environment = [
                "HYPERO_REDIS": "rediss://localhost:\(server.port)", "HYPERO_TLS_CACERT": server.authority.certificate,
                "HYPERO_TLS_CERT": client.certificate, "HYPERO_TLS_KEY": client.key,
            ]
            for (program, arguments) in [
                ("hypero-demo", ["--experiments", "2", "--workers", "1", "--epochs", "2"]),
                ("hypero-ingest", ["--drain"]),
                ("hypero-query", ["rank", "digits mlp"]), ("hypero-query", ["status"]), ("hypero-query", ["verify"]),
                ("hypero-ingest", ["acl", "--check", "--role", "query"]),
            ] {
                let outcome = try ChildProcess.run(program, arguments, environment: environment)
                #expect(outcome.succeeded, "\(program) \(arguments): \(outcome.stdout)\n\(outcome.stderr)")
            }
            let refused = try ChildProcess.run(
                "hypero-query", ["status", "--redis", "rediss://localhost:\(server.port)"])
            #expect(
                refused.stderr.hasPrefix("hypero-query: Redis is not reachable: cannot connect to rediss://localhost:"))
            #expect(refused.stderr.contains("is of an unknown authority"), "\(refused.stderr)")
            #expect(
                refused.stderr.hasSuffix("Without it, the authorities of the system are accepted\n"),
                "\(refused.stderr)")
        }

        @Test func `Events of a time without server arrive after its restart, and the log call does not wait`() throws {
            let server = try TLSServer(appendOnly: true)
            let folder = try TemporaryFolder()
            let hypero = try Self.connect(server, folder)
            let experiment = hypero.battery("tls").experiment()
            experiment.log(epoch: 1, valid: 0.5)
            #expect(Self.send(hypero))
            server.server.kill()
            for epoch in 2...1_000 { experiment.log(epoch: epoch, valid: 0.5) }
            try server.server.restart()
            experiment.finish()
            #expect(Self.send(hypero))
            // The server has lost some of the first events, and the client sends them again.
            let drained = try ChildProcess.run("hypero-ingest", ["--drain", "--redis", server.url])
            #expect(drained.succeeded, "\(drained.stderr)")
            #expect(server.server.cli("HLEN", "{hypero}:experiment:\(experiment.id):curve") == "1000")
        }

        @Test func `A process that ends without close still connects and sends its events by TLS`() async {
            await #expect(processExitsWith: .success) {
                let server = try TLSServer()
                let folder = try TemporaryFolder()
                let (isConnected, isSuspended, isEnding) = (try ForkSignal(), try ForkSignal(), try ForkSignal())
                let child = Fork.child {
                    // Initializes OpenSSL, whose own handler of exit would free what the thread of the second client needs.
                    guard let first = try? Self.connect(server, folder) else { return false }
                    let experiment = first.battery("tls").experiment()
                    guard Self.send(first) else { return false }
                    isConnected.send()
                    _ = isSuspended.wait()
                    guard let second = try? Self.connect(server, folder, exitTimeout: 60) else { return false }
                    let other = second.battery("tls").experiment()
                    for epoch in 1...5_000 { other.log(epoch: epoch, valid: 0.5) }
                    isEnding.send()
                    return withExtendedLifetime(experiment) { Fork.exitSelf() }
                }
                #expect(isConnected.wait() == 1)
                server.server.suspend()
                isSuspended.send()
                #expect(isEnding.wait() == 1)
                server.server.resume()
                #expect(Fork.wait(for: child, seconds: 60) == 0)
                #expect(Self.events(server) == 2 + 5_002)
            }
        }

        @Test func `A process in which another library uses OpenSSL ends well while its client connects`() async {
            await #expect(processExitsWith: .success) {
                let server = try TLSServer()
                let folder = try TemporaryFolder()
                let port = try SocketAddress.freePort()
                let listener = try SocketAddress.loopback(port).listen()
                let (isShakingHands, isEnding, isAnswered) = (try ForkSignal(), try ForkSignal(), try ForkSignal())
                let child = Fork.child {
                    // The handlers of exit run in reverse order: that of hypero, that of OpenSSL, and this one, during which the thread
                    // of the client would go on with its handshake.
                    typealias Initialize = @convention(c) (UInt64, OpaquePointer?) -> CInt
                    guard let symbol = dlsym(nil, "OPENSSL_init_ssl") else { return false }
                    let initialize = unsafeBitCast(symbol, to: Initialize.self)
                    Self.atLast = {
                        // OpenSSL has ended.
                        if initialize(0, nil) != 0 { _exit(3) }
                        isEnding.send()
                        _ = isAnswered.wait()
                        usleep(300_000)
                    }
                    atexit { Self.atLast() }
                    guard initialize(0, nil) == 1 else { return false }
                    let url = "rediss://127.0.0.1:\(port)?cacert=\(server.authority.certificate)"
                    guard let hypero = try? Self.connect(server, folder, url, exitTimeout: 0) else { return false }
                    let experiment = hypero.battery("tls").experiment()
                    guard isShakingHands.wait() == 1 else { return false }
                    return withExtendedLifetime(experiment) { Fork.exitSelf() }
                }
                var arrival = pollfd(fd: listener, events: Int16(POLLIN), revents: 0)
                #expect(poll(&arrival, 1, 60_000) == 1)
                let client = accept(listener, nil, nil)
                defer { for descriptor in [client, listener] { close(descriptor) } }
                // The first message of the client, which gets the answer of the server after OpenSSL has ended.
                var message = [UInt8](repeating: 0, count: 64 << 10)
                let sent = recv(client, &message, message.count, 0)
                try #require(sent > 0)
                isShakingHands.send()
                #expect(isEnding.wait() == 1)
                let relay = try #require(SocketAddress.loopback(server.port).connect())
                defer { close(relay) }
                _ = Glibc.send(relay, message, sent, Int32(MSG_NOSIGNAL))
                arrival = pollfd(fd: relay, events: Int16(POLLIN), revents: 0)
                #expect(poll(&arrival, 1, 60_000) == 1)
                let answered = recv(relay, &message, message.count, 0)
                #expect(answered > 0 && Glibc.send(client, message, answered, Int32(MSG_NOSIGNAL)) == answered)
                isAnswered.send()
                #expect(Fork.wait(for: child, seconds: 60) == 0)
                // The client has not gone on.
                #expect(recv(client, &message, message.count, Int32(MSG_DONTWAIT)) <= 0)
            }
        }

        /// The last of the handlers of exit.
        private nonisolated(unsafe) static var atLast: () -> Void = {}

        @Test func `A training that forks sends the events of parent and child, each by its own connection`() async {
            await #expect(processExitsWith: .success) {
                let server = try TLSServer()
                let folder = try TemporaryFolder()
                let training = Fork.child {
                    guard let hypero = try? Self.connect(server, folder) else { return false }
                    let experiment = hypero.battery("tls").experiment()
                    experiment.log(epoch: 1, valid: 0.5)
                    guard Self.send(hypero) else { return false }
                    for round in 1...3 {
                        let child = Fork.child {
                            let own = hypero.battery("tls").experiment()
                            own.log(epoch: round, valid: 0.5)
                            return Self.send(hypero)
                        }
                        experiment.log(epoch: 1 + round, valid: 0.5)
                        guard Fork.wait(for: child, seconds: 60) == 0, Self.send(hypero) else {
                            return false
                        }
                    }
                    return Self.send(hypero)
                }
                #expect(Fork.wait(for: training, seconds: 120) == 0)
                // Declaration, start and four epochs; declaration, start and one epoch of each child.
                #expect(Self.events(server) == 6 + 3 * 3)
            }
        }

        @Test func `The primary of sentinels is found by TLS`() throws {
            let server = try TLSServer(configuration: ["tls-replication yes"])
            let port = try SocketAddress.freePort()
            let own = try server.authority.sign("sentinel")
            let sentinel = try Sentinel(
                watching: server.port,
                configuration: TLSServer.lines(
                    port: port, certificate: own.certificate, key: own.key, authority: server.authority.certificate)
                    + ["tls-replication yes"])
            let folder = try TemporaryFolder()
            let hypero = try Self.connect(
                server, folder, "rediss+sentinel://127.0.0.1:\(port)/main?cacert=\(server.authority.certificate)")
            hypero.battery("tls").experiment().finish()
            #expect(Self.send(hypero))
            #expect(Self.events(server) == 3)
            // A sentinel as a server.
            let query = try ChildProcess.run(
                "hypero-query",
                ["status", "--redis", "rediss://127.0.0.1:\(port)?cacert=\(server.authority.certificate)"])
            #expect(query.stderr.contains("Give rediss+sentinel://127.0.0.1:\(port)/"), "\(query.stderr)")
            sentinel.kill()
        }

        @Test func `The nodes of a cluster are found by TLS, and their certificates checked`() throws {
            let authority = try Authority()
            // The certificate of the owner of the slot does not have the address that the other node names.
            let nodes = try ["DNS:nodes", "IP:127.0.0.1,DNS:nodes"].map {
                try TLSServer(
                    authority, names: $0,
                    configuration: [
                        "cluster-enabled yes", "tls-cluster yes", "tls-replication yes", "cluster-node-timeout 5000",
                    ])
            }
            nodes[0].server.cli("CLUSTER", "ADDSLOTSRANGE", "0", "16382")
            nodes[1].server.cli("CLUSTER", "ADDSLOTSRANGE", "16383", "16383")
            nodes[1].server.cli("CLUSTER", "SET-CONFIG-EPOCH", "2")
            nodes[0].server.cli("CLUSTER", "MEET", "127.0.0.1", "\(nodes[1].port)")
            let isReady = eventually(within: .seconds(30)) {
                nodes.allSatisfy { $0.server.cli("CLUSTER", "INFO").contains("cluster_state:ok") }
            }
            try #require(isReady, "\(nodes[0].server.log)")
            let folder = try TemporaryFolder()
            for node in nodes {
                let hypero = try Self.connect(node, folder, node.url("&server-name=nodes"))
                hypero.battery("tls").experiment().finish()
                #expect(Self.send(hypero))
            }
            #expect(Self.events(nodes[0]) == 6)
            var topology = Topology(seed: try RedisURL(nodes[1].url))
            var connection = try topology.open(for: .writing, name: "test")
            let reply = try connection.call("XLEN", "{hypero}:events")
            let error = try #require(reply.error)
            let isFollowed = topology.follow(connection.verified(error))
            #expect(isFollowed)
            do {
                _ = try topology.open(for: .writing, name: "test")
                Issue.record("a node without its address in its certificate is used")
            } catch {
                #expect(error.code == .tls && error.description.contains("is not for '127.0.0.1'"), "\(error)")
            }
        }
    }
#endif
