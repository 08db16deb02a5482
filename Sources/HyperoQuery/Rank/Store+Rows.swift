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
        let requested = fields.map {
            [
                ExperimentField.status, ExperimentField.updated, ExperimentField.producer, ExperimentField.maxEpoch,
                stored,
            ] + $0
        }
        let isRequested = fields?.contains { $0.hasSameBytes(as: stored) } ?? true
        var pipeline = CommandPipeline()
        var producers = ProducerTimes()
        // nil for a member that is not an experiment id, because it has no hash.
        let hashes = ranked.map { member in
            ExperimentID(member.experiment).map { id in
                producers.append(for: id, in: member.keyspace, to: &pipeline)
                let key = member.keyspace.experiment(id)
                guard let requested else { return pipeline.append("HGETALL", key, in: member.keyspace, as: .pairs) }
                return pipeline.append(
                    arguments: ["HMGET", key] + requested, in: member.keyspace,
                    as: ReplyReader { reply throws(RedisError) in
                        zip(requested, try reply.strings(count: requested.count)).compactMap { name, value in
                            value.map { (name, $0) }
                        }
                    })
            }
        }
        try connections.run(pipeline)
        var found: [(member: RankedExperiment, hash: ExperimentHash, text: String?)] = []
        found.reserveCapacity(ranked.count)
        var resumed = CommandPipeline()
        for (member, pending) in zip(ranked, hashes) {
            let source = "experiment '\(printable(member.experiment))'"
            var pairs = try pending?.value(or: [], warnings: &warnings) ?? []
            if pairs.isEmpty { warnings.append("\(source) is ranked, but its hash is missing") }
            let text = pairs.first { $0.name.hasSameBytes(as: stored) }?.value
            if !isRequested { pairs.removeAll { $0.name.hasSameBytes(as: stored) } }
            var reader = HashReader(pairs, source: source)
            let hash = ExperimentHash(&reader)
            warnings += reader.warnings
            producers.append(for: hash, in: member.keyspace, to: &resumed)
            found.append((member, hash, text))
        }
        try connections.run(resumed)
        let batteriesByID = Dictionary(batteries.map { ($0.id, $0) }) { first, _ in first }
        Self.sortEqualScores(of: &found, highestFirst: highestFirst)
        var rows: [Leaderboard.Row] = []
        rows.reserveCapacity(found.count)
        for (member, hash, text) in found {
            guard let battery = batteriesByID[member.battery] else { continue }
            let liveness = try liveness(
                of: hash, id: ExperimentID(member.experiment), in: member.keyspace, producers: producers)
            let number = member.number(stored: text)
            let isTie = rows.last.map { last in
                guard last.value == member.value else { return false }
                guard let left = wholeText(of: last.number), let right = wholeText(of: number) else { return true }
                return left == right
            }
            let rank = isTie ?? false ? rows[rows.count - 1].rank : rows.count + 1
            rows.append(
                Leaderboard.Row(
                    rank: rank, experiment: member.experiment, battery: battery.id.text,
                    batteryName: battery.name, batteryVersion: battery.version, number: number,
                    liveness: liveness, bestEpoch: member.point?.epoch ?? hash.bestEpoch, maxima: hash.maxima,
                    params: hash.params, meta: hash.meta, fields: hash.fields))
        }
        return rows
    }

    /// Sorts experiments of equal scores by their whole numbers: a score is a double, which is equal for 2^53 and 2^53 + 1. The
    /// order of all others stays.
    private static func sortEqualScores(
        of found: inout [(member: RankedExperiment, hash: ExperimentHash, text: String?)], highestFirst: Bool
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
