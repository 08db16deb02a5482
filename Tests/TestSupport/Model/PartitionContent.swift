package import HyperoRedis
package import HyperoSchema

/// The indexes, counts and dead letters of one partition as a value, computed by the model or read from a server.
///
/// Excludes the state that depends on the run and not on the events: the ingest's cursor, owner, clock and lease.
package struct PartitionContent: Sendable, Hashable {
    /// The number of entries per outcome.
    package struct Counts: Sendable, Hashable {
        package var applied = 0
        package var duplicates = 0
        package var gaps = 0
        package var dead = 0
        package var deleted = 0

        package init(applied: Int = 0, duplicates: Int = 0, gaps: Int = 0, dead: Int = 0, deleted: Int = 0) {
            self.applied = applied
            self.duplicates = duplicates
            self.gaps = gaps
            self.dead = dead
            self.deleted = deleted
        }
    }

    /// All index keys: producers, batteries, experiments, curves, rankings, columns, tombstones.
    package var keys: [String: KeyContent]
    package var counts: Counts
    /// Stream id of an entry -> `dead.reason`.
    package var dead: [String: String]

    package init(keys: [String: KeyContent] = [:], counts: Counts = Counts(), dead: [String: String] = [:]) {
        self.keys = keys
        self.counts = counts
        self.dead = dead
    }

    /// Describes the differences from an expected content. The text is empty if the contents are equal.
    ///
    /// - Parameter limit: the maximum number of keys, and of fields per key.
    package func differences(fromExpected expected: PartitionContent, limit: Int = 8) -> String {
        var lines: [String] = []
        if counts != expected.counts { lines.append("expected \(expected.counts), found \(counts)") }
        let names = Set(keys.keys).union(expected.keys.keys).sorted()
        let differing = names.filter { keys[$0] != expected.keys[$0] }
        for name in differing.prefix(limit) {
            switch (expected.keys[name], keys[name]) {
            case (let expected?, let found?):
                lines.append("\(name)")
                lines += found.differences(fromExpected: expected, limit: limit).map { "    " + $0 }
            case (let expected?, nil): lines.append("\(name): expected \(expected), found no key")
            case (nil, let found?): lines.append("\(name): expected no key, found \(found)")
            case (nil, nil): break
            }
        }
        if differing.count > limit { lines.append("and \(differing.count - limit) more keys") }
        lines += KeyContent.hash(dead).differences(fromExpected: .hash(expected.dead), limit: limit).map {
            "dead " + $0
        }
        return lines.joined(separator: "\n")
    }
}

extension PartitionContent {
    /// Reads a partition from a server. No client may write to the partition at the same time.
    package static func read(
        from connection: inout RedisConnection, _ keyspace: Keyspace
    ) throws(RedisError) -> PartitionContent {
        var content = PartitionContent()
        let others: Set = [
            keyspace.events, keyspace.control, keyspace.dead, keyspace.ingest, keyspace.lease,
        ]
        var names: [String] = []
        for name in try keyNames(in: keyspace, over: &connection) where !others.contains(name) { names.append(name) }
        // Pipelines of 512 commands: few round trips, and bounded memory for the replies.
        for start in stride(from: 0, to: names.count, by: 512) {
            try content.readKeys(names[start..<min(start + 512, names.count)], over: &connection)
        }
        try content.readCounts(of: keyspace, over: &connection)
        try content.readDeadLetters(of: keyspace, over: &connection)
        return content
    }

    private static func keyNames(
        in keyspace: Keyspace, over connection: inout RedisConnection
    ) throws(RedisError) -> Set<String> {
        var names: Set<String> = []
        var cursor = "0"
        repeat {
            var reply = try connection.call("SCAN", cursor, "MATCH", keyspace.tag + ":*", "COUNT", "1000")
            _ = try reply.array()
            cursor = try reply.string() ?? "0"
            for name in try reply.strings() { names.insert(name ?? "") }
        } while cursor != "0"
        return names
    }

    private mutating func readKeys(
        _ names: ArraySlice<String>, over connection: inout RedisConnection
    ) throws(RedisError) {
        var writer = RESPWriter()
        for name in names { writer.command("TYPE", name) }
        try connection.send(writer)
        var types: [String] = []
        for _ in names {
            var reply = try connection.receive()
            types.append(try reply.string() ?? "")
        }
        writer.removeAll()
        for (name, type) in zip(names, types) {
            switch type {
            case "hash": writer.command("HGETALL", name)
            case "zset": writer.command("ZRANGE", name, "0", "-1", "WITHSCORES")
            default: keys[name] = .other(type)
            }
        }
        try connection.send(writer)
        for (name, type) in zip(names, types) where type == "hash" || type == "zset" {
            var reply = try connection.receive()
            let pairs = try reply.pairs()
            if type == "hash" {
                keys[name] = .hash(Dictionary(pairs.map { ($0.name, $0.value) }) { _, last in last })
            } else {
                keys[name] = .sortedSet(
                    Dictionary(pairs.map { ($0.name, Double($0.value) ?? .nan) }) { _, last in last })
            }
        }
    }

    private mutating func readCounts(
        of keyspace: Keyspace, over connection: inout RedisConnection
    ) throws(RedisError) {
        var reply = try connection.call("HGETALL", keyspace.ingest)
        for (name, value) in try reply.pairs() {
            switch name {
            case IngestField.applied: counts.applied = Int(value) ?? -1
            case IngestField.duplicates: counts.duplicates = Int(value) ?? -1
            case IngestField.gaps: counts.gaps = Int(value) ?? -1
            case IngestField.dead: counts.dead = Int(value) ?? -1
            case IngestField.deleted: counts.deleted = Int(value) ?? -1
            default: break
            }
        }
    }

    private mutating func readDeadLetters(
        of keyspace: Keyspace, over connection: inout RedisConnection
    ) throws(RedisError) {
        var start = "-"
        while true {
            var reply = try connection.call("XRANGE", keyspace.dead, start, "+", "COUNT", "1000")
            let count = try reply.array() ?? 0
            for _ in 0..<count {
                _ = try reply.array()
                start = "(" + (try reply.string() ?? "")
                // The entry itself may have fields of these names. The ingest appends its own fields at the end.
                let fields = try reply.pairs()
                let id = fields.last { $0.name == EventField.deadID }?.value ?? start
                dead[id] = fields.last { $0.name == EventField.deadReason }?.value ?? ""
            }
            guard count == 1000 else { return }
        }
    }
}
