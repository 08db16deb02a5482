import HyperoSchema

/// An entry of the events stream that could not be applied.
public struct DeadLetter: Sendable, Hashable {
    /// A field of the entry. Bytes that are not UTF-8 are replaced by U+FFFD.
    public struct Field: Sendable, Hashable {
        /// The name, not necessarily unique within the entry.
        public let name: String
        /// The value.
        public let value: String
    }

    /// The hash tag of the partition: `{hypero}`, or `{hypero:0}` with several partitions.
    public let partition: String
    /// The id in the stream of the dead letters. `hypero-ingest requeue` selects dead letters by this id.
    public let id: String
    /// The time at which the entry became a dead letter, in Unix milliseconds of the server's clock.
    public let time: Int64
    /// The reason why the entry could not be applied; nil if another client wrote the dead letter without a reason.
    public let reason: String?
    /// A sentence about the missing parts of an entry that was too large to keep completely; nil if it is complete.
    public let truncation: String?
    /// The id of the entry in the events stream; nil if another client wrote the dead letter without the id.
    public let entryID: String?
    /// The fields of the entry in their original order, without those that the ingest added.
    public let fields: [Field]

    /// The value of the field `event`, such as `epoch`.
    public var event: String? { self[EventField.event] }
    /// The value of the field `experiment`, an experiment's id in a valid entry.
    public var experiment: String? { self[EventField.experiment] }
    /// The value of the field `battery`, a battery's id in a valid entry.
    public var battery: String? { self[EventField.battery] }
    /// The value of the field `producer`, a producer's id in a valid entry.
    public var producer: String? { self[EventField.producer] }
    /// The value of the field `seq`, the entry's sequence number in a valid entry.
    public var seq: String? { self[EventField.seq] }

    /// The value of the first field with a name; nil if the entry has no such field.
    public subscript(name: String) -> String? { fields.first { $0.name == name }?.value }
}

/// The newest dead letters of all partitions.
public struct DeadLetterList: Sendable, Hashable {
    /// The dead letters, newest first, at most as many as the limit.
    public let letters: [DeadLetter]
    /// The number of dead letters that Redis holds.
    public let count: Int
    /// The malformed values that were left out, one sentence each.
    public let warnings: [String]
}
