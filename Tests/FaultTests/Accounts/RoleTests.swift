import Foundation
import HyperoRedis
import HyperoSchema
import TestSupport
import Testing

@testable import Hypero

/// Every program with the account of its role, as `hypero-ingest acl` prints it.
@Suite struct RoleTests {
    private let fixture: AccountFixture
    private let folder: TemporaryFolder

    init() throws {
        fixture = try AccountFixture()
        folder = try TemporaryFolder()
        try Data(AccountFixture.password.utf8).write(to: URL(fileURLWithPath: folder.file("password")))
    }

    private func environment(of user: String) -> [String: String] {
        [
            "HYPERO_REDIS": fixture.server.url.replacing("unix://", with: "unix://\(user)@"),
            "HYPERO_REDIS_PASSWORD": AccountFixture.password, "HYPERO_PARTITIONS": "3", "HYPERO_NAMESPACE": "lab",
        ]
    }

    private func run(
        _ program: String, _ arguments: String, as user: String, exit code: Int32 = 0,
        sourceLocation: SourceLocation = #_sourceLocation
    ) throws -> ChildProcess.Outcome {
        let words = arguments.split(separator: " ").map { String($0).replacing("_", with: " ") }
        let outcome = try ChildProcess.run(program, words, environment: environment(of: user))
        let result = "\(program) \(arguments): \(outcome)"
        #expect(outcome.ending == .exited(code), "\(result)", sourceLocation: sourceLocation)
        #expect(!result.contains(AccountFixture.password), sourceLocation: sourceLocation)
        return outcome
    }

    private func createAccounts() throws {
        for role in AccountRole.allCases {
            let line = try run(
                "hypero-ingest", "acl --role \(role.rawValue) --password-file \(folder.file("password"))", as: "default"
            )
            #expect(fixture.server.cli(line.stdout.split(whereSeparator: \.isWhitespace).map(String.init)) == "OK")
        }
        fixture.server.cli("ACL", "LOG", "RESET")
    }

