import HyperoSchema

extension Watermark {
    /// The time for which a producer's watermark is kept after its last event: 30 days, in milliseconds.
    private static let lifetime: Int64 = 30 * 24 * 60 * 60 * 1_000

    /// Returns the changes of the producer's hash since the prior watermark.
    func changes(of producer: ProducerID, since prior: Watermark, in keyspace: Keyspace) -> [IndexChange] {
        let key = keyspace.producer(producer)
        var fields = [
            IndexChange.Field(ProducerField.seq, String(seq)), IndexChange.Field(ProducerField.time, String(time)),
        ]
        var changes: [IndexChange] = []
        if !missing.isEmpty {
            fields.append(IndexChange.Field(ProducerField.missing, missingText))
        } else if !prior.missing.isEmpty {
            changes.append(.removeFields(key: key, [ProducerField.missing]))
        }
        return [.setFields(key: key, fields)] + changes + [.expire(key: key, milliseconds: Self.lifetime)]
    }
}
