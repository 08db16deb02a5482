public import HyperoSchema

/// A battery: experiments of one name, version and description.
public struct BatterySummary: Sendable, Hashable {
    /// `<slug>.v<version>.<hash>`, or what somebody chose.
    public let id: String
    /// What it is called.
    public let name: String
    /// The version of what is tried.
    public let version: Int
    /// What the version is about.
    public let description: String
    /// The channel that decides which experiment is best.
    public let objective: String
    /// Which values of the objective are better.
    public let direction: Direction
    /// When it was first declared, in Unix milliseconds.
    public let created: Int64?
    /// When its latest event was, in Unix milliseconds.
    public let updated: Int64?
    /// How many experiments it has.
    public let experiments: Int
    /// The best value of the objective; nil while no experiment has one.
    public let best: Double?
}

/// All batteries, by name and version.
public struct BatteryList: Sendable, Hashable {
    /// The batteries.
    public let batteries: [BatterySummary]
    /// What could not be read, each a sentence.
    public let warnings: [String]
}
