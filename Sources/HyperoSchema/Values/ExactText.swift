/// Text that is equal only to the same bytes. Use it for names from Redis in sets and dictionaries.
///
/// A Swift string with `é` as one scalar equals one with `e` and a combining accent. For Redis, these are two names.
package struct ExactText: Sendable, Hashable, Comparable {
    package let text: String

    package init(_ text: String) {
        self.text = text
    }

    package static func == (left: Self, right: Self) -> Bool { left.text.hasSameBytes(as: right.text) }

    /// Compares bytes, the order of Redis.
    package static func < (left: Self, right: Self) -> Bool {
        left.text.utf8.lexicographicallyPrecedes(right.text.utf8)
    }

    package func hash(into hasher: inout Hasher) {
        // Equal bytes are equal strings, so the hash of the string is valid.
        hasher.combine(text)
    }
}

extension Dictionary where Key == ExactText {
    /// The value for a name.
    package subscript(name: String) -> Value? { self[ExactText(name)] }
}

extension String {
    /// Returns whether both texts have the same UTF-8 bytes.
    package func hasSameBytes(as other: String) -> Bool {
        // The fold compares many names, and the elements of a UTF-8 view cost three times as much as those of a buffer.
        var (text, other) = (self, other)
        return text.withUTF8 { bytes in other.withUTF8 { bytes.isEqual(to: $0) } }
    }

    /// Returns whether the bytes of the text begin with those of another one.
    package func begins(with prefix: String) -> Bool { utf8.starts(with: prefix.utf8) }

    /// Returns the rest of the text after a prefix; nil if the bytes of the text do not begin with those of the prefix.
    ///
    /// `hasPrefix` and `dropFirst` see whole characters: `max.` is no prefix of `max.` with a combining accent after it.
    package func dropping(prefix: String) -> String? {
        guard begins(with: prefix) else { return nil }
        return String(Substring(utf8.dropFirst(prefix.utf8.count)))
    }
}
