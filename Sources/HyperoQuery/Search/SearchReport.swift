public import HyperoSchema

/// The state of a search: its trials, its stopping rule and its best results.
///
///     for search in try store.searches(of: "digits mlp").searches { print(search.id, search.endedCount, search.trialCount) }
public struct SearchReport: Sendable, Hashable {
    /// The best trial of a search.
    public struct Trial: Sendable, Hashable {
        /// The number of the trial in its search, 1, 2, ….
        public let trial: Int
        /// The id of its experiment.
        public let experiment: String
        /// The status: `done` or `stopped`.
        public let status: ExperimentStatus
        /// The value of the objective with its digits as stored.
        package let number: Number
        /// The best epoch; nil if it is not known.
        public let epoch: Int?
        /// The hyper-parameters, by name.
        public package(set) var params: [NamedValue]

        /// The value of the objective at the best epoch.
        public var value: Double { number.value }
    }

    /// A trial that ended with a better value than all that ended before.
    public struct Improvement: Sendable, Hashable {
        /// The number of trials that had ended, with this one.
        public let ended: Int
        /// The epochs that they had run.
        public let epochs: Int
        /// The value of the objective with its digits as stored.
        package let number: Number
        /// The number of the trial.
        public let trial: Int

        /// The value of the objective at the best epoch of the trial.
        public var value: Double { number.value }
    }

    /// A rung of the stopping rule.
    public struct Rung: Sendable, Hashable {
        /// The epoch.
        public let epoch: Int
        /// The number of trials that have reached it.
        public let count: Int
        /// The highest rank that goes on.
        public let kept: Int
        /// The value of that rank; nil without trials.
        package let number: Number?

        /// The value of the worst trial that goes on, up to the epoch; infinite for one without a finite value, and nil without trials.
        public var value: Double? { number?.value }
    }

    /// The id, `s3f09c1aa`.
    public let id: String
    /// The id of the battery; nil if it is missing or malformed.
    public let battery: String?
    /// The name of the battery; nil if its hash is missing or malformed.
    public let batteryName: String?
    /// The version of the battery.
    public let batteryVersion: Int?
    /// The name of the search.
    public package(set) var name: String
    /// The seed, a decimal of up to 64 bits, kept as text because a double cannot hold all of them.
    public let seed: String
    /// The name of the sampler, such as `tpe`; nil if the declaration names none.
    public let sampler: String?
    /// The objective of the battery; nil if it is not known.
    public let objective: String?
    /// The better direction of the objective; nil if it is not known, and no trial is then the best.
    public let direction: Direction?
    /// The time of the declaration, in Unix milliseconds.
    public let created: Int64?
    /// The latest declaration that differs from the first one; nil if there is none. It has no effect.
    public package(set) var conflict: String?
    /// The number of trials that were declared.
    public let trialCount: Int
    /// The number of those that a process has got.
    public let givenCount: Int
    /// The number of trials that a process has started, and that have not ended.
    public let runningCount: Int
    /// The number of trials that a process has got and not started yet.
    public let unstartedCount: Int
    /// The number of trials whose process is lost, or silent for its lease. They are given to other processes.
    public let lostCount: Int
    /// The number of trials that have ended.
    public let endedCount: Int
    /// The number of trials in the history that are done.
    public let doneCount: Int
    /// The number of trials in the history that were stopped.
    public let stoppedCount: Int
    /// The number of trials in the history that have failed.
    public let failedCount: Int
    /// The number of ends that did not count, because their process had lost the trial.
    public let refusedCount: Int
    /// The number of enqueued points.
    public let pointCount: Int
    /// The number of those that a trial has got.
    public let givenPointCount: Int
    /// The stopping rule; nil without one.
    package let rule: StoppingRule?
    /// The rungs of the stopping rule, ascending.
    public let rungs: [Rung]
    /// The epochs that the ended trials of the history have run.
    public let epochs: Int
    /// The epochs that the stopped trials have not run, up to those of a full training.
    public let savedEpochs: Int
    /// The best trial that is done or was stopped; nil until one has a finite value.
    public package(set) var best: Trial?
    /// The best values so far, in the order of the ends.
    public let improvements: [Improvement]

    /// Returns the search without hyper-parameters, whose names and values may tell of persons and places.
    ///
    /// - Parameter replace: returns a text without them.
    package func anonymous(_ replace: (String) -> String) -> SearchReport {
        var search = self
        search.name = replace(name)
        search.conflict = conflict.map(replace)
        search.best?.params = []
        return search
    }

    /// The number of ended trials in the history, which keeps about the latest 100,000 entries.
    public var historyCount: Int { doneCount + stoppedCount + failedCount }
    /// The part of ``savedEpochs`` of the epochs that the ended trials would have run without the stopping rule; nil without epochs.
    public var savedShare: Double? {
        epochs + savedEpochs > 0 ? Double(savedEpochs) / Double(epochs + savedEpochs) : nil
    }
}

/// The searches of a battery, or one search.
public struct SearchList: Sendable, Hashable {
    /// The name or id that was asked for.
    package let subject: String
    /// The searches, the oldest first.
    public package(set) var searches: [SearchReport]
    /// The malformed values that were left out and the declarations without effect, one sentence each.
    public let warnings: [String]
}
