public import HyperoRedis
public import HyperoSchema

/// The settings of an ingest.
public struct IngestSettings: Sendable {
    /// The server.
    public var redis: RedisURL
    /// The first part of the hash tag of all keys.
    public var namespace = "hypero"
    /// The number of partitions, the same for all clients and ingests of a deployment.
    public var partitions = 1
    /// The number of applied entries that stay in each stream, for inspection.
    public var retain = 10_000
    /// True to end when everything is applied that was in the streams at the start.
    public var isDraining = false
    /// The time after which an ingest that does not answer loses a partition.
    public var lease: Duration = .seconds(5)

    /// Creates the settings of a deployment with one partition.
    public init(redis: RedisURL) {
        self.redis = redis
    }
}

extension IngestSettings {
    /// Checks the settings.
    ///
    /// - Throws: ``SchemaError`` if the namespace or the number of partitions is invalid.
    public func check() throws(SchemaError) {
        _ = try keyspaces()
    }

    /// Returns the keys of each partition.
    func keyspaces() throws(SchemaError) -> [Keyspace] {
        try Keyspace.all(namespace: namespace, partitions: partitions)
    }
}
