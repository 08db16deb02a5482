public import HyperoRedis
public import HyperoSchema

/// The settings of an ingest.
public struct IngestSettings: Sendable {
    /// The server.
    public var redis: RedisURL
    /// The namespace: the hash tag of all keys without the partition, `hypero` in `{hypero}` and `{hypero:1}`.
    ///
    /// 1 to 64 characters of `A-Z a-z 0-9 . _ -`.
    public var namespace = "hypero"
    /// The number of partitions, the same for all clients and ingests of a deployment: 1 to 16,384.
    public var partitions = 1
    /// The number of applied entries that stay in each stream for inspection, at least 0.
    public var retain = 10_000
    /// The number of bytes that the dead letters of each partition take in Redis, from 1 MiB to 1 TiB. Beyond it, the oldest
    /// dead letters are removed.
    ///
    /// From three quarters of it on, new dead letters keep 4 KiB of each value.
    public var deadLetterBytes = 64 << 20
    /// True to end once all entries that were in the streams at the start are applied.
    public var isDraining = false
    /// The folder to which applied entries are archived before they are trimmed; nil for none.
    public var archive: String?
    /// True if the clock is the one of the entries, because an archive is replayed.
    var isReplaying = false
    /// The time after which the lease of an ingest that does not renew it expires, from 50 milliseconds to one
    /// hour.
    public var leaseDuration: Duration = .seconds(5)

    /// Creates the settings of a deployment with one partition.
    public init(redis: RedisURL) {
        self.redis = redis
    }
}

extension IngestSettings {
    /// Checks the settings.
    ///
    /// - Throws: ``SchemaError`` if a setting is out of its bounds.
    public func check() throws(SchemaError) {
        _ = try keyspaces()
        guard retain >= 0 else { throw SchemaError("retain must be at least 0, not \(retain)") }
        guard Self.deadLetterSizes.contains(deadLetterBytes) else {
            throw SchemaError("deadLetterBytes must be between 1 MiB and 1 TiB, not \(deadLetterBytes)")
        }
        guard Self.leaseDurations.contains(leaseDuration) else {
            throw SchemaError("leaseDuration must be between 50 milliseconds and one hour, not \(leaseDuration)")
        }
    }

    private static let deadLetterSizes: ClosedRange<Int> = 1 << 20...1 << 40
    /// The possible values of ``leaseDuration``. A shorter lease would expire between two transactions.
    private static let leaseDurations: ClosedRange<Duration> = .milliseconds(50) ... .seconds(3_600)

    /// Returns the keyspaces of all partitions, in order.
    func keyspaces() throws(SchemaError) -> [Keyspace] {
        try Keyspace.all(namespace: namespace, partitions: partitions)
    }
}
