/// A violation of the contract by an entry. The description becomes `dead.reason`.
package struct Rejection: Error, Sendable, Hashable, CustomStringConvertible {
    package let description: String
    /// The producer and sequence number of the entry, if they are valid. The number is consumed although the entry is not
    /// applied.
    package private(set) var origin: Event.Origin?

    package init(_ description: String) {
        self.description = description
    }

    /// Returns the rejection with the producer and sequence number found in the entry.
    ///
    /// - Parameter fields: all fields of the entry.
    package func withOrigin(from fields: UnsafeBufferPointer<WireField>) -> Rejection {
        var rejection = self
        rejection.origin = Event.Origin(among: fields)
        return rejection
    }

    static func missing(_ field: String, in kind: EventKind) -> Rejection {
        Rejection("the field '\(field)' is missing: it is required in an event '\(kind.rawValue)'")
    }

    static func invalid(_ field: String, value: Bytes, expected: String) -> Rejection {
        Rejection("the field '\(printable(field))' must be \(expected), not '\(excerpt(value))'")
    }

    static func repeated(_ field: String) -> Rejection {
        Rejection("the field '\(field)' occurs more than once")
    }

    /// The rejection of an entry with more fields than ``Limits/fields``. The caller need not have read all of them.
    package static func tooMany(fields: Int) -> Rejection {
        Rejection("the entry has \(fields) fields: at most \(Limits.fields) are allowed")
    }

    /// Returns the bytes as text for a message: cut, repaired, and without control characters.
    static func excerpt(_ bytes: Bytes) -> String {
        // 48 characters have at most 192 bytes, and a value may have 64 MiB.
        let text = String(decoding: bytes.prefix(256), as: UTF8.self)
        return printable(text, limit: 48)
    }
}
