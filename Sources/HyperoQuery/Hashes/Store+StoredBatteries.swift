import HyperoRedis
import HyperoSchema

extension Store {
    /// Reads all batteries, sorted by name, version and time of creation. Two round trips: the ids, then the hashes.
    ///
    /// Reads the hashes of all ids, not only of the ids that begin with the slug of a name, because other clients may
    /// choose their own ids.
    func storedBatteries(warnings: inout [String]) throws(QueryError) -> [StoredBattery] {
        let found = try probePartitions(
            { keyspace, pipeline in
                (
                    pipeline.append("ZRANGE", keyspace.batteries, "0", "-1", in: keyspace, as: .strings),
                    layout.explicit == nil ? appendExistence(of: keyspace, to: &pipeline) : nil
                )
            }, fallback: [], warnings: &warnings)
        var pipeline = CommandPipeline()
        var hashes: [(keyspace: Keyspace, id: BatteryID, hash: PendingReply<[String?]>)] = []
        for (keyspace, ids) in found {
            for text in ids {
                guard let id = BatteryID(text) else {
                    warnings.append("\(keyspace.batteries): '\(printable(text))' is not a battery id")
                    continue
                }
                let hash = pipeline.append(
                    arguments: ["HMGET", keyspace.battery(id)] + StoredBattery.fields, in: keyspace,
                    as: .optionalStrings)
                hashes.append((keyspace, id, hash))
            }
        }
        try connections.run(pipeline)
        var batteries: [BatteryID: StoredBattery] = [:]
        for (keyspace, id, hash) in hashes {
            let values = try hash.value(or: [], warnings: &warnings)
            guard !values.isEmpty,
                let battery = StoredBattery(id: id, in: keyspace, values: values, warnings: &warnings)
            else { continue }
            batteries[id]?.merge(battery)
            if batteries[id] == nil { batteries[id] = battery }
        }
        return batteries.values.sorted {
            ($0.name, $0.version, $0.created ?? 0, $0.id.text) < ($1.name, $1.version, $1.created ?? 0, $1.id.text)
        }
    }
}
