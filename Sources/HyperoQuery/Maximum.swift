/// The value of a channel at an experiment's best epoch.
public struct Maximum: Sendable, Hashable {
    /// The channel, as `valid`.
    public let channel: String
    /// Its value there, which may be nan or infinite.
    public let value: Double
}
