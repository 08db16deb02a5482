import HyperoRedis
import HyperoSchema
import TestSupport
import Testing

/// Queries and the ingest with a server that is hostile or broken, and with redirects to other hosts.
@Suite struct HostileServerTests {
    /// Runs a command with at most 800 MB of address space, which is above the limit of a reply.
    private func runLimited(_ program: String, _ arguments: [String], within limit: Duration = .seconds(120)) throws
        -> ChildProcess.Outcome
    {
        try ChildProcess.run(
            "sh",
            ["-c", "ulimit -v 800000; exec \"$0\" \"$@\"", "\(ChildProcess.productsDirectory)/\(program)"] + arguments,
            within: limit)
    }

    // The trickle takes twice the timeout of 5 s.
    @Test(arguments: HostileServer.allCases.filter { $0 != .flood })
    func `A query of a hostile server ends with an error and within its memory`(behaviour: HostileServer) throws {
        let server = try behaviour.start()
        let outcome = try runLimited("hypero-query", ["batteries", "--redis", server.url])
        #expect(outcome.ending == .exited(4), "\(outcome)")
        #expect(outcome.stderr.contains(server.url), "\(outcome)")
    }

    @Test func `A query of a server that floods it with replies ends with an error`() throws {
        let server = try HostileServer.flood.start()
        let outcome = try runLimited("hypero-query", ["batteries", "--redis", server.url])
        #expect(!outcome.succeeded)
    }

    @Test(arguments: HostileServer.allCases)
    func `An ingest of a hostile server reports an error, stays within its memory, and obeys SIGTERM`(
        behaviour: HostileServer
    ) throws {
        let server = try behaviour.start()
        let ingest = try ChildProcess(
            "sh",
            [
                "-c", "ulimit -v 1500000; exec \"$0\" --redis \"$1\"",
                "\(ChildProcess.productsDirectory)/hypero-ingest", server.url,
            ])
        #expect(eventually(within: .seconds(120)) { ingest.stderr.contains("error") }, "\(ingest.stderr)")
        #expect(ingest.isRunning)
        ingest.terminate()
        #expect(ingest.wait(within: .seconds(60)) == .exited(0), "\(ingest.stderr)")
    }

    @Test(arguments: HostileServer.allCases)
    func `An adoption with a hostile server ends after its timeout`(behaviour: HostileServer) throws {
        let folder = try TemporaryFolder()
        let training = try ChildProcess.run(
            "hypero-demo",
            ["--experiments", "1", "--workers", "1", "--epochs", "1", "--redis", "unix:///nowhere/redis.sock"],
            environment: ["HYPERO_JOURNAL": folder.path])
        #expect(training.ending == .exited(75))
        let server = try behaviour.start()
        let outcome = try runLimited(
            "hypero-ingest", ["adopt", "--journal", folder.path, "--timeout", "2", "--redis", server.url])
        #expect(outcome.ending == .exited(1), "\(outcome)")
    }

    /// A server on a loopback port that redirects every command to a host which CLUSTER SLOTS does not list.
    private func redirector(to port: UInt16) throws -> FakeServer {
        try FakeServer(tcp: true) { connection in
            while let command = connection.command() {
                switch command[0] {
                case "AUTH", "CLIENT": connection.send("+OK\r\n")
                case "CLUSTER":
                    connection.send("*1\r\n*3\r\n:0\r\n:16383\r\n*3\r\n$9\r\n127.0.0.1\r\n:1\r\n$2\r\nid\r\n")
                default: connection.send("-MOVED 1 127.0.0.1:\(port)\r\n")
                }
            }
        }
    }

    @Test(arguments: [
        ["hypero-query", "batteries"], ["hypero-ingest", "--drain"], ["hypero-ingest", "requeue", "--all"],
    ])
    func `No command follows a redirect to a host that the cluster does not list`(command: [String]) throws {
        let evil = try FakeServer(tcp: true) { connection in
            while connection.command() != nil { connection.send("+OK\r\n") }
        }
        let server = try redirector(to: try #require(evil.port))
        let outcome = try ChildProcess.run(
            command[0], command.dropFirst() + ["--redis", server.url],
            environment: ["HYPERO_REDIS_PASSWORD": "topsecret"],
            within: .seconds(60))
        #expect(!outcome.succeeded, "\(outcome)")
        #expect(outcome.stderr.contains("is not followed: CLUSTER SLOTS of"), "\(outcome)")
        #expect(evil.connections == 0)
    }
}
