/// All batteries, by name and version.
public struct BatteryList: Sendable, Hashable {
    /// The batteries.
    public let batteries: [Battery]
    /// What could not be read, each a sentence.
    public let warnings: [String]
}
