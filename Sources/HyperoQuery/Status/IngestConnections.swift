import HyperoSchema

/// The ingests that are connected to a server, by the names of their connections in CLIENT LIST.
///
/// A standby writes nothing to Redis before it owns a partition. Its connection is the only sign of it.
struct IngestConnections {
    /// The names of the ingests by the hash tag of the partition.
    private var owners: [String: Set<String>] = [:]

    /// - Parameters:
    ///   - list: the reply of CLIENT LIST, one line per connection.
    ///   - database: the database of the partitions. An ingest of another one has the same name and never takes over.
    init(clientList list: String, database: Int) {
        for line in list.split(whereSeparator: \.isNewline) {
            let fields = line.split(separator: " ")
            guard fields.contains("db=\(database)"),
                let name = fields.first(where: { $0.hasPrefix("name=") })?.dropFirst("name=".count),
                let (tag, owner) = Keyspace.ingestConnection(named: String(name))
            else { continue }
            owners[tag, default: []].insert(owner)
        }
    }

    /// Returns the ingests of a partition that do not own it, sorted.
    ///
    /// - Parameter owner: the owner; nil if there is none.
    /// - Returns: nil if neither the owner nor another ingest of the partition is among the connections: their account must not
    ///   name them, or they are connected to another server.
    func standbys(of tag: String, owner: String?) -> [String]? {
        let connected = owners[tag] ?? []
        if owner != nil, connected.isEmpty { return nil }
        return connected.filter { $0 != owner }.sorted()
    }

    /// Returns whether the owner of a partition has lost its connection, as after a kill, until its lease expires. Only the names
    /// of other ingests show that the owner would have one.
    func isGone(_ owner: String, of tag: String) -> Bool {
        let connected = owners[tag] ?? []
        return !connected.isEmpty && !connected.contains(owner)
    }
}

extension StoreStatus {
    /// The standbys by process, one text each: `node18:4711`, or `node18:4711 ({hypero:0})` for some of the partitions. Nil if
    /// they are unknown.
    var standbyTexts: [String]? {
        let running = partitions.filter { !$0.isAtRest && $0.leftOut == nil }
        var tags: [String: [String]] = [:]
        for partition in running {
            guard let standbys = partition.standbys else { return nil }
            for standby in standbys {
                // An ingest has a name per partition: its process, followed by a random part.
                let process = standby.lastIndex(of: ":").map { String(standby[..<$0]) } ?? standby
                tags[process, default: []].append(partition.tag)
            }
        }
        return tags.sorted { $0.key < $1.key }.map { process, tags in
            guard tags.count < running.count else { return process }
            let more = tags.count > 3 ? " and \(tags.count - 3) more" : ""
            return "\(process) (\(tags.prefix(3).joined(separator: ", "))\(more))"
        }
    }
}
