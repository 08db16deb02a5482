import HyperoSchema

/// One value under a name, as a filter compares it.
enum FilterScalar {
    /// A stored value: a string without quotes, and any other value as it was written.
    case text(String)
    /// A computed value.
    case number(Double)

    /// The number; nil for other text. A text such as `"64"` in quotes is a number too.
    var number: FilterNumber? {
        switch self {
        case .text(let text): FilterNumber(stored: text)
        case .number(let value): FilterNumber(value)
        }
    }

    var text: String {
        switch self {
        case .text(let text): text
        case .number(let value): Number.text(of: value)
        }
    }

    var isNaN: Bool {
        switch self {
        case .text(let text): text == "nan" || text == "NaN"
        case .number(let value): value.isNaN
        }
    }

    /// Calls the body with each value in a stored text: the elements of an array, none for null, and the value itself otherwise.
    /// Only arrays and strings in quotes are parsed.
    static func forEach(in stored: String, _ body: (FilterScalar) -> Void) {
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

    init(_ text: String) {
        self.text = text
        number = FilterNumber(text)
        isBool = ["true", "false"].contains(text.lowercased())
    }

    init(_ number: FilterNumber) {
        text = Number.text(of: number.value)
        self.number = number
        isBool = false
    }

    func equals(_ scalar: FilterScalar) -> Bool {
        if let number, let other = scalar.number { return other.fulfils(.equal, number) }
        if isBool { return scalar.text.lowercased() == text.lowercased() }
        return scalar.text.hasSameBytes(as: text)
    }
}
