import HyperoRedis
import HyperoSchema

/// The state of a Redis server, from INFO. A value is nil if the account must not run INFO or the server omits it.
public struct ServerStatus: Sendable, Hashable {
    /// The URL of the server without the password.
    public let url: String
    /// The product and its version, such as `Redis 7.0.15` or `Valkey 8.0.1`.
    public let version: String?
    /// The memory in use, in bytes.
    public let usedMemory: Int?
    /// The memory limit in bytes; 0 for no limit.
    public let maxMemory: Int?
    /// The number of connections that count towards `maxclients`: of clients, replicas and nodes of the cluster.
    public let connections: Int?
    /// The highest number of connections, `maxclients`; nil before Redis 7.0.
    public let maxConnections: Int?
    /// The number of connections that the server has refused since its start, because there were too many.
    public let refusedConnections: Int?
    /// The `maxmemory-policy`. Only `noeviction` loses no key when the memory is full.
    public let evictionPolicy: String?
    /// True if the server writes an append-only file.
    public let hasAppendOnlyFile: Bool?
    /// True if the latest write to the append-only file failed. The server then refuses all writes.
    let hasAppendOnlyError: Bool
    /// The address of the primary, `host:port`, if the server is a replica; nil if it is not or this is unknown.
    public let primary: String?
    /// The number of replicas that are connected and up to date; nil if the server is a replica or accepts writes without them
    /// (`min-replicas-to-write 0`). With 0, the server refuses all writes.
    public let goodReplicas: Int?
    /// True if the server has several replicas and accepts writes without any of them (`min-replicas-to-write 0`).
    let mayLoseAcknowledgedWrites: Bool?
}

extension ServerStatus {
    /// - Parameter info: the reply of INFO; nil if the account must not run it.
    init(url: String, info: String?) {
        let fields = ServerInfo(info ?? "")
        self.url = url
        // For compatibility, Valkey reports a Redis version too.
        version = fields["valkey_version"].map { "Valkey \($0)" } ?? fields["redis_version"].map { "Redis \($0)" }
        usedMemory = fields["used_memory"].flatMap { Int($0) }
        maxMemory = fields["maxmemory"].flatMap { Int($0) }
        // INFO counts the replicas and the links of a cluster apart.
        let others = ["connected_slaves", "cluster_connections"].compactMap { fields[$0].flatMap { Int($0) } }
        connections = fields["connected_clients"].flatMap { Int($0) }.map { others.reduce($0, &+) }
        maxConnections = fields["maxclients"].flatMap { Int($0) }
        refusedConnections = fields["rejected_connections"].flatMap { Int($0) }
        evictionPolicy = fields["maxmemory_policy"]
        hasAppendOnlyFile = fields["aof_enabled"].map { $0 == "1" }
        hasAppendOnlyError = fields["aof_last_write_status"] == "err"
        primary =
            fields["role"] == "slave"
            ? "\(fields["master_host"] ?? "an unknown host"):\(fields["master_port"] ?? "?")" : nil
        goodReplicas = primary == nil ? fields.goodReplicas : nil
        mayLoseAcknowledgedWrites = fields["role"].map { _ in fields.mayLoseAcknowledgedWrites }
    }

    /// Returns the warnings about settings that lose data sooner or later, about writes that are refused, and about memory and
    /// connections that are nearly used up.
    ///
    /// - Parameter isOneOfSeveral: true if the URL names several servers. The primary would be used if it answered.
    func warnings(isOneOfSeveral: Bool) -> [String] {
        var warnings: [String] = []
        if let primary {
            warnings.append(
                "\(url) is a replica of \(printable(primary)): its data may be old, and clients and ingests cannot write "
                    + "to it. "
                    + (isOneOfSeveral
                        ? "No server of the URL answers as a primary. Start the primary or promote a replica, and name it in "
                            + "the URL" : "Use the address of the primary"))
        }
        if goodReplicas == 0 {
            warnings.append(
                "\(url) refuses all writes (NOREPLICAS): none of its replicas is connected and up to date, and "
                    + "min-replicas-to-write is above 0. Start a replica, or read its log")
        }
        if let evictionPolicy, evictionPolicy != "noeviction" {
            warnings.append(
                "\(url) evicts keys when its memory is full (maxmemory-policy \(printable(evictionPolicy))). "
                    + "Run CONFIG SET maxmemory-policy noeviction")
        }
        if hasAppendOnlyFile == false {
            warnings.append(
                "\(url) has no append-only file, so a restart loses its data. Run CONFIG SET appendonly yes")
        }
        if mayLoseAcknowledgedWrites == true {
            warnings.append(
                "\(url) accepts writes while it is cut off from its replicas, and they are lost when a replica is promoted. "
                    + "With two or more replicas, run CONFIG SET min-replicas-to-write 1")
        }
        if hasAppendOnlyError {
            warnings.append(
                "\(url) cannot write its append-only file, so it refuses writes. Check the disk and the log of Redis")
        }
        if let usedMemory, let maxMemory,
            StatusBounds.isNear(usedMemory, limit: maxMemory, percent: StatusBounds.memoryPercent)
        {
            warnings.append(
                "\(url) uses nearly all its memory (\(bytesText(usedMemory)) of \(bytesText(maxMemory))). "
                    + "Raise maxmemory")
        }
        if let connections, let maxConnections,
            StatusBounds.isNear(connections, limit: maxConnections, percent: StatusBounds.connectionPercent)
        {
            warnings.append(
                "\(url) has \(connections) of at most \(maxConnections) connections (maxclients). Beyond that, trainings cannot "
                    + "connect and keep their events in their journals. Raise maxclients and the limit of open files of Redis"
            )
        }
        return warnings
    }
}
