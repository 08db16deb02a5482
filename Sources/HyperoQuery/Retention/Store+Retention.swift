import HyperoRedis
import HyperoSchema

extension Store {
    /// Selects the experiments that a rule covers.
    ///
    /// Reads the fields that the rule needs of all experiments, 500 per round trip. The best experiments follow from the hashes and
    /// not from the rankings, so that a ranking that was removed does not cost the best experiments.
    ///
    /// Ages are measured by the clock of the server. Fails if a partition does not answer, as ``experimentIDs(of:version:where:)``
    /// does, and if events wait for long, which may be signs of life. A battery whose best experiments are unknown is left out.
    ///
    /// - Parameter warnings: receives the experiments that cannot be read, which are never covered, and the batteries that are left
    ///   out.
    /// - Throws: as ``experimentIDs(of:version:where:)`` does.
    package func experiments(
        coveredBy rule: RetentionRule, warnings: inout [String]
    ) throws(QueryError) -> RetentionSelection {
        var found: [String] = []
        let selection = try answer(from: .all) { () throws(QueryError) in
            found = []
            return try select(rule, warnings: &found)
        }
        warnings += found
        return selection
    }

    private func select(
        _ rule: RetentionRule, warnings: inout [String]
    ) throws(QueryError) -> RetentionSelection {
        let batteries =
            if let battery = rule.battery {
                try storedBatteries(of: battery, version: rule.version, warnings: &warnings)
            } else {
                try storedBatteries(warnings: &warnings)
            }
        let offset = try clockOffset(ofUpToDate: Set(batteries.flatMap(\.keyspaces)), warnings: &warnings)
        let usual = clock
        clock = { usual() + offset }
        defer { clock = usual }
        // The batteries of a name may share a condition on fields that only one of them has.
        let groups = rule.battery == nil ? batteries.map { [$0] } : [batteries]
        let undeclared = rule.best > 0 ? try batteriesWithoutDirection(of: batteries) : []
        var selection = RetentionSelection()
        for group in groups {
            let group = group.filter { battery in
                guard rule.best > 0, let reason = battery.unknownBest(isUndeclared: undeclared.contains(battery.id))
                else { return true }
                warnings.append(reason)
                return false
            }
            if !group.isEmpty { try select(rule, of: group, in: &selection, warnings: &warnings) }
        }
        return selection
    }

    /// Returns the batteries whose direction may be a guess that says nothing: HMGET battery direction.<objective>.
    ///
    /// The direction of an objective such as `energy` counts as declared if it is not the one of such a guess, or if it is also
    /// declared by the name of the channel.
    private func batteriesWithoutDirection(of batteries: [StoredBattery]) throws(QueryError) -> Set<BatteryID> {
        var pipeline = CommandPipeline()
        var found: [(BatteryID, PendingReply<[String?]>)] = []
        for battery in batteries
        where Direction.isAmbiguous(named: battery.objective)
            && battery.direction == Direction(ofObjectiveNamed: battery.objective)
        {
            for keyspace in battery.keyspaces {
                let field = Prefix.direction + battery.objective
                let reply = pipeline.append(
                    "HMGET", keyspace.battery(battery.id), field, in: keyspace, as: .optionalStrings)
                found.append((battery.id, reply))
            }
        }
        guard !found.isEmpty else { return [] }
        try connections.run(pipeline)
        var ids = Set(found.map(\.0))
        for (id, reply) in found {
            if try reply.valueIfPermitted()?.first.flatMap(\.self) != nil { ids.remove(id) }
        }
        return ids
    }

    private func select(
        _ rule: RetentionRule, of batteries: [StoredBattery], in selection: inout RetentionSelection,
        warnings: inout [String]
    ) throws(QueryError) {
        let bound = try bind(rule.filter, to: batteries, warnings: &warnings)
        let request = Self.request(
            of: bound, adding: rule.fields, hasLiveness: true, in: batteries,
            more: { [Prefix.max + $0.objective] })
        var best = batteries.map { BestExperiments(limit: rule.best, direction: $0.direction) }
        var totals = batteries.map { _ in 0 }
        var covered: [(member: ScanMember, stamp: String?, silence: Int64?)] = []
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
                totals[experiment.battery] += 1
                let value = experiment[Prefix.max + batteries[experiment.battery].objective].flatMap {
                    Number(text: $0)
                }
                if let value, value.isFinite {
                    best[experiment.battery].add(experiment.experiment, value: value.value)
                }
                guard rule.covers(experiment, now: now), bound?.holds(for: experiment, rank: ranks[index]) ?? true
                else { continue }
                let liveness = experiment.liveness
                let lastSeen = liveness?.status == .lost ? liveness?.lastSeen : nil
                let silence = lastSeen.map { now.subtractingReportingOverflow($0).partialValue }
                covered.append((experiment.member, experiment.stamp, silence))
            }
            return .next
        }
        for problem in problems { addScanWarning(problem, to: &warnings) }
        let kept = best.map { Set($0.experiments) }
        var hasBest = batteries.map { _ in true }
        for (index, battery) in batteries.enumerated() where rule.best > 0 && kept[index].isEmpty {
            guard covered.contains(where: { $0.member.battery == index }) else { continue }
            hasBest[index] = false
            warnings.append(
                "\(battery.title) is left out: no experiment has a finite value of '\(printable(battery.objective))', the objective, so "
                    + "that none is the best")
        }
        for (member, stamp, silence) in covered
        where hasBest[member.battery] && !kept[member.battery].contains(member.experiment) {
            selection.add(member, stamp: stamp)
            if let silence { selection.lost[member.experiment] = durationText(silence) }
        }
        guard rule.best > 0 else { return }
        for (index, battery) in batteries.enumerated() where hasBest[index] && totals[index] > 0 {
            selection.best.append(
                RetentionSelection.Best(
                    name: battery.name, version: battery.version, count: kept[index].count, total: totals[index],
                    objective: battery.objective, direction: battery.direction))
        }
    }
}

extension StoredBattery {
    fileprivate var title: String { "battery '\(printable(name))' version \(version) (\(id.text))" }

    /// The warning that the best experiments of the battery are unknown, because partitions disagree or lack the objective; nil if
    /// they are known.
    ///
    /// - Parameter isUndeclared: true if the direction may be a guess that says nothing.
    fileprivate func unknownBest(isUndeclared: Bool) -> String? {
        let texts = Set(declarations.values.map { $0.text ?? "none" }).sorted()
        if texts.count > 1 {
            return "\(title) is left out: its partitions declare different objectives, "
                + texts.map { printable($0) }.joined(separator: " and ") + ", so that the best are unknown"
        }
        guard !lacksDirection, declarations.values.allSatisfy({ $0.objective != nil }) else {
            return "\(title) is left out: its hash lacks the objective or its direction, so that the best are unknown"
        }
        guard isUndeclared else { return nil }
        return
            "\(title) is left out: keep-best needs a direction, and the name of '\(printable(objective))', the objective, does not "
            + "tell it. Declare the battery again with the direction max if the highest is the best, or a new version with min"
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
