import HyperoIngest
import HyperoSchema
import TestSupport
import Testing

/// The account of the ingest without one of its rights.
@Suite struct IngestAccountTests {
    private let fixture: AccountFixture
    private let keyspace: Keyspace
    private let rules: AccountRules

    init() throws {
        fixture = try AccountFixture()
        keyspace = try Keyspace.all()[0]
        rules = try AccountRules(.ingest)
    }

    /// The rights that no fault-free drain of one server uses. A rebuild uses the last one.
    private static let unused = ["+cluster|slots", "+cluster|myid", "+role", "+zscan"]

    /// Adds entries that use every right: of an experiment that the previous round has begun, and of the next one.
    private func addRound(_ round: Int) throws {
        func event(_ kind: String, _ experiment: Int, _ fields: String...) -> [String] {
            ["XADD", keyspace.events, "*", "event", kind, "battery", "b", "experiment", "e-\(experiment)"] + fields
        }
        let old = round - 1
        // The previous transaction seems to be that of an ingest that was killed.
        let cursor = fixture.server.cli("HGET", keyspace.ingest, IngestField.cursor)
        if !cursor.isEmpty {
            try fixture.run([["HSET", keyspace.ingest, IngestField.unconfirmed, "0-1 \(cursor) 0"]])
        }
        let other = try Keyspace.all(partitions: 2)[1]
        try fixture.run([
            [
                "XADD", keyspace.events, "*", "event", "battery", "battery", "b", "name", "B", "version", "1",
                "description", "",
            ],
            [
                "XADD", keyspace.events, "*", "event", "battery", "battery", "c\(round)", "name", "C", "version",
                "\(round)", "description", "",
            ],
            // The best row gets worse, and the next one lacks a channel, so that a field and a member of a ranking vanish.
            event("epoch", old, "epoch", "2", "curve.valid", "0.1", "curve.test", "0.9"),
            event("end", old, "status", "done"),
            event("start", round, "host", "h"),
            event("param", round, "param.lr", "0.1"),
            event("epoch", round, "epoch", "1", "curve.valid", "0.5"),
            event("epoch", round, "epoch", "2", "curve.valid", "0.7", "curve.test", "0.6"),
            [
                "XADD", keyspace.events, "*", "event", "alive", "producer", "k3v9x2mq7d", "time",
                "\(1_700_000_000_000 + round)",
            ],
            ["XADD", keyspace.events, "*", "event", "unknown"],
            ["XADD", keyspace.control, "*", "event", "delete", "experiment", "e-\(round - 2)"],
            ["XADD", keyspace.control, "*", "event", "delete", "battery", "c\(round - 1)"],
            ["XADD", other.events, "*", "event", "unknown"],
        ])
    }

    private func drain(as user: String) async throws -> Bool {
        let ingest = try fixture.ingest(as: user)
        try ingest.start()
        return await ingest.finished()
    }

    @Test func `Without a right that the ingest needs, its log names the account's line, and else it works`()
        async throws
    {
        fixture.setAccount("whole", rules.rules)
        for round in 1...2 {
            try addRound(round)
            #expect(try await drain(as: "whole"), "\(fixture.log.take())")
        }
        #expect(fixture.takeDenials() == [])
        // The other partitions have the same rights.
        for (index, rule) in rules.rules.enumerated() where !rule.hasPrefix("~{hypero:") {
            try addRound(index + 3)
            fixture.setAccount("part", rules.without(rule))
            let hasSucceeded = try await drain(as: "part")
            let log = fixture.log.take()
            let denials = fixture.takeDenials()
            #expect(!log.contains(AccountFixture.password))
            #expect(hasSucceeded == !rules.requires(rule), "without \(rule): \(log)")
            if rules.requires(rule) {
                #expect(log.contains("NOPERM") || log.contains("permission denied"), "without \(rule): \(log)")
                #expect(log.contains(". Give the account the rights of hypero-ingest acl --role ingest"), "\(log)")
            }
            // The table has no right that the ingest does not use.
            let isUsed = rule.hasPrefix("~") || denials.contains(String(rule.dropFirst()))
            #expect(isUsed || Self.unused.contains(rule), "without \(rule)")
        }
    }
}
