import HyperoRedis
import HyperoSchema

extension Deletion {
    /// Writes the indexes of an experiment again, after all keys of its battery were removed and some of them written since:
    /// HGETALL experiment, HGET curve epoch, then ZADD experiments NX, ZADD rank:<channel> for each channel, ZADD columns NX.
    ///
    /// - Returns: false if the state must be read again, or if a shutdown is requested.
    func restore(
        _ experiment: ExperimentID, in battery: BatteryID, fence: inout Fence, over connection: inout RedisConnection
    ) throws(RedisError) -> Bool {
        guard !isShutdownRequested() else { return false }
        var hash = try connection.hash(at: keyspace.experiment(experiment))
        if let error = hash.error, error.code != .wrongType { throw error }
        guard hash.error == nil, hash.isComplete else { return true }
        let fields = try hash.pairs()
        let values = Dictionary(fields.map { (ExactText($0.name), $0.value) }) { $1 }
        guard values[ExactText(ExperimentField.battery)] == battery.text else { return true }
        let found = UnlistedExperiment(fields: fields)
        let started = String(found.started ?? clock)
        var columns = found.columns
        if let epoch = values[ExactText(ExperimentField.epochs)] {
            var row = try connection.call("HGET", keyspace.curve(of: experiment), epoch)
            let text = row.error == nil ? try row.string() : nil
            columns += text.flatMap { CurveRow(text: $0) }?.cells.map { Prefix.curve + $0.channel } ?? []
        }
        var rankings = Rankings()
        for column in found.columns {
            guard let channel = column.dropping(prefix: Prefix.max) else { continue }
            let number = values[ExactText(column)].flatMap { text in
                Array(text.utf8).withUnsafeBufferPointer { Number($0) }
            }
            guard let number, number.isFinite else { continue }
            rankings.set(CurveRow.Cell(channel, number), of: experiment)
        }
        let changes = rankings.changes { [keyspace] in keyspace.rank(of: battery, by: $0) }
        let keys =
            [keyspace.experiments(of: battery)] + (columns.isEmpty ? [] : [keyspace.columns(of: battery)])
            + changes.map(\.key)
        return try commit([], keys: keys, fence: &fence, over: &connection) { [keyspace] writer in
            writer.command("ZADD", keyspace.experiments(of: battery), "NX", started, experiment.text)
            if !columns.isEmpty {
                writer.add(
                    "ZADD", key: keyspace.columns(of: battery), ["NX"] + columns.flatMap { [started, $0] })
            }
            for change in changes { writer.add(change) }
        }
    }
}
