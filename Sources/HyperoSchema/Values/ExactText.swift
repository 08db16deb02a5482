/// Text that equals only the same bytes.
///
/// Swift holds `é` as one scalar and `e` with an accent behind it for equal. Redis does not: to it names are bytes. What
/// stands for its fields in a set or dictionary must keep apart what it keeps apart.
package struct ExactText: Sendable, Hashable, Comparable {
    package let text: String

    package init(_ text: String) {
        self.text = text
    }

    package static func == (left: Self, right: Self) -> Bool { left.text.hasSameBytes(as: right.text) }

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

extension String {
    /// Returns whether both texts are the same bytes.
    package func hasSameBytes(as other: String) -> Bool {
        // The first comparison is the fast one, and decides nearly always.
        self == other && utf8.elementsEqual(other.utf8)
    }
}
