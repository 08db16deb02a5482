import HyperoRedis
import HyperoSchema

extension Store {
    /// Returns the ids of the experiments that a rule covers, the oldest of each battery first.
    ///
    /// Reads the fields that the rule needs of all experiments, 500 per round trip. The best experiments follow from the hashes and
    /// not from the rankings, so that a ranking that was removed does not cost the best experiments.
    ///
    /// Fails if a partition does not answer, as ``experimentIDs(of:version:where:)`` does.
    ///
    /// - Parameter warnings: receives the experiments that cannot be read, which are never covered.
    /// - Throws: as ``experimentIDs(of:version:where:)`` does.
    package func experimentIDs(
        coveredBy rule: RetentionRule, warnings: inout [String]
    ) throws(QueryError) -> [String] {
        var found: [String] = []
        let ids = try answer(from: .all) { () throws(QueryError) in
            found = []
            return try allIDs(coveredBy: rule, warnings: &found)
        }
        warnings += found
        return ids
    }

    private func allIDs(coveredBy rule: RetentionRule, warnings: inout [String]) throws(QueryError) -> [String] {
        guard let battery = rule.battery else {
            var ids: [String] = []
            for battery in try storedBatteries(warnings: &warnings) {
                ids += try experimentIDs(of: [battery], coveredBy: rule, warnings: &warnings)
            }
            return ids
        }
        let batteries = try storedBatteries(of: battery, version: rule.version, warnings: &warnings)
        return try experimentIDs(of: batteries, coveredBy: rule, warnings: &warnings)
    }

    private func experimentIDs(
        of batteries: [StoredBattery], coveredBy rule: RetentionRule, warnings: inout [String]
    ) throws(QueryError) -> [String] {
        let bound = try bind(rule.filter, to: batteries, warnings: &warnings)
        let request = Self.request(
            of: bound, adding: rule.fields, hasLiveness: true, in: batteries,
            more: { [Prefix.max + $0.objective] })
        var best = batteries.map { BestExperiments(limit: rule.best, direction: $0.direction) }
        var covered: [ScanMember] = []
        var problems: [String] = []
        var walk = MemberWalk(.unordered, over: batteries, firstPage: 4 * ExperimentScan.maxChunk)
        let now = clock()
        try scan(&walk, request, firstChunk: ExperimentScan.maxChunk, warnings: &warnings) {
            (experiments) throws(QueryError) in
            let ranks = try ranks(of: experiments, for: bound, in: batteries)
            for (index, experiment) in experiments.enumerated() {
                guard experiment[ExperimentField.battery] == batteries[experiment.battery].id.text else {
                    if !experiment.names.isEmpty {
                        addScanWarning("\(experiment.source) is left out, because its hash is missing", to: &problems)
                    }
                    continue
                }
                let value = experiment[Prefix.max + batteries[experiment.battery].objective].flatMap {
                    Number(text: $0)
                }
                if let value, value.isFinite {
                    best[experiment.battery].add(experiment.experiment, value: value.value)
                }
                guard rule.covers(experiment, now: now), bound?.holds(for: experiment, rank: ranks[index]) ?? true
                else { continue }
                covered.append(experiment.member)
            }
            return .next
        }
        for problem in problems { addScanWarning(problem, to: &warnings) }
        let kept = best.map { Set($0.experiments) }
        return covered.filter { !kept[$0.battery].contains($0.experiment) }.map(\.experiment)
    }
}

/// The best experiments of a battery among those that were added, in the order of its ranking.
struct BestExperiments {
    private let limit: Int
    private let direction: Direction
    private var found: [(experiment: String, value: Double)] = []

    /// - Parameter limit: the number of experiments.
    init(limit: Int, direction: Direction) {
        self.limit = limit
        self.direction = direction
    }

    /// Adds an experiment with a finite value.
    mutating func add(_ experiment: String, value: Double) {
        guard limit > 0 else { return }
        found.append((experiment, value))
        // So that the memory and the work per experiment are bounded.
        if found.count >= 2 * limit + 1_024 { shorten() }
    }

    /// The experiments.
    var experiments: [String] {
        var copy = self
        copy.shorten()
        return copy.found.map(\.experiment)
    }

    private mutating func shorten() {
        found.sort { left, right in
            guard left.value == right.value else { return direction.prefers(left.value, over: right.value) }
            // The order of Redis among equal values.
            let (first, second) = direction == .max ? (right, left) : (left, right)
            return first.experiment.utf8.lexicographicallyPrecedes(second.experiment.utf8)
        }
        if found.count > limit { found.removeLast(found.count - limit) }
    }
}
