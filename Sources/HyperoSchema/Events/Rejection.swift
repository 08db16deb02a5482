/// A violation of the contract by an entry. The description becomes `dead.reason`.
package struct Rejection: Error, Sendable, Hashable, CustomStringConvertible {
    package let description: String
    /// The producer and sequence number of the entry; nil if they are missing or invalid. The number counts as applied
    /// although the entry is not.
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

    /// Returns the rejection of an entry with too many fields.
    ///
    /// - Parameter fields: the number of fields, more than ``Limits/fields``. The caller need not have read all of
    ///   them.
    package static func tooMany(fields: Int) -> Rejection {
        Rejection("the entry has \(fields) fields: at most \(Limits.fields) are allowed")
    }

    /// Returns the bytes as text for a message: at most 48 characters of valid UTF-8, without control characters.
    static func excerpt(_ bytes: Bytes) -> String {
        // Decodes only a prefix: 48 scalars have at most 192 bytes, and a value may have hundreds of megabytes.
        let text = String(decoding: bytes.prefix(256), as: UTF8.self)
        return printable(text, limit: 48)
    }
}
