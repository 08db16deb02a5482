import Foundation
import HyperoSchema
import TestSupport
import Testing

@testable import HyperoQuery

/// Accounts that lack a permission: a query fails, or reports the value as unknown. It never shows zero or nothing instead.
@Suite struct PermissionTests {
    /// The queries, each with all that depends on a command of its own.
    private static var queries: [(name: String, result: (Store) throws -> String)] {
        [
            ("batteries", { try json($0.batteries()) }),
            ("rank", { try json($0.leaderboard(of: "net")) }),
            ("rank --columns", { try json($0.leaderboard(of: "net", columns: ["lr"])) }),
            ("rank --by", { try json($0.leaderboard(of: "net", by: "loss")) }),
            ("rank --best-of", { try json($0.leaderboard(of: "net", by: "valid", value: .bestOfCurve)) }),
            ("rank --status", { try json($0.leaderboard(of: "net", statuses: [.done])) }),
            ("rank without objective", { try table($0.leaderboard(of: "mute")) }),
            ("experiments", { try json($0.experiments(of: "net")) }),
            (
                "experiments --unranked",
                { try table($0.experiments(of: "net", filter: ExperimentFilter(isUnranked: true))) }
            ),
            (
                "experiments --unranked --by",
                { try table($0.experiments(of: "net", filter: ExperimentFilter(isUnranked: true, by: "loss"))) }
            ),
            ("show", { try json($0.experiment("a-1")) }),
            ("show by prefix", { try json($0.experiment("a")) }),
            ("show deleted", { try message { _ = try $0.experiment("gone-1") }($0) }),
            ("show unknown", { try message { _ = try $0.experiment("b-9") }($0) }),
            ("rank unknown", { try message { _ = try $0.leaderboard(of: "nest") }($0) }),
            ("rank unknown column", { try message { _ = try $0.leaderboard(of: "net", columns: ["lx"]) }($0) }),
            ("dead", { try json($0.deadLetters()) }),
            ("versions", { try json($0.versions(of: "net")) }),
            ("columns", { try json($0.columns(of: "net")) }),
            ("importance", { try json($0.importance(of: "net")) }),
            ("search", { try json($0.searches(of: "net")) }),
            ("search by id", { try json($0.searches(of: "s0000000a")) }),
            ("explain", { try json($0.explanation(ofTrial: "s0000000a-12")) }),
            ("groups", { try json($0.groups(of: "net", by: .fields(["lr"]))) }),
            ("curves", { try "\($0.curves(of: ["a-1"]))" }),
            ("curves --top", { try "\($0.curves(ofTop: 2, in: "net"))" }),
            ("--where", { try "\($0.experimentIDs(of: "net", where: Filter("valid > 0")))" }),
            ("rank --where", { try json($0.leaderboard(of: "net", where: Filter("lr < 1 and status = done"))) }),
            ("export", { try export($0, ExportRequest()) }),
            (
                "export --curves",
                {
                    var request = ExportRequest()
                    (request.curves, request.orderBy) = (.long, "valid")
                    return try export($0, request)
                }
            ),
            ("verify", { try json($0.verify()) }),
        ]
    }

    private static func json(_ result: some Rendering) throws -> String { result.text(as: .json, for: Display()) }

    private static func table(_ result: some Rendering) throws -> String {
        result.text(as: .table, for: Display(), now: Fixture.noon)
    }

    private static func export(_ store: Store, _ request: ExportRequest) throws -> String {
        var text = ""
        try store.export("net", request) { text += String(decoding: $0, as: UTF8.self) }
        return text
    }

    /// Returns the message of an error, except for a denial, which is thrown.
    private static func message(_ body: @escaping (Store) throws -> Void) -> (Store) throws -> String {
        { store in
            do {
                try body(store)
                return ""
            } catch let error as QueryError where error.category != .denied {
                return error.description
            }
        }
    }

    private let server: RedisServer
    private let fixture: Fixture

    init() throws {
        server = try RedisServer(appendOnly: true)
        fixture = try Fixture(on: server, namespace: "hypero")
        let keys = fixture.keyspaces[0]
        let battery = fixture.battery("net")
        fixture.experiment(
            "a-1", of: battery, maxima: ["valid": "1", "loss": "2"], params: ["lr": "0.1"],
            curve: [1: "valid=1 loss=2"])
        fixture.experiment("b-1", of: battery, curve: [1: "loss=nan"], started: Fixture.noon + 1)
        fixture.search("s0000000a", of: battery, trials: 12, sampled: 12)
        let mute = fixture.battery("mute")
        fixture.experiment("c-1", of: mute, curve: [1: "valid=nan other=3"])
        fixture.write("ZADD", keys.deleted, "1000", "gone-1")
        fixture.write("HSET", keys.space(of: battery), "lr", "uniform 0 1")
        for id in ["1000-0", "2000-0"] {
            fixture.write("XADD", keys.events, id, "event", "x")
            fixture.write("XADD", keys.control, id, "event", "delete", "experiment", "a-1")
            fixture.write("XADD", keys.dead, id, "event", "x", "dead.reason", "the reason")
        }
        fixture.write(
            "HSET", keys.ingest, "cursor", "1000-0", "control", "1000-0", "applied", "1", "dead", "2", "updated",
            "\(Fixture.noon)", "owner", "node17:99", "format", "2")
        fixture.write("SET", keys.lease, "node17:99")
        try fixture.commit()
    }

    /// The rules of the account of a role.
    static func rules(of role: AccountRole, namespace: String = "hypero") throws -> [String] {
        try AccountRules(role, namespace: namespace).rules
    }

