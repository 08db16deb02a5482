public import HyperoSchema

/// A hyper-parameter or a piece of metadata.
public struct NamedValue: Sendable, Hashable {
    /// The name without its prefix, such as `lr`.
    public let name: String
    /// The value as stored in Redis: JSON for numbers, Booleans, null, arrays and objects, and any other text
    /// unchanged.
    public let text: String

    /// The typed value: `0.01` is a number, `linear` a string and `[64,128]` an array.
    public var value: Value { Value(text: text) }
}

/// The distribution from which a hyper-parameter was drawn.
public struct NamedDistribution: Sendable, Hashable {
    /// The name of the hyper-parameter without its prefix, such as `lr`.
    public let name: String
    /// The distribution as the program recorded it, such as `logUniform 1e-05 0.1`.
    public let text: String
}

/// Returns the text of a stored value as people and CSV need it: a string without the quotes of JSON, and anything else,
/// above all a number, as it was written.
func shownText(_ stored: String) -> String {
    // Most values do not begin with a quote, and all other values are their own text.
    guard stored.utf8.contains(UInt8(ascii: "\"")), case .string(let text) = Value(text: stored) else { return stored }
    return text
}

/// The value of a channel at an experiment's best epoch.
public struct Maximum: Sendable, Hashable {
    /// The channel, such as `valid`.
    public let channel: String
    /// The number with its digits as stored: a double has not all digits of a whole number above 2^53.
    package let number: Number

    /// The value, which may be nan or infinite.
    public var value: Double { number.value }
}

/// The order in which results list channels: `train`, `valid`, `test`, then the others by the bytes of their names.
struct ChannelOrder: Comparable {
    private let rank: Int
    private let name: ExactText

    init(_ channel: String) {
        let usual = ["train", "valid", "test"]
        rank = usual.firstIndex(of: channel) ?? usual.count
        name = ExactText(channel)
    }

    static func < (left: Self, right: Self) -> Bool {
        left.rank == right.rank ? left.name < right.name : left.rank < right.rank
    }
}
