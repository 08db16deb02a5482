import HyperoRedis
import HyperoSchema

extension Store {
    /// Lists the entries that could not be applied, of all partitions, the newest first.
    ///
    ///     for letter in try store.deadLetters().letters { print(letter.id, letter.reason ?? "") }
    ///
    /// Two round trips: the partitions, and the last letters of each (XLEN, XREVRANGE).
    ///
    /// - Parameter limit: how many, 1 to 100,000.
    /// - Throws: ``QueryError`` of code ``QueryError/Code/invalid`` for another limit, and of the other codes when Redis
    ///   cannot be asked.
    public func deadLetters(limit: Int = 20) throws(QueryError) -> DeadLetterList {
        try check(limit: limit)
        var warnings: [String] = []
        var batch = CommandPipeline()
        let answers = try partitions(&warnings).map { place in
            let count = batch.ask(place, "XLEN", place.dead) { reply throws(RedisError) in try reply.integer() }
            let letters = batch.ask(place, "XREVRANGE", place.dead, "+", "-", "COUNT", "\(limit)") {
                reply throws(RedisError) in try reply.deadLetters(of: place)
            }
            return (count: count, letters: letters)
        }
        try session.run(batch)
        var letters: [(id: StreamID, letter: DeadLetter)] = []
        var count = 0
        for answer in answers {
            count += try session.checked { () throws(RedisError) in try answer.count.valueIfGiven() ?? 0 }
            letters += try session.checked { () throws(RedisError) in try answer.letters.value(or: [], &warnings) }
        }
        if answers.count > 1 { letters.sort { $0.id > $1.id } }
        return DeadLetterList(letters: letters.prefix(limit).map(\.letter), count: count, warnings: warnings)
    }
}

extension Reply {
    /// Takes what XREVRANGE answers of a partition's dead letters.
    fileprivate mutating func deadLetters(
        of place: Keyspace
    ) throws(RedisError) -> [(id: StreamID, letter: DeadLetter)] {
        var letters: [(id: StreamID, letter: DeadLetter)] = []
        for _ in 0..<(try array() ?? 0) {
            _ = try array()
            let text = try string() ?? ""
            let id = StreamID(text) ?? .zero
            let all = try pairs()
            // The entry may have brought fields of these names itself: the ingest's stand last.
            let fields = all[..<(all.lastIndex { $0.name == EventField.deadReason } ?? all.endIndex)]
            let own = all[fields.endIndex...]
            func take(_ name: String) -> String? { own.first { $0.name == name }?.value }
            let letter = DeadLetter(
                partition: place.tag, id: text, when: Int64(clamping: id.milliseconds),
                reason: take(EventField.deadReason), cut: take(EventField.deadCut), entry: take(EventField.deadID),
                fields: fields.map { DeadLetter.Field(name: $0.name, value: $0.value) })
            letters.append((id, letter))
        }
        return letters
    }
}
