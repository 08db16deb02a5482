/// Why an entry cannot be understood: the text of `dead.reason`.
package struct Rejection: Error, Sendable, Hashable, CustomStringConvertible {
    package let description: String
    /// Who wrote the entry, and as which in a row, where at least that can be understood: the number is used up.
    package private(set) var origin: Event.Origin?

    package init(_ description: String) {
        self.description = description
    }

    /// The same of an entry with these fields.
    package func withOrigin(from fields: UnsafeBufferPointer<WireField>) -> Rejection {
        var rejection = self
        rejection.origin = Event.Origin(among: fields)
        return rejection
    }

    static func missing(_ field: String, in kind: EventKind) -> Rejection {
        Rejection("the field '\(field)' is missing, and an event '\(kind.rawValue)' needs it")
    }

    static func invalid(_ field: String, _ value: Bytes, _ expected: String) -> Rejection {
        Rejection("the field '\(printable(field))' is '\(excerpt(value))', and must be \(expected)")
    }

    /// An entry of more fields than ``Limits/fields``; its reader need not have them all.
    package static func tooMany(fields: Int) -> Rejection {
        Rejection("the entry has \(fields) fields: the limit is \(Limits.fields)")
    }

    /// The bytes as readable text, for a message: cut, repaired, without control characters.
    static func excerpt(_ bytes: Bytes) -> String {
        // Four bytes a character at most; the whole of a value may be 64 MiB.
        let text = String(decoding: bytes.prefix(256), as: UTF8.self)
        return printable(text, limit: 48)
    }
}
