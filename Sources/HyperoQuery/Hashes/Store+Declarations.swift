import HyperoRedis
import HyperoSchema

extension Store {
    /// All batteries, by name, version and time of creation. Two round trips: their ids, then their hashes.
    ///
    /// The hashes of all are read and not only of those whose id begins like the name: others may choose their own ids.
    func declarations(_ warnings: inout [String]) throws(QueryError) -> [Declaration] {
        let found = try askEverywhere(
            { batch, keyspace in
                batch.ask(keyspace, "ZRANGE", keyspace.batteries, "0", "-1") { reply throws(RedisError) in
                    try reply.strings().compactMap(\.self)
                }
            }, isThere: { !$0.isEmpty }, &warnings, fallback: [])
        var batch = CommandPipeline()
        var answers: [(keyspace: Keyspace, id: BatteryID, hash: PendingReply<[String?]>)] = []
        for (keyspace, texts) in found {
            for text in texts {
                guard let id = BatteryID(text) else {
                    warnings.append("\(keyspace.batteries) holds '\(printable(text))', which is no battery's id")
                    continue
                }
                let hash = batch.ask(keyspace, ["HMGET", keyspace.battery(id)] + Declaration.fields) {
                    reply throws(RedisError) in try reply.strings()
                }
                answers.append((keyspace, id, hash))
            }
        }
        try session.run(batch)
        var declarations: [BatteryID: Declaration] = [:]
        for (keyspace, id, hash) in answers {
            let values = try session.checked { () throws(RedisError) in try hash.value(or: [], &warnings) }
            guard !values.isEmpty,
                let declaration = Declaration(id: id, in: keyspace, values: values, &warnings)
            else { continue }
            declarations[id]?.merge(declaration)
            if declarations[id] == nil { declarations[id] = declaration }
        }
        return declarations.values.sorted {
            ($0.name, $0.version, $0.created ?? 0, $0.id.text) < ($1.name, $1.version, $1.created ?? 0, $1.id.text)
        }
    }
}
