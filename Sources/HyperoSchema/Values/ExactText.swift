/// Text that equals only the same bytes.
///
/// Swift holds `é` as one scalar and `e` with an accent behind it for equal. Redis does not: to it names are bytes. What
/// stands for its fields in a set or dictionary must keep apart what it keeps apart.
package struct ExactText: Sendable, Hashable, Comparable {
    package let text: String

    package init(_ text: String) {
        self.text = text
    }

    package static func == (left: Self, right: Self) -> Bool { isSame(left.text, right.text) }

    /// Whether the texts are the same bytes.
    package static func isSame(_ left: String, _ right: String) -> Bool {
        // The first comparison is the fast one, and nearly always settles it.
        left == right && left.utf8.elementsEqual(right.utf8)
    }

    /// In the order of the bytes, as Redis sorts.
    package static func < (left: Self, right: Self) -> Bool {
        left.text.utf8.lexicographicallyPrecedes(right.text.utf8)
    }

    package func hash(into hasher: inout Hasher) {
        // Equal bytes are equal strings, so that the string's own hash will do.
        hasher.combine(text)
    }
}

extension Dictionary where Key == ExactText {
    /// The value of a name.
    package subscript(name: String) -> Value? { self[ExactText(name)] }
}
