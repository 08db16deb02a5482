import HyperoSchema

/// An entry that could not be applied.
public struct DeadLetter: Sendable, Hashable {
    /// One of its fields; of bytes that are no text, as much as is.
    public struct Field: Sendable, Hashable {
        /// What it is called.
        public let name: String
        /// What it holds.
        public let value: String
    }

    /// What the keys of its partition begin with: `{hypero}`, or `{hypero:0}`.
    public let partition: String
    /// Its id among the dead letters, which `hypero-ingest requeue` takes.
    public let id: String
    /// When it became one, in Unix milliseconds, by the server's clock.
    public let when: Int64
    /// Why it could not be applied.
    public let reason: String?
    /// What is missing of the entry, which was too large to be kept whole.
    public let cut: String?
    /// The entry's id in the events stream.
    public let entry: String?
    /// The fields as they were written, in their order.
    public let fields: [Field]

    /// What happened, as `epoch`.
    public var event: String? { self[EventField.event] }
    /// The experiment it happened to.
    public var experiment: String? { self[EventField.experiment] }
    /// The battery it happened in.
    public var battery: String? { self[EventField.battery] }
    /// Who wrote it.
    public var producer: String? { self[EventField.producer] }
    /// As which in a row.
    public var seq: String? { self[EventField.seq] }

    /// The value of a field; of several of one name, of the first.
    public subscript(name: String) -> String? { fields.first { $0.name == name }?.value }
}

/// Entries that could not be applied, the newest first.
public struct DeadLetterList: Sendable, Hashable {
    /// The newest, as many as were asked for.
    public let letters: [DeadLetter]
    /// How many there are.
    public let count: Int
    /// What could not be read, each a sentence.
    public let warnings: [String]
}
