import HyperoRedis
import HyperoSchema

extension Verifier {
    /// Checks that rankings have no further members than the experiments that were found in them: ZCARD rank:<channel>, and for those
    /// with another number ZRANGE rank:<channel>, HMGET experiment battery max.<channel>.
    func checkRankings(of battery: StoredBattery, counts: RankCounts) throws(QueryError) {
        var pipeline = CommandPipeline()
        var sizes: [(channel: ExactText, count: Int, size: PendingReply<Int>)] = []
        for (keyspace, channels) in counts {
            for (channel, count) in channels {
                let key = keyspace.rank(of: battery.id, by: channel.text)
                sizes.append((channel, count, pipeline.append("ZCARD", key, in: keyspace, as: .count)))
            }
        }
        try store.connections.run(pipeline)
        var (unequal, present): (Set<ExactText>, Set<ExactText>) = ([], [])
        for (channel, count, size) in sizes {
            let size = try value(of: size, or: 0)
            if size > 0 { present.insert(channel) }
            if size != count { unequal.insert(channel) }
        }
        rankingCount += present.count
        for channel in unequal.sorted() where !isFull { try checkMembers(of: battery, by: channel.text) }
    }

    /// Checks that each member of a ranking is an experiment with a finite value.
    func checkMembers(of battery: StoredBattery, by channel: String) throws(QueryError) {
        let field = Prefix.max + channel
        let scan = ExperimentScan(
            order: .ranking(by: channel, highestFirst: false), fields: [ExperimentField.battery, field])
        var found: [String] = []
        try store.scan([battery], scan, warnings: &found) { (experiments) throws(QueryError) in
            for experiment in experiments where !isFull {
                guard !isRanked(experiment.values, in: battery.id) else { continue }
                try confirm(experiment.member, in: battery.id, by: channel)
            }
            return isFull ? .stop : .next
        }
        warnings += found
    }

    private func isRanked(_ values: [String?], in battery: BatteryID) -> Bool {
        guard values.count >= 2, values[0] == battery.text else { return false }
        return values[1].flatMap { Number(text: $0) }?.isFinite == true
    }

    /// Reads a member of a ranking again: HMGET experiment battery max.<channel>, ZSCORE rank:<channel> id, HMGET experiment …, until
    /// both are equal.
    private func confirm(
        _ member: ScanMember, in battery: BatteryID, by channel: String
    ) throws(QueryError) {
        let keyspace = member.keyspace
        let key = keyspace.rank(of: battery, by: channel)
        for _ in 0..<Self.maxAttempts {
            var pipeline = CommandPipeline()
            func appendHash() -> PendingReply<[String?]>? {
                member.id.map { id in
                    pipeline.append(
                        arguments: [
                            "HMGET", keyspace.experiment(id), ExperimentField.battery, Prefix.max + channel,
                        ], in: keyspace, as: .optionalStrings)
                }
            }
            let before = appendHash()
            let score = pipeline.append("ZSCORE", key, member.experiment, in: keyspace, as: .string)
            let deleted = pipeline.append("ZSCORE", keyspace.deleted, member.experiment, in: keyspace, as: .string)
            let after = appendHash()
            try store.connections.run(pipeline)
            let values = try before.map { (reply) throws(QueryError) in try value(of: reply, or: [nil, nil]) } ?? []
            let latest = try after.map { (reply) throws(QueryError) in try value(of: reply, or: [nil, nil]) } ?? []
            guard values == latest else { continue }
            guard before?.isOfWrongType != true else { return }
            guard let score = try self.score(score), !isRanked(values, in: battery) else { return }
            let time = try time(deleted)
            let reason =
                switch (member.id == nil, values.first ?? nil, values.last ?? nil) {
                case (true, _, _): "which is not an id"
                case (_, nil, nil):
                    "whose hash is missing" + (time.map { ", and which was deleted at \(dateText($0))" } ?? "")
                case (_, battery.text, nil): "whose hash lacks the value"
                case (_, battery.text, let text?): "whose hash has \(printable(text, limit: 40))"
                case (_, nil, _): "whose hash does not name its battery"
                case (_, let other?, _): "whose hash names battery '\(printable(other, limit: 80))'"
                }
            add(
                Difference(
                    check: .rankings, partition: keyspace.tag, battery: battery.text, experiment: member.id?.text,
                    key: key, field: member.experiment, expected: nil, found: ExperimentEvidence.text(score),
                    message:
                        "the ranking by '\(printable(channel, limit: 80))' has \(ExperimentEvidence.text(score)) of the "
                        + "member, \(reason)", isDerivable: true))
            return
        }
    }
}
