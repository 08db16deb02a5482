import HyperoCore
import TestSupport
import Testing

/// The standbys in `hypero-query status`.
@Suite struct StandbyTests {
    private func standbys(_ fixture: CommandFixture, _ options: String...) throws -> String? {
        let outcome = try ChildProcess.run("hypero-query", ["status", "--redis", fixture.server.url] + options)
        return outcome.stdout.split(separator: "\n").first { $0.hasPrefix("standbys: ") }.map(String.init)
    }

    @Test(arguments: [1, 3])
    func `A standby is listed with its host and process until it takes over`(partitions: Int) throws {
        let fixture = try CommandFixture()
        // A lease that does not expire on a busy machine. An owner that ends releases it.
        let options = ["--redis", fixture.server.url, "--lease", "30", "--partitions", "\(partitions)"]
        let owner = try ChildProcess("hypero-ingest", options)
        let host = HostIdentity.hostName ?? "unknown"
        func status() throws -> String {
            try ChildProcess.run("hypero-query", ["status", "--format", "json", "--redis", fixture.server.url]).stdout
        }
        #expect(
            try eventually { try status().matches(of: Regex("\"owner\":\"\(host):\(owner.pid):")).count == partitions })
        #expect(try standbys(fixture) == "standbys: none")
        let standby = try ChildProcess("hypero-ingest", options)
        #expect(try eventually { try standbys(fixture) == "standbys: \(host):\(standby.pid)" })
        #expect(try status().matches(of: /"standbys":\["[^"]*"\]/).count == partitions)
        owner.terminate()
        #expect(owner.wait() == .exited(0))
        #expect(
            try eventually {
                let status = try ChildProcess.run("hypero-query", ["status", "--redis", fixture.server.url])
                return status.stdout.contains("\(host):\(standby.pid):") && status.stdout.contains("standbys: none\n")
            })
    }

    @Test func `Standbys are unknown to an account that must not list connections, or if the ingest has no name`()
        throws
    {
        let fixture = try CommandFixture()
        let everything = ["~*", "&*", "+@all"]
        fixture.server.cli(["ACL", "SETUSER", "nolist", "on", ">secret"] + everything + ["-client|list"])
        fixture.server.cli(["ACL", "SETUSER", "noname", "on", ">secret"] + everything + ["-client|setname"])
        let password = ["HYPERO_REDIS_PASSWORD": "secret"]
        func url(_ user: String) -> String { fixture.server.url.replacing("unix://", with: "unix://\(user)@") }
        let ingest = try ChildProcess(
            "hypero-ingest", ["--redis", url("noname"), "--lease", "0.5"], environment: password)
        #expect(try eventually { try standbys(fixture) == "standbys: unknown" })
        ingest.terminate()
        #expect(ingest.wait() == .exited(0))
        #expect(try eventually { try standbys(fixture) == "standbys: none" })
        let denied = try ChildProcess.run("hypero-query", ["status", "--redis", url("nolist")], environment: password)
        #expect(denied.succeeded && denied.stdout.contains("standbys: unknown\n"))
    }

    @Test func `After a change to fewer partitions, status has no problem once their entries are applied`() throws {
        let server = try RedisServer()
        for tag in ["{hypero:0}", "{hypero:2}"] { server.cli("XADD", "\(tag):events", "*", "event", "alive") }
        let drain = try ChildProcess.run("hypero-ingest", ["--redis", server.url, "--partitions", "3", "--drain"])
        #expect(drain.succeeded, "\(drain.stderr)")
        server.cli("DEL", "{hypero:0}:dead", "{hypero:2}:dead")
        let ingest = try ChildProcess("hypero-ingest", ["--redis", server.url, "--partitions", "2"])
        defer { ingest.kill() }
        var check: ChildProcess.Outcome?
        #expect(
            eventually {
                check = try? ChildProcess.run("hypero-query", ["status", "--check", "--redis", server.url])
                return check?.ending == .exited(0)
            }, "\(String(describing: check))")
        let status = try ChildProcess.run("hypero-query", ["status", "--redis", server.url])
        #expect(status.stdout.contains(/\{hypero:2\} +at rest/), "\(status.stdout)")
    }
}
