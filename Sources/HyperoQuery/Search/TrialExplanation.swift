/// The origin of each hyper-parameter of a trial of a search.
///
///     let explanation = try store.explanation(ofTrial: "s3f09c1aa-41")
///     for parameter in explanation.parameters { print(parameter.name, parameter.value, parameter.origin) }
public struct TrialExplanation: Sendable, Hashable {
    /// The origin of a value.
    public enum Origin: String, Sendable, Hashable, CaseIterable {
        /// An enqueued point.
        case point
        /// An earlier attempt of the trial, whose values the later ones take over.
        case attempt
        /// A draw from the distribution alone.
        case distribution
        /// A suggestion, together with the other hyper-parameters that all ended trials have.
        case together
        /// A suggestion for this hyper-parameter alone, from the trials that have it.
        case alone
        /// The program: no distribution is recorded.
        case program
        /// Not known.
        case unknown
    }

    /// A hyper-parameter of the trial.
    public struct Parameter: Sendable, Hashable {
        /// The name.
        public let name: String
        /// The recorded value, as stored.
        public let value: String
        /// The distribution, such as `logUniform 1e-05 0.1`; nil if none is recorded.
        public let distribution: String?
        /// The origin of the value.
        public internal(set) var origin: Origin
        /// The number of the enqueued point, if that is the origin.
        public internal(set) var point: Int?
        /// The values in the good trials; nil without them.
        public let good: GoodValues?
        /// The numbers of good and bad trials that have the hyper-parameter, of a suggestion for it alone.
        package let aloneCounts: TrialCounts?
        /// The value that the history leads to; nil if it is not known.
        public let computed: String?
        /// True if the recorded value is that of the origin; nil if it is not known.
        public internal(set) var isEqual: Bool?
    }

    /// The values of a hyper-parameter in the good trials.
    public enum GoodValues: Sendable, Hashable {
        /// The lowest and the highest number.
        case range(Double, Double)
        /// The choices, the most frequent first.
        case choices([ChoiceCount])
    }

    /// A choice with the number of good trials that have it.
    public struct ChoiceCount: Sendable, Hashable {
        /// The choice, as stored.
        public let choice: String
        /// The number of trials.
        public internal(set) var count: Int
    }

    /// The numbers of good and bad trials.
    package struct TrialCounts: Sendable, Hashable {
        package let good: Int
        package let bad: Int
    }

    /// The id of the experiment, `s3f09c1aa-41`.
    public let experiment: String
    /// The id of the search.
    public let search: String
    /// The name of the search.
    public let searchName: String
    /// The id of the battery; nil if it is missing or malformed.
    public let battery: String?
    /// The number of the trial in its search, 1, 2, ….
    public let trial: Int
    /// The number of the process among those that ran the trial, 1, 2, ….
    public let attempt: Int
    /// The seed of the search.
    public let seed: String
    /// The name of the sampler; nil if the declaration names none.
    public let sampler: String?
    /// The id of the last entry of the history that the suggestions depend on, `0-0` for none; nil if it is not recorded.
    public let asof: String?
    /// The number of trials that had ended, of those with hyper-parameters; nil if the sampler needs no history, and if `asof` is not
    /// recorded.
    public let endedCount: Int?
    /// The numbers of good and bad trials; nil without suggestions.
    package let counts: TrialCounts?
    /// The number of good trials, the best tenth; nil without suggestions.
    public var goodCount: Int? { counts?.good }
    /// The number of bad trials; nil without suggestions.
    public var badCount: Int? { counts?.bad }
    /// True if older entries of the history are removed, so that the values cannot be computed.
    public let isTrimmed: Bool
    /// The hyper-parameters, by name.
    public let parameters: [Parameter]
    /// The malformed values that were left out, and the values that differ, one sentence each.
    public let warnings: [String]

    /// False if a recorded value is not the one that its history leads to.
    public var isConsistent: Bool { parameters.allSatisfy { $0.isEqual != false } }
}
