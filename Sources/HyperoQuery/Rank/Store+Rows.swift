import HyperoRedis
import HyperoSchema

extension Store {
    /// Reads the hashes of ranked experiments, HGETALL of each or HMGET of the requested fields, and the times of their
    /// producers. One round trip, and one more if other producers than those in the ids have resumed running experiments.
    func rows(
        of ranked: [RankedExperiment], by channel: String, highestFirst: Bool, in batteries: [StoredBattery],
        fields: [String]?, warnings: inout [String]
    ) throws(QueryError) -> [Leaderboard.Row] {
        let stored = Prefix.max + channel
        let request = HashRequest(fields: fields.map { _ in [] }, hasLiveness: true, of: batteries) { _ in
            [ExperimentField.maxEpoch, stored] + (fields ?? [])
                + (fields?.contains(where: OwnField.spans.contains) ?? false ? OwnField.spanSources : [])
        }
        let isRequested = fields?.contains { $0.hasSameBytes(as: stored) } ?? true
        let chunk = HashChunk(ScanMember.members(of: ranked, in: batteries), request)
        var pipeline = CommandPipeline()
        chunk.append(to: &pipeline, readsProducers: true)
        try connections.run(pipeline)
        var resumed = CommandPipeline()
        chunk.appendProducers(to: &resumed, all: false)
        try connections.run(resumed)
        var found: [FoundRow] = []
        found.reserveCapacity(ranked.count)
        for (member, experiment) in zip(ranked, try chunk.experiments(in: self, warnings: &warnings)) {
            if experiment.isEmpty { warnings.append("\(experiment.source) is ranked, but its hash is missing") }
            var pairs = experiment.pairs
            let text = experiment[stored]
            if !isRequested { pairs.removeAll { $0.name.hasSameBytes(as: stored) } }
            var reader = HashReader(pairs, source: experiment.source)
            let hash = ExperimentHash(&reader)
            warnings += reader.warnings
            found.append(
                FoundRow(
                    member: member, battery: experiment.battery, hash: hash, text: text,
                    liveness: experiment.liveness ?? .unknown))
        }
        // Otherwise the rows are in another order than that of the values.
        let isInOrder = ranked.allSatisfy { $0.rank == nil }
        if isInOrder { Self.sortEqualScores(of: &found, highestFirst: highestFirst) }
        var rows: [Leaderboard.Row] = []
        rows.reserveCapacity(found.count)
        for row in found {
            let (member, hash, battery) = (row.member, row.hash, batteries[row.battery])
            let number = member.number(stored: row.text)
            let isTie = rows.last.map { last in
                guard last.value == member.value else { return false }
                guard let left = wholeText(of: last.number), let right = wholeText(of: number) else { return true }
                return left == right
            }
            let rank = member.rank ?? (isTie ?? false ? rows[rows.count - 1].rank : rows.count + 1)
            rows.append(
                Leaderboard.Row(
                    rank: rank, experiment: member.experiment, battery: battery.id.text,
                    batteryName: battery.name, batteryVersion: battery.version, number: number,
                    liveness: row.liveness, bestEpoch: member.point?.epoch ?? hash.bestEpoch, maxima: hash.maxima,
                    params: hash.params, meta: hash.meta, fields: hash.fields))
        }
        return rows
    }

    /// A ranked experiment whose hash was read.
    private struct FoundRow {
        let member: RankedExperiment
        /// The index of the battery.
        let battery: Int
        let hash: ExperimentHash
        /// The stored text of the ranked value.
        let text: String?
        let liveness: Liveness
    }

    /// Sorts experiments of equal scores by their whole numbers: a score is a double, which is equal for 2^53 and 2^53 + 1. The
    /// order of all others stays.
    private static func sortEqualScores(
        of found: inout [FoundRow], highestFirst: Bool
    ) {
        var start = 0
        while start < found.count {
            let value = found[start].member.value
            let end = found[start...].firstIndex { $0.member.value != value } ?? found.count
            if abs(value) >= 0x1p53, end - start > 1 {
                let numbers = found[start..<end].compactMap { wholeText(of: $0.member.number(stored: $0.text)) }
                if numbers.count == end - start {
                    let order = numbers.indices.sorted { left, right in
                        guard numbers[left] != numbers[right] else { return left < right }
                        return isLess(numbers[right], than: numbers[left]) == highestFirst
                    }
                    found.replaceSubrange(start..<end, with: order.map { found[start + $0] })
                }
            }
            // A value that is nan equals no other one.
            start = max(end, start + 1)
        }
    }
}
