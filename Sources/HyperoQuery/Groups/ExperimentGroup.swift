import HyperoSchema

/// Experiments with equal values of the grouping fields, while they are read.
struct ExperimentGroup {
    /// The values of the fields as stored, each in the spelling that was read first.
    let stored: [String?]
    /// The experiment with the best value.
    let best: RankedExperiment
    /// The values of the channel.
    private(set) var values: [Double]
    /// Those of ``values`` from which the noise is estimated.
    private(set) var settledValues: [Double]
    /// The number of experiments without a finite value.
    fileprivate(set) var unrankedCount = 0

    /// Creates the group of its best experiment.
    fileprivate init(stored: [String?], best: RankedExperiment, isSettled: Bool) {
        self.stored = stored
        self.best = best
        values = [best.value]
        settledValues = isSettled ? values : []
    }

    fileprivate mutating func add(_ value: Double, isSettled: Bool) {
        values.append(value)
        if isSettled { settledValues.append(value) }
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

        /// - Parameter isSettled: true if the value counts for the noise.
        mutating func add(_ experiment: RankedExperiment, stored: [String?], isSettled: Bool) {
            let key = stored.map { $0.flatMap(GroupValue.init(stored:)) }
            if let index = indexes[key] {
                groups[index].add(experiment.value, isSettled: isSettled)
            } else {
                indexes[key] = groups.count
                groups.append(
                    ExperimentGroup(
                        stored: firstSpellings(of: stored, key: key), best: experiment, isSettled: isSettled))
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
    /// Estimates the noise from those members of the groups that are done.
    init?(groups: [ExperimentGroup]) { self.init(replicas: groups.map { Spread($0.settledValues) }) }
}
