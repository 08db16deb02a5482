import HyperoRedis
import HyperoSchema

/// A change to dead letters before they are sent again.
public struct DeadLetterEdit: Sendable {
    /// The fields to set. A field that a dead letter does not have is added.
    public var set: [(field: String, value: String)] = []
    /// The fields to remove.
    public var removed: [String] = []

    /// Creates an edit that changes nothing.
    public init() {}
}

extension DeadLetterEdit {
    /// A reason why a dead letter cannot be sent again: it was truncated when it was written.
    public enum Failure: Error, Hashable, Sendable {
        /// The fields of these names are truncated. Each must be set or removed.
        case truncated(fields: [String])
        /// Fields are missing, and their names are unknown. The associated value is their number, as text of the dead
        /// letter.
        case omitted(count: String)
    }

    /// A field of a dead letter, as bytes that need not be text.
    struct Field {
        var name: [UInt8]
        var value: [UInt8]
    }

    /// The fields that the new entry does not inherit from the dead letter.
    private static let replacedFields: Set = [EventField.requeued, EventField.producer, EventField.seq]

    /// Returns whether a field is not allowed in ``set``, because the requeue replaces it or the ingest writes it.
    public static func isReserved(_ field: String) -> Bool {
        replacedFields.contains(field) || field.hasPrefix("dead.")
    }

    /// Returns the fields of the entry to send.
    ///
    /// They exclude the producer and the sequence number. The number counts as applied since the entry became a dead
    /// letter, so the new entry would be a duplicate. The time is kept, because it is the time of the event. If the entry had
    /// the time of its id, that time is set: the new entry has a later id, and would count as later than newer events.
    ///
    /// - Parameters:
    ///   - letter: the fields of the dead letter.
    ///   - id: the id of the dead letter.
    /// - Throws: the reason why the dead letter cannot be sent.
    func applying(to letter: [Field], id: String) throws(Failure) -> [Field] {
        let end = letter.lastIndex { $0.name == Array(EventField.deadReason.utf8) } ?? letter.endIndex
        // The entry's own fields, which come first, may have the same names.
        func ingestField(_ name: String) -> Field? { letter[end...].first { $0.name == Array(name.utf8) } }
        if let omitted = ingestField(EventField.deadOmitted) {
            throw .omitted(count: String(decoding: omitted.value, as: UTF8.self))
        }
        let isTruncated = ingestField(EventField.deadCut) != nil
        var fields: [Field] = []
        var truncated: [String] = []
        for field in letter[..<end] {
            let name = String(decoding: field.name, as: UTF8.self)
            if Self.replacedFields.contains(name) || removed.contains(name) { continue }
            if let (_, value) = set.last(where: { $0.field == name }) {
                fields.append(Field(name: field.name, value: Array(value.utf8)))
                continue
            }
            if isTruncated, Self.isTruncated(field) { truncated.append(name) }
            fields.append(field)
        }
        guard truncated.isEmpty else { throw .truncated(fields: truncated) }
        for (name, value) in set where !fields.contains(where: { $0.name == Array(name.utf8) }) {
            fields.append(Field(name: Array(name.utf8), value: Array(value.utf8)))
        }
        if let entry = ingestField(EventField.deadID) { Self.keepTime(ofEntry: entry.value, in: &fields) }
        fields.append(Field(name: Array(EventField.requeued.utf8), value: Array(id.utf8)))
        return fields
    }

    /// Sets the time to the one that the first entry had because of its id: without a time of its own, or with one that the
    /// ingest replaces.
    ///
    /// - Parameter id: the id of the first entry, as text.
    private static func keepTime(ofEntry id: [UInt8], in fields: inout [Field]) {
        guard let id = StreamID(String(decoding: id, as: UTF8.self)) else { return }
        let name = Array(EventField.time.utf8)
        let index = fields.firstIndex { $0.name == name }
        var time: Int64?
        if let index {
            // A malformed time stays: the entry becomes a dead letter again because of it.
            time = Int64(String(decoding: fields[index].value, as: UTF8.self))
            guard let time, (-Limits.integer...Limits.integer).contains(time) else { return }
        }
        let kept = DecodedBatch.time(time, of: id)
        guard kept != time else { return }
        let field = Field(name: name, value: Array(String(kept).utf8))
        if let index { fields[index] = field } else { fields.append(field) }
    }

    private static func isTruncated(_ field: Field) -> Bool {
        let ellipsis = Array("…".utf8)
        let isCut = [Limits.deadValue, Limits.deadValueWhenFull].contains(field.value.count)
        return isCut && field.value.suffix(3).elementsEqual(ellipsis)
            || field.name.count == Limits.name && field.name.suffix(3).elementsEqual(ellipsis)
    }
}
