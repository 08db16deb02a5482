/// The value of a hyper-parameter or of metadata.
public enum Value: Sendable, Hashable {
    /// Nothing.
    case null
    /// A truth value.
    case bool(Bool)
    /// A whole number.
    case integer(Int)
    /// A number; nan and the infinities are written `nan`, `inf` and `-inf`, and read back as text.
    case number(Double)
    /// Text.
    case string(String)
    /// Several values, as of a hyper-parameter of many layers.
    case array([Value])
    /// Named values, in the order they were given.
    case object([Member])

    /// One named value of an object.
    public struct Member: Sendable, Hashable {
        /// What it is called.
        public var name: String
        /// What it is.
        public var value: Value

        /// A named value.
        public init(_ name: String, _ value: Value) {
            self.name = name
            self.value = value
        }
    }
}

extension Value {
    /// The value as it stands on the wire and in hashes: JSON for all but text, and text as itself.
    ///
    /// Text that would parse as JSON is written as a quoted JSON string, so that reading gives back what was written:
    /// `linear` is text, `0.01` a number, `"0.01"` the text 0.01.
    package var text: String {
        switch self {
        case .string(let text): JSON.parse(text) == nil ? text : JSON.quoted(text)
        case .number(let value): Number.text(of: value)
        default: JSON.text(of: self)
        }
    }

    /// Reads what ``text`` wrote; any text is a value.
    package init(text: String) {
        self = JSON.parse(text) ?? .string(text)
    }
}
