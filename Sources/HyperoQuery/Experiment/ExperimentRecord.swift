public import HyperoSchema

/// Everything that Redis holds of an experiment.
public struct ExperimentRecord: Sendable, Hashable {
    /// Its id.
    public let id: String
    /// The id of its battery.
    public let battery: String?
    /// The battery's name.
    public let name: String?
    /// The battery's version.
    public let version: Int?
    /// What the version is about.
    public let description: String?
    /// The channel that decides which epoch is best.
    public let objective: String?
    /// Where it is in its life.
    public let status: ExperimentStatus?
    /// Why it ended, if somebody said it.
    public let reason: String?
    /// The machine that runs it.
    public let host: String?
    /// The process that runs it.
    public let pid: Int?
    /// What its draws come from; text, because a seed has 64 bits.
    public let seed: String?
    /// Its first event, in Unix milliseconds.
    public let started: Int64?
    /// Its latest event, in Unix milliseconds.
    public let updated: Int64?
    /// The highest epoch.
    public let epochs: Int?
    /// The epoch of the maxima.
    public let epoch: Int?
    /// Who said the maxima: `curve` when they were found in the curves, `user` when the program said them.
    public let source: String?
    /// The channels at the best epoch.
    public let maxima: [Maximum]
    /// The hyper-parameters.
    public let params: [NamedValue]
    /// The metadata.
    public let meta: [NamedValue]
    /// How many values of its curves and maxima came as nan or infinite.
    public let nonfinite: Int
    /// The learning curves.
    public let curves: LearningCurves
    /// What could not be read, each a sentence.
    public let warnings: [String]

    /// From the first to the latest event, in milliseconds.
    public var duration: Int64? {
        guard let started, let updated else { return nil }
        return updated.subtractingReportingOverflow(started).partialValue
    }
}
