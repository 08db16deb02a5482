import HyperoSchema

/// One value under a name, as a filter compares it.
enum FilterScalar {
    /// A stored value: a string without quotes, and any other value as it was written.
    case text(String)
    /// A computed value.
    case number(Double)
    /// A list as a whole, as it was written and as JSON.
    case whole(String, Value)

    /// The number; nil for other text. A text such as `"64"` in quotes is a number too.
    var number: FilterNumber? {
        switch self {
        case .text(let text): FilterNumber(stored: text)
        case .number(let value): FilterNumber(value)
        case .whole: nil
        }
    }

    var text: String {
        switch self {
        case .text(let text), .whole(let text, _): text
        case .number(let value): Number.text(of: value)
        }
    }

    var isNaN: Bool {
        switch self {
        case .text(let text): text == "nan" || text == "NaN"
        case .number(let value): value.isNaN
        case .whole: false
        }
    }

    /// The value of a list or an object; nil for any other.
    fileprivate var composite: Value? {
        switch self {
        case .whole(_, let value): value
        case .text(let text): text.utf8.first == UInt8(ascii: "{") ? Value(json: text) : nil
        case .number: nil
        }
    }

    /// Calls the body with each value in a stored text: the elements of an array, none for null, and the value itself otherwise.
    /// Only arrays and strings in quotes are parsed.
    ///
    /// - Parameter includesWhole: true to call it with an array as a whole too, after its elements.
    static func forEach(in stored: String, includesWhole: Bool = false, _ body: (FilterScalar) -> Void) {
        switch stored.utf8.first {
        case UInt8(ascii: "["), UInt8(ascii: "\""), UInt8(ascii: "n"), UInt8(ascii: " "): break
        default: return body(.text(stored))
        }
        switch Value(text: stored) {
        case .null: return
        case .string(let text): body(.text(text))
        case .array(let values):
            for value in values {
                switch value {
                case .null: break
                case .string(let text): body(.text(text))
                default: body(.text(value.text))
                }
            }
            if includesWhole { body(.whole(stored, .array(values))) }
        default: body(.text(stored))
        }
    }
}

/// A value that a filter compares a field with.
struct FilterLiteral: Hashable {
    let text: String
    let number: FilterNumber?
    /// True for `true` and `false`, which other programs write `True` and `False`.
    private let isBool: Bool
    /// The list or the object that the text is as JSON; nil for any other text.
    private let composite: Value?

    init(_ text: String) {
        self.text = text
        number = FilterNumber(text)
        isBool = ["true", "false"].contains(text.lowercased())
        composite = ["[", "{"].contains(text.first) ? Value(json: text) : nil
    }

    init(_ number: FilterNumber) {
        text = Number.text(of: number.value)
        self.number = number
        isBool = false
        composite = nil
    }

    func equals(_ scalar: FilterScalar) -> Bool {
        if let composite, let other = scalar.composite { return Self.areEqual(composite, other) }
        if case .whole = scalar { return false }
        if let number, let other = scalar.number { return other.fulfils(.equal, number) }
        if isBool { return scalar.text.lowercased() == text.lowercased() }
        return scalar.text.hasSameBytes(as: text)
    }

    /// Returns whether two values are equal as JSON: numbers by value, objects in any order of their names.
    private static func areEqual(_ left: Value, _ right: Value) -> Bool {
        switch (left, right) {
        case (.array(let left), .array(let right)):
            return left.count == right.count && zip(left, right).allSatisfy { areEqual($0, $1) }
        case (.object(let left), .object(let right)):
            return left.count == right.count
                && left.allSatisfy { member in
                    right.contains { $0.name == member.name && areEqual(member.value, $0.value) }
                }
        case (.string, _), (_, .string): return left == right
        default:
            guard let first = FilterNumber(stored: left.text), let second = FilterNumber(stored: right.text) else {
                return left == right
            }
            return first.fulfils(.equal, second)
        }
    }
}
