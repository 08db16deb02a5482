public import HyperoRedis
public import HyperoSchema

/// What an ingest is told.
public struct IngestSettings: Sendable {
    /// Where Redis is.
    public var redis: RedisURL
    /// What the hash tags of the keys start with.
    public var namespace = "hypero"
    /// How many partitions the deployment has; the same for all who take part in it.
    public var partitions = 1
    /// How many applied entries stay in each stream, for people to look at.
    public var retain = 10_000
    /// Whether to end when all is applied that was there at the start.
    public var isDraining = false
    /// How long a partition stays owned without a sign of life.
    public var lease: Duration = .seconds(5)

    /// The settings of a deployment with one partition.
    public init(redis: RedisURL) {
        self.redis = redis
    }
}

extension IngestSettings {
    /// - Throws: ``SchemaError`` when the namespace or the number of partitions cannot be.
    public func check() throws(SchemaError) {
        _ = try Keyspace.all(namespace: namespace, partitions: partitions)
    }
}
