import HyperoRedis
import HyperoSchema
import TestSupport
import Testing

@testable import HyperoQuery

@Suite struct StatusCommandTests {
    private func status(_ fixture: Fixture, partitions: Int? = nil, now: Int64? = nil) throws -> StoreStatus {
        try Store(fixture.server.url, namespace: fixture.namespace, partitions: partitions).status(now: now)
    }

    private func ingest(_ fixture: Fixture, cursor: String, applied: Int, dead: Int = 0, duplicates: Int = 0) {
        let keys = fixture.keyspaces[0]
        fixture.write(
            "HSET", keys.ingest, "cursor", cursor, "applied", "\(applied)", "duplicates", "\(duplicates)", "gaps", "0",
            "dead", "\(dead)", "owner", "node17:99", "updated", "\(Fixture.noon)")
        fixture.write("SET", keys.lease, "node17:99")
    }

    @Test func `A healthy system has no warnings`() throws {
        let fixture = try Fixture()
        for id in ["1000-0", "2000-0"] { fixture.write("XADD", fixture.keyspaces[0].events, id, "event", "x") }
        ingest(fixture, cursor: "2000-0", applied: 5, duplicates: 1)
        try fixture.commit()
        let status = try status(fixture)
        #expect(status.warnings == [])
        let partition = try #require(status.partitions.first)
        #expect(
            partition.streamLength == 2 && partition.backlog == 0 && partition.applied == 5 && partition.duplicates == 1
        )
        #expect(partition.lease == .held(by: "node17:99"))
        let text = status.text(as: .table, for: Display(), now: Fixture.noon + 3_000)
        let lines = text.split(separator: "\n", omittingEmptySubsequences: false)
        #expect(lines[0].hasPrefix("\(fixture.server.url)  Redis 7.") || lines[0].contains("Valkey"))
        #expect(
            lines[2...].joined(separator: "\n") == """
                partition  owner      behind  dead  missed  last applied  applied  gaps  duplicates  deleted  stream  commands
                \(fixture.keyspaces[0].tag)\(String(repeating: " ", count: 11 - fixture.keyspaces[0].tag.count))\
                node17:99       0     0       0       3 s ago        5     0           1        0       2         0
                standbys: unknown

                """)
        // A narrow terminal shows the most important columns and the number of hidden columns.
        let narrow = status.text(
            as: .table, for: Display(isTerminal: true, width: 40), advice: [.hiddenColumns: "widen the terminal"],
            now: Fixture.noon)
        #expect(narrow.contains("owner") && narrow.contains("behind") && narrow.contains("dead"))
        #expect(narrow.contains("columns hidden: "))
    }

    @Test func `The table has the number of connections that a server has refused`() {
        for (info, text) in [
            (
                "rejected_connections:13\r\nmaxclients:10\r\n",
                ", 13 connections refused since its start (maxclients 10)\n"
            ),
            ("rejected_connections:2\r\n", ", 2 connections refused since its start (maxclients)\n"),
            ("rejected_connections:0\r\nmaxclients:10\r\n", ", memory unknown\n"),
        ] {
            let status = StoreStatus(
                servers: [ServerStatus(url: "redis://db:6379", info: info)], partitions: [], warnings: [])
            let table = status.text(as: .table, for: Display(), now: 0)
            #expect(table.contains(text), "\(table)")
        }
    }

    @Test(arguments: [9_000, 11_000])
    func `The backlog is computed from the number of entries added, and is reported after ten seconds`(age: Int64)
        throws
    {
        let fixture = try Fixture()
        let keys = fixture.keyspaces[0]
        for id in ["1000-0", "2000-0", "3000-0", "4000-0"] { fixture.write("XADD", keys.events, id, "event", "x") }
        fixture.write("XDEL", keys.events, "1000-0")
        ingest(fixture, cursor: "2000-0", applied: 1, duplicates: 1)
        try fixture.commit()
        let status = try status(fixture, now: 3_000 + age)
        #expect(status.partitions[0].backlog == 2)
        #expect(status.partitions[0].waitingSince == 3_000)
        #expect(
            status.warnings
                == (age > 10_000 ? ["2 entries of \(keys.tag):events not applied yet, the oldest for 11 s"] : []))
    }

    @Test func `The backlog of a restored stream is not negative`() throws {
        let fixture = try Fixture()
        fixture.write("XADD", fixture.keyspaces[0].events, "5000-0", "event", "x")
        ingest(fixture, cursor: "4000-0", applied: 1_000_000)
        try fixture.commit()
        #expect(try status(fixture, now: 5_000).partitions[0].backlog == 1)
    }

    @Test(
        arguments: [
            (nil, 3, nil, [0], 0), ("5-0", 3, "5-0", [0], 0), ("5-0", 9, "4-0", [4, 3, 1], 1),
            ("5-0", 2, "4-0", [9], 0), ("5-0", nil, "4-0", [9], nil), ("5-0", nil, "6-0", [9], 0),
            ("5-0", Int.min, "4-0", [Int.max], 1),
        ] as [(String?, Int?, String?, [Int], Int?)])
    func `The backlog follows from the stream's counts and the cursor`(
        last: String?, added: Int?, cursor: String?, consumed: [Int], backlog: Int?
    ) {
        var info = StreamInfo()
        info.lastID = last.flatMap { StreamID($0) }
        info.entriesAdded = added
        #expect(info.backlog(after: cursor.flatMap { StreamID($0) }, consumed: consumed) == backlog)
    }

    @Test func `Warnings report dead letters, partitions without an owner, and another number of partitions`() throws {
        let fixture = try Fixture(partitions: 2)
        let first = fixture.keyspaces[0]
        let undivided = try Keyspace.all(namespace: fixture.namespace)[0]
        ingest(fixture, cursor: "0-0", applied: 0, dead: 1)
        fixture.write("XADD", first.dead, "*", "event", "x", "dead.reason", "unknown\u{1B}[2J event", "dead.id", "1-0")
        fixture.write("XADD", undivided.events, "*", "event", "x")
        try fixture.commit()
        let explicit = try status(fixture, partitions: 2)
        #expect(
            explicit.warnings == [
                "1 entry of \(first.tag):events could not be applied, latest reason: unknown\u{FFFD}[2J event. "
                    + "hypero-query dead lists these dead letters, hypero-ingest requeue sends them again, and hypero-ingest "
                    + "discard removes them",
                "no ingest owns \(fixture.keyspaces[1].tag), so no entry is applied. Start hypero-ingest, or read its log if it runs",
                "1 entry of \(undivided.tag):events not applied yet: a client logs with another number of partitions. A "
                    + "running hypero-ingest applies them within a minute",
            ])
        let discovered = try status(fixture)
        #expect(discovered.partitions.map(\.tag) == [undivided.tag, first.tag])
        #expect(discovered.warnings == [explicit.warnings[0], explicit.warnings[2]])
        #expect(
            try fixture.query("status").stdout.contains("\nwarning: 1 entry of \(undivided.tag):events not applied"))
        // Without an owner it is not known which number is the present one.
        fixture.write("DEL", first.lease)
        try fixture.commit()
        #expect(
            try status(fixture).warnings.contains {
                $0.hasPrefix(
                    "\(undivided.tag), the keys of a deployment with one partition, exists beside \(first.tag), the keys of"
                )
            })
    }

    @Test(arguments: [nil, "2", "9999999", "x"])
    func `Partitions beyond the number that their owners have recorded are at rest`(recorded: String?) throws {
        let server = try RedisServer()
        let keyspaces = try Keyspace.all(partitions: 3)
        for (index, keyspace) in keyspaces.enumerated() {
            let id = server.cli("XADD", keyspace.events, "*", "event", "x")
            server.cli("HSET", keyspace.ingest, "cursor", id, "entries", "\(id) 1", "applied", "1")
            guard index < 2 else { continue }
            server.cli("SET", keyspace.lease, "ingest-1")
            if let recorded { server.cli("HSET", keyspace.ingest, IngestField.partitions, recorded) }
        }
        let status = try Store(server.url).status()
        #expect(status.partitions.map(\.isAtRest) == [false, false, recorded == "2"])
        #expect(status.warnings.contains { $0.hasPrefix("no ingest owns {hypero:2}") } == (recorded != "2"))
        guard recorded == "2" else { return }
        #expect(status.warnings == [])
        server.cli("XADD", keyspaces[2].events, "*", "event", "x")
        #expect(try Store(server.url).status().warnings.count == 1)
    }

    @Test(arguments: [(from: 1, to: 2), (from: 2, to: 1)])
    func `The partitions before a change of their number cause no warning once their entries are applied`(
        change: (from: Int, to: Int)
    ) throws {
        let server = try RedisServer()
        let old = try Keyspace.all(partitions: change.from)
        let new = try Keyspace.all(partitions: change.to)
        for keyspace in old + new {
            let id = server.cli("XADD", keyspace.events, "*", "event", "x")
            server.cli("HSET", keyspace.ingest, "cursor", id, "entries", "\(id) 1", "applied", "1")
            server.cli("ZADD", keyspace.batteries, "1", "b")
        }
        for keyspace in new { server.cli("SET", keyspace.lease, "ingest-1") }
        for partitions in [nil, change.to] {
            let store = try Store(server.url, partitions: partitions)
            #expect(try store.status().warnings == [])
            let id = server.cli("XADD", old[0].events, "*", "event", "x")
            #expect(
                try store.status().warnings == [
                    "1 entry of \(old[0].tag):events not applied yet: a client logs with another number of partitions. A "
                        + "running hypero-ingest applies them within a minute"
                ])
            server.cli("XDEL", old[0].events, id)
            server.cli("HSET", old[0].ingest, "cursor", id, "entries", "\(id) 2")
        }
        for keyspace in new { server.cli("DEL", keyspace.lease) }
        #expect(try Store(server.url).status().warnings.contains { $0.hasPrefix("no ingest owns") })
    }

    @Test func `Warnings report server settings that lose data`() throws {
        let server = try RedisServer(
            appendOnly: false, configuration: ["maxmemory 1100000", "maxmemory-policy allkeys-lru"])
        let status = try Store(server.url).status()
        #expect(status.warnings.count == 4)
        #expect(status.warnings[0].contains("maxmemory-policy allkeys-lru"))
        #expect(status.warnings[1].contains("has no append-only file"))
        #expect(status.warnings[2].contains("nearly all its memory"))
        #expect(status.warnings[3].hasPrefix("no ingest owns {hypero}"))
    }

    @Test func `The status of an account with few permissions leaves unreadable values unknown`() throws {
        let server = try RedisServer()
        let fixture = try Fixture(on: server)
        let battery = fixture.battery("net")
        fixture.experiment("a-1", of: battery, maxima: ["valid": "1"])
        fixture.write("XADD", fixture.keyspaces[0].events, "1-0", "event", "x")
        ingest(fixture, cursor: "1-0", applied: 1)
        try fixture.commit()
        server.cli(
            "ACL", "SETUSER", "reader", "on", ">secret", "~{\(fixture.namespace)}:*", "+@read", "-get")
        let url = server.url.replacing("unix://", with: "unix://reader:secret@")
        let store = try Store(url, namespace: fixture.namespace)
        #expect(try store.leaderboard(of: "net").rows.map(\.value) == [1])
        let status = try store.status()
        #expect(
            status.warnings == [
                "permission denied: the account must not run GET \(fixture.keyspaces[0].lease). These values are unknown, and so "
                    + "is whether they need attention. Give the account the rights of hypero-ingest acl --role query"
            ])
        #expect(status.partitions[0].lease == .unknown)
        #expect(status.servers[0].version == nil)
        let text = status.text(as: .table, for: Display())
        #expect(text.contains("version unknown, memory unknown"))
        #expect(text.contains("  unknown  "))
    }
}