    private func training(seed: UInt64) throws -> Hypero {
        var configuration = Client.Configuration(url: fixture.server.url, namespace: "lab", partitions: 3, seed: seed)
        configuration.url = fixture.url(of: "training")
        let variables = ["HYPERO_JOURNAL": folder.file("journal")]
        configuration.environment = { variables[$0] }
        configuration.notify = { #expect(!$0.contains("NOPERM") && !$0.contains(AccountFixture.password), "\($0)") }
        return Hypero(try Client(configuration))
    }

    @Test func `With the printed accounts, all programs do all their work, and the server denies nothing`() throws {
        let server = fixture.server
        // Without the message about a password that is missing.
        try createAccounts()
        let ingest = try ChildProcess(
            "hypero-ingest", ["--lease", "0.5", "--archive", folder.file("archive")],
            environment: environment(of: "ingest"))
        defer { ingest.kill() }
        var ids: [String] = []
        for seed in 1...4 {
            let hypero = try training(seed: UInt64(seed))
            let experiment = hypero.battery("net").experiment()
            #expect(experiment.recordParameter("lr", 0.1 * Double(seed)))
            experiment.log(epoch: 1, train: 0.5, valid: 0.1 * Double(seed))
            experiment.finish()
            #expect(hypero.flush(until: .applied, timeout: .seconds(60)), "\(ingest.stderr)")
            ids.append(experiment.id)
        }
        let logger = ["--no-auth-warning", "--user", "logger", "--pass", AccountFixture.password]
        for _ in 1...2 {
            #expect(server.cli(logger + ["XADD", "{lab:1}:events", "*", "event", "unknown"]).contains("-"))
        }
        #expect(eventually { server.cli("XLEN", "{lab:1}:dead") == "2" })
        // A partition without an entry would have no file in the archive.
        for partition in 0..<3 {
            let entry = ["{lab:\(partition)}:events", "*", "event", "alive", "producer", "p"]
            #expect(server.cli(logger + ["XADD"] + entry).contains("-"))
            #expect(eventually { server.cli("HEXISTS", "{lab:\(partition)}:ingest", "updated") == "1" })
        }
        let queries = [
            "batteries", "versions net", "rank net", "rank net --group lr", "experiments net --unranked",
            "show \(ids[0])", "show \(ids[1].prefix(8))", "curves net --top 2", "compare --top 2 net", "columns net",
            "export net", "status", "dead",
        ]
        for query in queries { #expect(try run("hypero-query", query, as: "query").stdout != "", "\(query)") }
        let letter = try #require(
            server.cli("XRANGE", "{lab:1}:dead", "-", "+", "COUNT", "1").split(separator: "\n").first)
        #expect(try run("hypero-ingest", "requeue \(letter)", as: "operator").stdout == "1 dead letter requeued\n")
        #expect(eventually { server.cli("XLEN", "{lab:1}:dead") == "2" })
        #expect(try run("hypero-ingest", "discard --all --yes", as: "operator").stdout == "2 dead letters discarded\n")
        #expect(
            try run("hypero-ingest", "delete \(ids[0]) --yes", as: "operator").stdout.contains("deleted 1 experiment"))
        let thinned = try run("hypero-ingest", "delete --battery net --keep-best 1 --curves-only --yes", as: "operator")
        #expect(thinned.stdout.contains("deleted the curves of 2 experiments"), "\(thinned)")
        let filtered = try run(
            "hypero-ingest", "delete --battery net --where valid_<_0.25 --yes", as: "operator")
        #expect(filtered.stdout.contains("deleted 1 experiment"))
        #expect(
            try run("hypero-ingest", "delete --battery net --yes", as: "operator").stdout.contains("deleted battery"))
        let adopted = try ChildProcess.run(
            "hypero-ingest", ["adopt", "--journal", folder.file("none")], environment: environment(of: "training"))
        #expect(!(adopted.stdout + adopted.stderr).contains(AccountFixture.password))
        ingest.terminate()
        #expect(ingest.wait() == .exited(0))
        #expect(
            !ingest.stderr.contains("NOPERM") && !ingest.stderr.contains(AccountFixture.password), "\(ingest.stderr)")
        #expect(fixture.takeDenials() == [])
        server.cli("FLUSHALL")
        let archives = try FileManager.default.contentsOfDirectory(atPath: folder.file("archive"))
        let paths = archives.map { folder.file("archive") + "/" + $0 }.joined(separator: " ")
        #expect(try run("hypero-ingest", "replay \(paths)", as: "ingest").stdout.hasPrefix("replayed "))
        #expect(fixture.takeDenials() == [])
    }

    @Test(arguments: [
        ("hypero-query", "rank net", AccountRole.query, "zrange", 4 as Int32),
        ("hypero-query", "dead", .query, "xlen", 4),
        ("hypero-ingest", "requeue --all", .operator, "xrevrange", 1),
        ("hypero-ingest", "discard --all --yes", .operator, "xrevrange", 1),
        ("hypero-ingest", "delete --battery net --yes", .operator, "zrange", 1),
        ("hypero-ingest", "delete --battery net --where lr_>_0 --yes", .operator, "zrange", 1),
        ("hypero-ingest", "run --drain", .ingest, "get", 1),
    ])
    func `A command whose account lacks a right names the role's line`(
        program: String, arguments: String, role: AccountRole, missing: String, code: Int32
    ) throws {
        try fixture.run([["XADD", "{lab:1}:dead", "*", "event", "x"], ["XADD", "{lab:1}:events", "*", "event", "x"]])
        fixture.setAccount("part", try AccountRules(role, namespace: "lab", partitions: 3).without("+\(missing)"))
        let outcome = try run(program, arguments, as: "part", exit: code)
        #expect(outcome.stderr.contains("NOPERM") && outcome.stderr.contains("'\(missing)'"), "\(outcome)")
        #expect(outcome.stderr.contains("the rights of hypero-ingest acl --role \(role.rawValue)"), "\(outcome)")
    }
}
