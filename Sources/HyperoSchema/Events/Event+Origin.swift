extension Event.Origin {
    /// Finds the producer and sequence number of an entry that is invalid as a whole; nil if they are missing, invalid or
    /// repeated.
    ///
    /// Searches only the first ``Limits/fields`` fields.
    init?(among fields: UnsafeBufferPointer<WireField>) {
        let fields = UnsafeBufferPointer(rebasing: fields.prefix(Limits.fields))
        guard let producer = Self.single(EventField.producer, among: fields),
            let producer = ProducerID(String(decoding: producer, as: UTF8.self)),
            let seq = Self.single(EventField.seq, among: fields)?.decimal, (1...UInt64(Limits.integer)).contains(seq)
        else { return nil }
        self.init(producer: producer, seq: seq)
    }

    /// Returns the value of the only complete field with a name; nil if there is none, or more than one.
    private static func single(_ name: String, among fields: UnsafeBufferPointer<WireField>) -> Bytes? {
        var name = name
        return name.withUTF8 { name in
            let found = fields.filter { $0.omittedOfName == 0 && $0.name.isEqual(to: name) }
            guard found.count == 1, found[0].omittedOfValue == 0 else { return nil }
            return found[0].value
        }
    }
}
