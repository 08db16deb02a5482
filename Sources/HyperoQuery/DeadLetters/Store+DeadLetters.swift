import HyperoRedis
import HyperoSchema

extension Store {
    /// Lists the newest dead letters of all partitions.
    ///
    ///     for letter in try store.deadLetters().letters { print(letter.id, letter.reason ?? "") }
    ///
    /// Two round trips: the partitions, then XLEN and XREVRANGE of the dead letters of each partition.
    ///
    /// - Parameter limit: the maximum number of dead letters, 1 to 100,000.
    /// - Throws: ``QueryError/Code/invalidArgument(reason:)`` for a limit out of range, and ``QueryError`` of the other
    ///   categories if Redis fails.
    public func deadLetters(limit: Int = 20) throws(QueryError) -> DeadLetterList {
        try check(limit: limit)
        return try answer { () throws(QueryError) in try newestDeadLetters(limit: limit) }
    }

    private func newestDeadLetters(limit: Int) throws(QueryError) -> DeadLetterList {
        var warnings: [String] = []
        var pipeline = CommandPipeline()
        let replies = try partitions(warnings: &warnings).map { keyspace in
            (
                count: pipeline.append("XLEN", keyspace.dead, in: keyspace, as: .count),
                entries: pipeline.append(
                    "XREVRANGE", keyspace.dead, "+", "-", "COUNT", "\(limit)", in: keyspace, as: .streamEntries),
                partition: keyspace.tag
            )
        }
        try connections.run(pipeline)
        if let refusal = replies.first?.entries.refusal, replies.allSatisfy({ $0.entries.refusal != nil }) {
            throw refusal
        }
        var letters: [(id: StreamID, letter: DeadLetter)] = []
        var count = 0
        for reply in replies {
            count += try reply.count.valueIfAvailable() ?? 0
            letters += try reply.entries.value(or: [], warnings: &warnings).map { entry in
                let id = StreamID(entry.id) ?? .zero
                return (id, DeadLetter(entry, time: Int64(clamping: id.milliseconds), partition: reply.partition))
            }
        }
        if replies.count > 1 { letters.sort { $0.id > $1.id } }
        return DeadLetterList(letters: letters.prefix(limit).map(\.letter), count: count, warnings: warnings)
    }
}

extension DeadLetter {
    fileprivate init(_ entry: StreamEntryReply, time: Int64, partition: String) {
        let all = entry.fields
        // The fields of the ingest follow those of the entry, which may have had fields of the same names.
        let end = all.lastIndex { $0.name == EventField.deadReason } ?? all.endIndex
        let added = all[end...]
        func addedField(_ name: String) -> String? { added.first { $0.name == name }?.value }
        self.init(
            partition: partition, id: entry.id, time: time, reason: addedField(EventField.deadReason),
            truncation: addedField(EventField.deadCut), entryID: addedField(EventField.deadID),
            fields: all[..<end].map { Field(name: $0.name, value: $0.value) })
    }
}
