/// The bounds beyond which ``Store/status(now:bounds:)`` has a warning.
public struct StatusBounds: Sendable, Hashable {
    /// The longest time in milliseconds for which an entry may wait to be applied: 10 seconds.
    public var maxWait: Int64
    /// The highest number of entries that may wait to be applied; nil for any number.
    public var maxBehind: Int?

    /// The share of `maxmemory` in percent that may be in use.
    public static let memoryPercent = 90
    /// The share of `maxclients` in percent that may be in use.
    public static let connectionPercent = 80
    /// The time in milliseconds for which a rewind or takeover is reported: a day.
    static let incidentPeriod: Int64 = 86_400_000

    /// Creates the bounds. See the properties.
    public init(maxWait: Int64 = 10_000, maxBehind: Int? = nil) {
        self.maxWait = maxWait
        self.maxBehind = maxBehind
    }

    /// Returns whether a value is at least a share of a limit. A limit of 0 is none.
    static func isNear(_ value: Int, limit: Int, percent: Int) -> Bool {
        // Not in integers: a server may report any numbers, and a product would overflow.
        limit > 0 && Double(value) >= Double(limit) * Double(percent) / 100
    }
}
