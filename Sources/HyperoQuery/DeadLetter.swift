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
    public var event: String? { self[WireName.event] }
    /// The experiment it happened to.
    public var experiment: String? { self[WireName.experiment] }
    /// The battery it happened in.
    public var battery: String? { self[WireName.battery] }
    /// Who wrote it.
    public var producer: String? { self[WireName.producer] }
    /// As which in a row.
    public var seq: String? { self[WireName.seq] }

    /// The value of a field; of several of one name, of the first.
    public subscript(name: String) -> String? { fields.first { $0.name == name }?.value }
}
