import HyperoRedis
import HyperoSchema

/// What is changed in dead letters before they are sent again.
public struct DeadLetterEdit: Sendable {
    /// A field to set, or to add where a letter does not have it.
    public var set: [(field: String, value: String)] = []
    /// Fields to take away.
    public var removed: [String] = []

    /// Nothing is changed.
    public init() {}
}

extension DeadLetterEdit {
    /// Whether the field is none to set: it is used up, or the ingest's own.
    public static func isRefused(_ field: String) -> Bool { usedUp.contains(field) || field.hasPrefix("dead.") }

    /// A field of a letter, as bytes: it need not be text.
    struct Field {
        var name: [UInt8]
        var value: [UInt8]
    }

    /// The fields to send, or why the letter cannot be sent.
    ///
    /// Without producer and number: that number was used up when the letter became one, so that the entry would be taken
    /// for a duplicate. The time stays, because it says when the thing happened.
    func mended(_ letter: [Field], id: String) -> Result<[Field], Obstacle> {
        let end = letter.lastIndex { $0.name == Array(EventField.deadReason.utf8) } ?? letter.endIndex
        func own(_ name: String) -> Field? { letter[end...].first { $0.name == Array(name.utf8) } }
        if let omitted = own(EventField.deadOmitted) {
            return .failure(.leftOut(String(decoding: omitted.value, as: UTF8.self)))
        }
        let isCut = own(EventField.deadCut) != nil
        var fields: [Field] = []
        var leftOut: [String] = []
        for field in letter[..<end] {
            let name = String(decoding: field.name, as: UTF8.self)
            if Self.usedUp.contains(name) || removed.contains(name) { continue }
            if let (_, value) = set.last(where: { $0.field == name }) {
                fields.append(Field(name: field.name, value: Array(value.utf8)))
                continue
            }
            if isCut, Self.isCut(field) { leftOut.append(name) }
            fields.append(field)
        }
        guard leftOut.isEmpty else { return .failure(.cut(leftOut)) }
        for (name, value) in set where !fields.contains(where: { $0.name == Array(name.utf8) }) {
            fields.append(Field(name: Array(name.utf8), value: Array(value.utf8)))
        }
        fields.append(Field(name: Array(EventField.requeued.utf8), value: Array(id.utf8)))
        return .success(fields)
    }

    /// Why a letter cannot be sent: it was too large to be kept whole.
    enum Obstacle: Error {
        /// These fields are not all there.
        case cut([String])
        /// So many fields are missing, of which nobody knows any more what they were.
        case leftOut(String)
    }

    private static let usedUp: Set = [EventField.requeued, EventField.producer, EventField.seq]

    private static func isCut(_ field: Field) -> Bool {
        let ellipsis = Array("…".utf8)
        return field.value.count == Limits.deadValue && field.value.suffix(3).elementsEqual(ellipsis)
            || field.name.count == Limits.name && field.name.suffix(3).elementsEqual(ellipsis)
    }
}
