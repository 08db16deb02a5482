import HyperoSchema
import TestSupport
import Testing

@testable import HyperoQuery

/// The state of format 2 in `status`: the format, deletions and the commands of operators.
@Suite struct StatusKeysTests {
    /// A partition whose entries are all applied, and which an ingest owns.
    private func fixture(_ fields: KeyValuePairs<String, String> = [:]) throws -> Fixture {
        let fixture = try Fixture()
        let keys = fixture.keyspaces[0]
        fixture.write("XADD", keys.events, "1-0", "event", "x")
        fixture.write("HSET", keys.ingest, "cursor", "1-0", "entries", "1-0 1", "applied", "1", "owner", "node17:99:a")
        for (name, value) in fields { fixture.write("HSET", keys.ingest, name, value) }
        fixture.write("SET", keys.lease, "node17:99:a")
        try fixture.commit()
        return fixture
    }

    private func status(_ fixture: Fixture, now: Int64? = nil) throws -> StoreStatus {
        try Store(fixture.server.url, namespace: fixture.namespace).status(now: now)
    }

    @Test(arguments: [("2", false), ("1", false), ("3", true), ("10", true), ("0", true), ("-1", true)])
    func `A format that the program does not know needs another version of the program`(format: String, isUnknown: Bool)
        throws
    {
        let fixture = try fixture(["format": format])
        let status = try status(fixture)
        #expect(status.partitions[0].format == Int(format))
        #expect(
            status.warnings
                == (isUnknown
                    ? [
                        "the keys of \(fixture.keyspaces[0].tag) have format \(format), and this version knows formats up to 2: "
                            + "results may be wrong. Use the version of hypero-query that belongs to the ingest, or a later one"
                    ] : []))
        #expect(try fixture.query("status", "--check").ending == .exited(isUnknown ? 2 : 0))
        fixture.experiment("a-1", of: fixture.battery("net"), maxima: ["valid": "1"])
        try fixture.commit()
        let message = status.warnings.map { "hypero-query: \($0)\n" }.joined()
        for arguments in [["rank", "net"], ["experiments", "net"], ["batteries"], ["show", "a-1"]] {
            let outcome = try fixture.query(arguments[0], Array(arguments.dropFirst()))
            #expect(outcome.succeeded && outcome.stderr == message, "\(outcome)")
        }
    }

    @Test(arguments: [9_000, 11_000])
    func `Commands that are not carried out are counted, and reported after ten seconds`(age: Int64) throws {
        let fixture = try fixture(["control": "2000-0", "deleted": "7"])
        let keys = fixture.keyspaces[0]
        for id in ["1000-0", "2000-0", "3000-0", "4000-0"] {
            fixture.write("XADD", keys.control, id, "event", "delete", "experiment", "a-1")
        }
        try fixture.commit()
        let waiting = try status(fixture, now: 3_000 + age)
        #expect(waiting.partitions[0].waitingCommands == 2 && waiting.partitions[0].commandsWaitingSince == 3_000)
        #expect(waiting.partitions[0].deleted == 7)
        #expect(
            waiting.warnings
                == (age > 10_000
                    ? [
                        "2 commands of \(keys.control) are not carried out yet, the oldest for 11 s. A running hypero-ingest "
                            + "carries them out, or passes over those that have expired"
                    ] : []))
        let lines = waiting.text(as: .table, for: Display(), now: 0).split(separator: "\n")
        #expect(lines[1].hasSuffix("duplicates  deleted  stream  commands"))
        #expect(lines[2].split(separator: " ").suffix(3) == ["7", "1", "2"])
        #expect(waiting.text(as: .json, for: Display()).contains(#""commands":2,"commands_waiting_since":3000,"#))
        // Many commands are counted by the length of the stream.
        fixture.write("XTRIM", keys.control, "MINID", "2000-1")
        for number in 1...500 { fixture.write("XADD", keys.control, "5000-\(number)", "event", "delete") }
        try fixture.commit()
        #expect(try status(fixture).partitions[0].waitingCommands == 502)
        fixture.write("HSET", keys.ingest, "control", "5000-500")
        try fixture.commit()
        #expect(try status(fixture).partitions[0].waitingCommands == 0)
    }

    @Test func `Entries of deleted experiments count as read where the number of entries is unknown`() throws {
        let fixture = try fixture(["deleted": "3", "entries": "0-0 0"])
        for id in ["2-0", "3-0", "4-0", "5-0"] { fixture.write("XADD", fixture.keyspaces[0].events, id, "event", "x") }
        fixture.write("HSET", fixture.keyspaces[0].ingest, "cursor", "4-0")
        try fixture.commit()
        #expect(try status(fixture).partitions[0].backlog == 1)
    }

    @Test func `The keys of deletions that have a wrong type are named`() throws {
        let fixture = try fixture()
        let keys = fixture.keyspaces[0]
        for key in [keys.control, keys.deleted] { fixture.write("SET", key, "text") }
        try fixture.commit()
        #expect(
            try status(fixture).warnings == [
                "\(keys.control) is not a stream, so hypero-ingest delete has no effect. Rename or delete the key",
                "\(keys.deleted) is not a sorted set, so no entry is applied and nothing is deleted. Rename or delete the key",
            ])
    }

    @Test func `The commands of a control stream that has started over wait`() throws {
        let fixture = try fixture(["control": "9999999999999-0"])
        fixture.server.cli("XADD", fixture.keyspaces[0].control, "5-0", "event", "delete", "experiment", "e-1")
        #expect(try status(fixture).partitions[0].waitingCommands == 1)
    }
}
