/// The value of a hyper-parameter or of metadata.
public enum Value: Sendable, Hashable {
    /// No value.
    case null
    /// A Boolean.
    case bool(Bool)
    /// A whole number.
    case integer(Int)
    /// A whole number beyond the range of Int: its decimal digits, after `-` if it is negative.
    case largeInteger(String)
    /// A number. nan and the infinities are written as `nan`, `inf` and `-inf`, and read back as text.
    case number(Double)
    /// Text.
    case string(String)
    /// Several values, for example the sizes of layers.
    case array([Value])
    /// Named values, in order.
    case object([Member])

    /// One named value of an object.
    public struct Member: Sendable, Hashable {
        /// The name.
        public var name: String
        /// The value.
        public var value: Value

        /// Creates a named value.
        public init(_ name: String, _ value: Value) {
            self.name = name
            self.value = value
        }
    }
}

extension Value {
    /// The value in stream entries and in hashes: text unchanged, and other values as JSON.
    ///
    /// Text that would parse as JSON is written as a quoted JSON string, so that every value reads back unchanged: `linear`
    /// is text, `0.01` is a number, and `"0.01"` is the text 0.01.
    package var text: String {
        switch self {
        case .string(let text): JSON.parse(text) == nil ? text : JSON.quoted(text)
        case .number(let value): Number.text(of: value)
        default: JSON.text(of: self)
        }
    }

    /// Creates the value of a JSON text; nil if the text is not valid JSON.
    package init?(json: String) {
        guard let value = JSON.parse(json) else { return nil }
        self = value
    }

    /// Creates the value of a text: the value of valid JSON, else the text itself.
    package init(text: String) {
        self = JSON.parse(text) ?? .string(text)
    }
}
