import HyperoCore
import HyperoRedis
import HyperoSchema

extension Store {
    /// The number of SCAN commands after which a search gives up: 100,000 of them visit 10^9 keys. A server that never ends a
    /// scan would otherwise keep the query forever.
    private static let maxScans = 100_000
    /// The number of matches from which a prefix is ambiguous and a message has enough examples.
    private static let enoughMatches = 6
    private static let maxSuggested = 1_000

    /// Returns, for each prefix, the only experiment whose id has it, and its partition.
    ///
    /// One search for all prefixes: a SCAN over all keys of each partition, 10,000 keys per round trip. It ends early when one of
    /// the prefixes has six matches.
    ///
    /// - Throws: ``QueryError/Code/ambiguousExperiment(_:matches:)``, ``QueryError/Code/experimentNotFound(_:suggestion:)`` or
    ///   ``QueryError/Code/experimentDeleted(_:time:)`` for the first prefix without exactly one match.
    func complete(
        _ prefixes: [ExperimentID], in partitions: [Keyspace], warnings: inout [String]
    ) throws(QueryError) -> [(id: ExperimentID, keyspace: Keyspace)] {
        var matches = Array(repeating: [ExperimentID: Keyspace](), count: prefixes.count)
        try scan(for: Self.commonPrefix(of: prefixes), in: partitions, warnings: &warnings) { id, keyspace in
            for (index, prefix) in prefixes.enumerated() where id.text.hasPrefix(prefix.text) {
                matches[index][id] = keyspace
            }
            return matches.contains { $0.count >= Self.enoughMatches }
        }
        // A search that ended early knows too little of the other prefixes.
        for (prefix, matches) in zip(prefixes, matches) where matches.count > 1 {
            throw QueryError(
                .ambiguousExperiment(prefix.text, matches: matches.keys.map(\.text).sorted()), warnings: warnings)
        }
        var completed: [(id: ExperimentID, keyspace: Keyspace)] = []
        for (prefix, matches) in zip(prefixes, matches) {
            guard let match = matches.first else { throw try notFound(prefix, in: partitions, warnings: &warnings) }
            completed.append((match.key, match.value))
        }
        return completed
    }

    /// Returns the error for an id that was not found, or was deleted. Suggestions are selected from the ids that begin with
    /// the first half of it.
    func notFound(
        _ id: ExperimentID, in partitions: [Keyspace], warnings: inout [String]
    ) throws(QueryError) -> QueryError {
        var pipeline = CommandPipeline()
        let deletions = partitions.map {
            pipeline.append("ZSCORE", $0.deleted, id.text, in: $0, as: .string)
        }
        try connections.run(pipeline)
        for deletion in deletions {
            guard let time = try deletion.valueIfAvailable().flatMap(\.self).flatMap({ Double($0) }) else { continue }
            return QueryError(
                .experimentDeleted(id.text, time: Int64(exactly: time.rounded()) ?? 0), warnings: warnings)
        }
        var names: Set<String> = []
        try scan(for: String(id.text.prefix((id.text.utf8.count + 1) / 2)), in: partitions, warnings: &warnings) {
            id, _ in
            names.insert(id.text)
            return names.count >= Self.maxSuggested
        }
        return QueryError(
            .experimentNotFound(id.text, suggestion: Suggestion(for: id.text, among: names.sorted())),
            warnings: warnings)
    }

    /// Returns the longest text that all ids begin with.
    private static func commonPrefix(of ids: [ExperimentID]) -> String {
        guard let first = ids.first else { return "" }
        return ids.dropFirst().reduce(first.text) { common, id in
            String(zip(common, id.text).prefix { $0 == $1 }.map(\.0))
        }
    }

    /// Finds the experiments whose ids have a prefix.
    ///
    /// Uses SCAN MATCH over all keys, because a battery's list of experiments is sorted by time and would have to be
    /// read completely. An id contains no special character of a pattern.
    ///
    /// - Parameters:
    ///   - end: the time at which the search ends; nil for never. A reply that is awaited then is still taken.
    ///   - found: called with each experiment, possibly more than once; returns true to end the search.
    func scan(
        for prefix: String, in partitions: [Keyspace], until end: MonotonicTime? = nil, warnings: inout [String],
        found: (ExperimentID, Keyspace) -> Bool
    ) throws(QueryError) {
        for keyspace in partitions {
            let idStart = keyspace.experimentPrefix.utf8.count
            var cursor = "0"
            for count in 1... {
                guard count <= Self.maxScans else {
                    throw QueryError(
                        .notReady(reason: "the server has not ended a SCAN after \(Self.maxScans) commands"))
                }
                var pipeline = CommandPipeline()
                let reply = pipeline.append(
                    "SCAN", cursor, "MATCH", keyspace.experimentPrefix + prefix + "*", "COUNT", "10000", in: keyspace,
                    as: .scan)
                try connections.run(pipeline)
                // Without SCAN it is not known whether an id with this prefix exists.
                if let refusal = reply.refusal { throw refusal }
                let page = try reply.value(or: ScanReply(cursor: "0", keys: []), warnings: &warnings)
                for key in page.keys {
                    // nil for the key of a curve, which contains a colon after the id.
                    let text = String(decoding: key.utf8.dropFirst(idStart), as: UTF8.self)
                    guard let id = ExperimentID(text), text.hasPrefix(prefix) else { continue }
                    if found(id, keyspace) { return }
                }
                cursor = page.cursor
                if cursor == "0" { break }
                if let end, .now >= end { return }
            }
        }
    }
}

/// The reply of SCAN.
struct ScanReply {
    /// The cursor of the next SCAN; 0 at the end.
    let cursor: String
    let keys: [String]
}

extension ReplyReader<ScanReply> {
    /// The reply of SCAN.
    static var scan: Self {
        Self { reply throws(RedisError) in
            _ = try reply.array()
            return ScanReply(cursor: try reply.string() ?? "0", keys: try reply.strings().compactMap(\.self))
        }
    }
}