    /// Returns a store that uses an account of some rules.
    private func store(rules: [String]) throws -> Store {
        server.cli(["ACL", "SETUSER", "look", "reset", "on", ">secret"] + rules)
        let store = try Store(server.url.replacing("unix://", with: "unix://look:secret@"))
        store.clock = { Fixture.noon }
        return store
    }

    @Test func `Without one command of the account of queries, a query has the same result or is denied`() throws {
        let rules = try Self.rules(of: .query)
        let commands = rules.filter { $0.hasPrefix("+") }
        #expect(commands.count > 10)
        let complete = try Self.queries.map { try $0.result(store(rules: rules)) }
        var denied: Set<String> = []
        for command in commands {
            let store = try store(rules: rules.filter { $0 != command })
            for (query, expected) in zip(Self.queries, complete) {
                do {
                    #expect(try query.result(store) == expected, "\(query.name) without \(command)")
                } catch let error as QueryError {
                    #expect(error.category == .denied, "\(query.name) without \(command): \(error)")
                    denied.insert(command)
                }
            }
        }
        // The table of rights says so, and the queries lack no right.
        #expect(denied == Set(AccountRole.query.rights.filter { $0.need == .required }.map { "+\($0.command)" }))
    }

    @Test func `Without one command of the account of queries, status says what is unknown and needs attention`() throws
    {
        let rules = try Self.rules(of: .query)
        let complete = try store(rules: rules).status(now: Fixture.noon)
        #expect(complete.partitions[0].deniedCommands == [])
        for command in rules where command.hasPrefix("+") {
            let name = command.dropFirst().uppercased().split(separator: "|")[0]
            let status: StoreStatus
            do {
                status = try store(rules: rules.filter { $0 != command }).status(now: Fixture.noon)
            } catch let error as QueryError {
                #expect(error.category == .denied, "\(command): \(error)")
                continue
            }
            let text = status.text(as: .table, for: Display(), now: Fixture.noon)
            switch name {
            // Optional: the standbys and the memory are unknown.
            case "CLIENT": #expect(text.contains("standbys: unknown"))
            case "INFO": #expect(text.contains("version unknown, memory unknown"))
            // Not used by status.
            case "ZRANGE", "ZSCORE", "ZCOUNT", "HMGET", "SCAN", "HSCAN", "TTL", "XREAD", "CLUSTER", "ROLE", "ASKING":
                #expect(status.partitions == complete.partitions)
            default:
                let warning = try #require(status.warnings.first { $0.hasPrefix("permission denied: ") }, "\(command)")
                #expect(warning.contains(" \(name) ") && warning.contains("unknown"), "\(warning)")
            }
        }
    }

    @Test func `Status shows unknown instead of zero for what the account must not read`() throws {
        let rules = try Self.rules(of: .query).filter {
            !["+hgetall", "+xlen", "+xinfo|stream"].contains($0)
        }
        let status = try store(rules: rules).status(now: Fixture.noon)
        let partition = status.partitions[0]
        #expect(partition.applied == nil && partition.deadLetters == nil && partition.streamLength == nil)
        #expect(partition.backlog == nil && partition.waitingCommands == nil)
        let row = try #require(
            status.text(as: .table, for: Display(), now: Fixture.noon).split(separator: "\n").first {
                $0.hasPrefix("{hypero}")
            })
        #expect(row.split(separator: " ") == ["{hypero}", "node17:99"] + Array(repeating: "unknown", count: 10))
        #expect(status.text(as: .json, for: Display()).contains(#""behind":null,"waiting_since":null,"applied":null,"#))
        #expect(status.text(as: .csv, for: Display()).contains("\r\n{hypero},,,,,,,,"))
        let outcome = try ChildProcess.run(
            "hypero-query", ["status", "--check"],
            environment: ["HYPERO_REDIS": server.url.replacing("unix://", with: "unix://look:secret@")])
        #expect(outcome.ending == .exited(2))
    }

    @Test func `The account of the ingest gets no wrong answer, and that of an operator all answers`() throws {
        let operating = try store(rules: Self.rules(of: .operator))
        #expect(try operating.leaderboard(of: "net").rows.count == 1)
        #expect(try operating.status(now: Fixture.noon).partitions[0].deniedCommands == [])
        // The account of the ingest has no ZCARD.
        let store = try store(rules: Self.rules(of: .ingest))
        #expect(throws: QueryError.self) { try store.leaderboard(of: "net") }
        #expect(throws: QueryError.self) { try store.experiments(of: "net") }
        let status = try store.status(now: Fixture.noon)
        #expect(status.warnings.contains { $0.hasPrefix("permission denied: ") })
        let outcome = try ChildProcess.run(
            "hypero-query", ["rank", "net"],
            environment: ["HYPERO_REDIS": server.url.replacing("unix://", with: "unix://look:secret@")])
        #expect(outcome.ending == .exited(4) && outcome.stdout == "")
        #expect(outcome.stderr.hasPrefix("hypero-query: permission denied: "), "\(outcome.stderr)")
    }

    @Test func `A partition that --partitions names and the account must not read is an error`() throws {
        let divided = try Fixture(partitions: 2, on: server, namespace: "lab")
        divided.battery("net")
        try divided.commit()
        server.cli("ACL", "SETUSER", "half", "on", ">secret", "%R~{lab:0}:*", "+@read", "+info")
        let url = server.url.replacing("unix://", with: "unix://half:secret@")
        #expect(throws: QueryError.self) { try Store(url, namespace: "lab", partitions: 2).batteries() }
        #expect(try Store(url, namespace: "lab").batteries().batteries.count == 1)
    }
}
