public import HyperoSchema

/// A hyper-parameter or a piece of metadata.
public struct NamedValue: Sendable, Hashable {
    /// What it is called.
    public let name: String
    /// The value as it stands in Redis.
    public let text: String

    /// The value with its type: `0.01` is a number, `linear` a text, `[64,128]` an array.
    public var value: Value { Value(text: text) }
}

/// The value of a channel at an experiment's best epoch.
public struct Maximum: Sendable, Hashable {
    /// The channel, as `valid`.
    public let channel: String
    /// Its value there, which may be nan or infinite.
    public let value: Double
}
