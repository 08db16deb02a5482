import HyperoSchema

/// Experiments with equal values of the grouping fields, while they are read.
struct ExperimentGroup {
    /// The values of the fields as stored, each in the spelling that was read first.
    let stored: [String?]
    /// The experiment with the best value.
    let best: RankedExperiment
    /// The values of the channel.
    private(set) var values: [Double]
    /// Those of ``values`` whose experiments are done.
    private(set) var doneValues: [Double]
    /// Those of ``doneValues`` whose experiments have had finite values only, in all channels.
    private(set) var finiteValues: [Double]
    /// The number of experiments without a finite value.
    fileprivate(set) var unrankedCount = 0

    /// Creates the group of its best experiment.
    fileprivate init(stored: [String?], best: RankedExperiment, outcome: Outcome) {
        self.stored = stored
        self.best = best
        (values, doneValues, finiteValues) = ([], [], [])
        add(best.value, outcome: outcome)
    }

    fileprivate mutating func add(_ value: Double, outcome: Outcome) {
        values.append(value)
        if outcome.isDone { doneValues.append(value) }
        if outcome.isDone, outcome.isFinite { finiteValues.append(value) }
    }

    /// The properties of an experiment that decide whether its value counts for the noise.
    struct Outcome {
        /// True if the experiment is done: one that has failed, or not ended, is no repetition of a training.
        let isDone: Bool
        /// True if all of its values were finite.
        let isFinite: Bool

        /// - Parameters:
        ///   - isDone: true if the experiment is done.
        ///   - nonfinite: the number of its values that were nan or infinite, as stored; nil for none.
        init(isDone: Bool, nonfinite: String?) {
            self.isDone = isDone
            isFinite = nonfinite.map { $0 == "0" } ?? true
        }
    }

    /// Groups experiments that arrive in the order of the ranking, the best first, and after them those without a rank.
    struct Collection {
        private(set) var groups: [ExperimentGroup] = []
        /// The number of experiments without a finite value, also in groups of which no experiment has one.
        private(set) var unrankedCount = 0
        /// The number of groups of which no experiment has a finite value.
        var emptyGroupCount: Int { emptyGroups.count }

        private var emptyGroups: Set<[GroupValue?]> = []
        private var indexes: [[GroupValue?]: Int] = [:]
        /// The first spelling of each value, by field.
        private var spellings: [[GroupValue: String]] = []

        mutating func add(_ experiment: RankedExperiment, stored: [String?], outcome: Outcome) {
            let key = stored.map { $0.flatMap(GroupValue.init(stored:)) }
            if let index = indexes[key] {
                groups[index].add(experiment.value, outcome: outcome)
            } else {
                indexes[key] = groups.count
                groups.append(
                    ExperimentGroup(
                        stored: firstSpellings(of: stored, key: key), best: experiment, outcome: outcome))
            }
        }

        /// Adds an experiment without a finite value.
        mutating func addUnranked(stored: [String?]) {
            unrankedCount += 1
            let key = stored.map { $0.flatMap(GroupValue.init(stored:)) }
            if let index = indexes[key] {
                groups[index].unrankedCount += 1
            } else {
                emptyGroups.insert(key)
            }
        }

        private mutating func firstSpellings(of stored: [String?], key: [GroupValue?]) -> [String?] {
            if spellings.isEmpty { spellings = key.map { _ in [:] } }
            return key.indices.map { index in
                guard let value = key[index], let text = stored[index] else { return stored[index] }
                if let first = spellings[index][value] { return first }
                spellings[index][value] = text
                return text
            }
        }
    }
}

extension Noise {
    /// Estimates the noise from those members of the groups that are done and had finite values only, or from all that are done if the
    /// former are too few: a channel such as the norm of the gradient may be infinite at times in all of them.
    init?(groups: [ExperimentGroup]) {
        if let noise = Noise(replicas: groups.map { Spread($0.finiteValues) }) {
            self = noise
        } else {
            self.init(replicas: groups.map { Spread($0.doneValues) })
        }
    }
}
