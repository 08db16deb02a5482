import HyperoRedis
import HyperoSchema

/// The status of a ranked experiment, and its value with the digits as stored.
struct RankedState {
    let liveness: Liveness
    let number: Number
}

extension Store {
    private static let stateFields = [ExperimentField.status, ExperimentField.updated, ExperimentField.producer]

    /// Reads the states of ranked experiments, each with the channel of its ranking. One round trip per 1,000 commands, and one
    /// more if other producers than those in the ids have resumed running experiments.
    func states(
        of ranked: [(member: RankedExperiment, channel: String)], warnings: inout [String]
    ) throws(QueryError) -> [RankedState] {
        var pipeline = CommandPipeline()
        var producers = ProducerTimes()
        // nil for a member that is not an experiment id, because it has no hash.
        let hashes = ranked.map { member, channel in
            ExperimentID(member.experiment).map { id in
                producers.append(for: id, in: member.keyspace, to: &pipeline)
                return pipeline.append(
                    arguments: ["HMGET", member.keyspace.experiment(id)] + Self.stateFields + [Prefix.max + channel],
                    in: member.keyspace, as: .optionalStrings)
            }
        }
        try connections.run(pipeline)
        var found: [(hash: ExperimentHash, number: Number)] = []
        var resumed = CommandPipeline()
        for ((member, _), pending) in zip(ranked, hashes) {
            let values = try pending?.value(or: [], warnings: &warnings) ?? []
            let fields = zip(Self.stateFields, values).compactMap { name, value in
                value.map { (name: name, value: $0) }
            }
            var reader = HashReader(fields, source: "experiment '\(printable(member.experiment))'")
            let hash = ExperimentHash(&reader)
            warnings += reader.warnings
            producers.append(for: hash, in: member.keyspace, to: &resumed)
            let stored = values.count > Self.stateFields.count ? values.last ?? nil : nil
            found.append((hash, member.number(stored: stored)))
        }
        try connections.run(resumed)
        return try zip(ranked, found).map { ranked, found throws(QueryError) in
            RankedState(
                liveness: try liveness(
                    of: found.hash, id: ExperimentID(ranked.member.experiment), in: ranked.member.keyspace,
                    producers: producers), number: found.number)
        }
    }
}
