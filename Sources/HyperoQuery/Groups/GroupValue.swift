package import HyperoSchema

/// A value by which experiments are grouped. Values that a filter takes for equal are one: `0.003` and `3e-3`, `64`, `64.0` and
/// `"64"`, `true` and `True`, and arrays and objects of equal elements. Whole numbers above 2^53 are compared by their digits.
package indirect enum GroupValue: Hashable {
    /// A number by its shortest decimal, or by all digits of a large whole number.
    case number(String)
    case text(ExactText)
    case bool(Bool)
    case array([GroupValue?])
    case object([ExactText: GroupValue?])

    /// - Parameter stored: the text of a field. Returns nil for a JSON null, which is an absent value.
    package init?(stored: String) {
        if let number = Number(text: stored) {
            self = .number(number, text: stored)
        } else {
            self.init(Value(text: stored))
        }
    }

    private init?(_ value: Value) {
        switch value {
        case .null: return nil
        case .bool(let flag): self = .bool(flag)
        case .array(let values): self = .array(values.map { GroupValue($0) })
        case .object(let members):
            self = .object(
                Dictionary(members.map { (ExactText($0.name), GroupValue($0.value)) }) { _, last in last })
        case .integer, .largeInteger, .number, .string:
            let text = if case .string(let text) = value { text } else { value.text }
            if let number = Number(text: text) {
                self = .number(number, text: text)
            } else if let flag = Bool(text.lowercased()) {
                self = .bool(flag)
            } else {
                self = .text(ExactText(text))
            }
        }
    }

    private static func number(_ number: Number, text: String) -> GroupValue {
        // -0 equals 0.
        if number.value == 0 { return .number("0") }
        guard number.isFinite, abs(number.value) >= 0x1p53 else { return .number(Number.text(of: number.value)) }
        return .number((isWholeNumber(text) ? text : wholeText(of: number)) ?? Number.text(of: number.value))
    }
}
