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
    /// The `maxmemory-policy`. Only `noeviction` loses no key when the memory is full.
    public let evictionPolicy: String?
    /// True if the server writes an append-only file.
    public let hasAppendOnlyFile: Bool?
    /// The address of the primary, `host:port`, if the server is a replica; nil if it is not or this is unknown.
    public let primary: String?
    /// True if the server has replicas and accepts writes without any of them (`min-replicas-to-write 0`).
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
        evictionPolicy = fields["maxmemory_policy"]
        hasAppendOnlyFile = fields["aof_enabled"].map { $0 == "1" }
        primary =
            fields["role"] == "slave"
            ? "\(fields["master_host"] ?? "an unknown host"):\(fields["master_port"] ?? "?")" : nil
        mayLoseAcknowledgedWrites = fields["role"].map { _ in fields.mayLoseAcknowledgedWrites }
    }

    /// The warnings about settings that lose data sooner or later, and about memory that is nearly used up.
    var warnings: [String] {
        var warnings: [String] = []
        if let primary {
            warnings.append(
                "\(url) is a replica of \(printable(primary)): its data may be old, and clients and ingests cannot write "
                    + "to it. Use the address of the primary")
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
                    + "Run CONFIG SET min-replicas-to-write 1")
        }
        if let usedMemory, let maxMemory, maxMemory > 0, usedMemory / 9 >= maxMemory / 10 {
            warnings.append(
                "\(url) uses nearly all its memory (\(bytesText(usedMemory)) of \(bytesText(maxMemory))). "
                    + "Raise maxmemory")
        }
        return warnings
    }
}
