import HyperoRedis
import HyperoSchema

extension Store {
    /// Reads all batteries, sorted by name, version and time of creation. Two round trips: the ids, then the hashes.
    ///
    /// Reads the hashes of all ids, not only of the ids that begin with the slug of a name, because other clients may
    /// choose their own ids.
    ///
    /// - Parameter channel: the channel whose declared direction is read too; nil for none.
    func storedBatteries(
        channel: String? = nil, warnings: inout [String]
    ) throws(QueryError) -> [StoredBattery] {
        let found = try probePartitions(
            { keyspace, pipeline in
                (
                    pipeline.append("ZRANGE", keyspace.batteries, "0", "-1", in: keyspace, as: .strings),
                    layout.explicit == nil ? appendExistence(of: keyspace, to: &pipeline) : nil
                )
            }, fallback: [], warnings: &warnings)
        let fields = StoredBattery.fields(channel: channel)
        var pipeline = CommandPipeline()
        var hashes: [(keyspace: Keyspace, id: BatteryID, hash: PendingReply<[String?]>)] = []
        var formats = FormatCheck()
        for (keyspace, ids) in found {
            formats.append(keyspace, to: &pipeline)
            for text in ids {
                guard let id = BatteryID(text) else {
                    warnings.append("\(keyspace.batteries): '\(printable(text))' is not a battery id")
                    continue
                }
                let hash = pipeline.append(
                    arguments: ["HMGET", keyspace.battery(id)] + fields, in: keyspace, as: .optionalStrings)
                hashes.append((keyspace, id, hash))
            }
        }
        try connections.run(pipeline)
        warnings += try formats.warnings()
        var batteries: [BatteryID: StoredBattery] = [:]
        for (keyspace, id, hash) in hashes {
            let values = try hash.value(or: [], warnings: &warnings)
            guard !values.isEmpty,
                let battery = StoredBattery(
                    id: id, in: keyspace, values: values, channel: channel, warnings: &warnings)
            else { continue }
            batteries[id]?.merge(battery)
            if batteries[id] == nil { batteries[id] = battery }
        }
        return batteries.values.sorted {
            ($0.name, $0.version, $0.created ?? 0, $0.id.text) < ($1.name, $1.version, $1.created ?? 0, $1.id.text)
        }
    }

    /// Returns the batteries with a name or id, and with a version if one is given, and warns of declarations of them that
    /// differ. The newest version is last.
    ///
    /// - Parameter channel: the channel whose declared direction is read too; nil for none.
    /// - Throws: ``QueryError/Code/batteryNotFound(_:suggestion:)`` or
    ///   ``QueryError/Code/versionNotFound(_:battery:existing:)``, so the result is never empty.
    func storedBatteries(
        of name: String, version: Int?, channel: String? = nil, warnings: inout [String]
    ) throws(QueryError) -> [StoredBattery] {
        let all = try storedBatteries(channel: channel, warnings: &warnings)
        var selected = all.filter { $0.name.hasSameBytes(as: name) }
        if selected.isEmpty { selected = all.filter { $0.id.text == name } }
        guard !selected.isEmpty else {
            throw QueryError(
                .batteryNotFound(name, suggestion: Suggestion(for: name, among: all.map(\.name))), warnings: warnings)
        }
        if let version {
            let versions = Set(selected.map(\.version)).sorted()
            selected.removeAll { $0.version != version }
            guard !selected.isEmpty else {
                throw QueryError(
                    .versionNotFound(version, battery: name, existing: versions), warnings: warnings)
            }
        }
        warnings += selected.compactMap(\.conflictWarning)
        return selected
    }
}
