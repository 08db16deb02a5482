import HyperoRedis
import HyperoSchema

extension Store {
    /// Reads the experiments of a ranking: HGETALL of each, or HMGET of the fields that are shown.
    func rows(
        _ top: [RankedExperiment], of declarations: [Declaration], fields: [String]?, _ warnings: inout [String]
    ) throws(QueryError) -> [Leaderboard.Row] {
        let wanted = fields.map { [ExperimentField.status, ExperimentField.maxEpoch] + $0 }
        var batch = CommandPipeline()
        let answers = top.map { ranked in
            ExperimentID(ranked.experiment).map { id in
                let key = ranked.keyspace.experiment(id)
                guard let wanted else {
                    return batch.ask(ranked.keyspace, "HGETALL", key) { reply throws(RedisError) in
                        try reply.pairs()
                    }
                }
                return batch.ask(ranked.keyspace, ["HMGET", key] + wanted) { reply throws(RedisError) in
                    zip(wanted, try reply.strings()).compactMap { name, value in value.map { (name, $0) } }
                }
            }
        }
        try session.run(batch)
        let batteries = Dictionary(declarations.map { ($0.id, $0) }) { first, _ in first }
        var rows: [Leaderboard.Row] = []
        rows.reserveCapacity(top.count)
        for (ranked, answer) in zip(top, answers) {
            guard let battery = batteries[ranked.battery] else { continue }
            var pairs: [(name: String, value: String)] = []
            if let answer {
                pairs = try session.checked { () throws(RedisError) in try answer.value(or: [], &warnings) }
            }
            if pairs.isEmpty {
                warnings.append("the experiment '\(printable(ranked.experiment))' is ranked, but its hash says nothing")
            }
            var reader = HashReader(key: "the experiment '\(printable(ranked.experiment))'", pairs)
            let hash = ExperimentHash(&reader)
            warnings += reader.warnings
            rows.append(
                Leaderboard.Row(
                    rank: rows.count + 1, experiment: ranked.experiment, battery: battery.id.text, name: battery.name,
                    version: battery.version, value: ranked.value, status: hash.status, epoch: hash.epoch,
                    maxima: hash.maxima, params: hash.params, meta: hash.meta, fields: hash.fields))
        }
        return rows
    }
}
