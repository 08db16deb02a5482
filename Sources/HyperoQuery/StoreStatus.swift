/// How the servers and the ingest are.
public struct StoreStatus: Sendable, Hashable {
    /// The servers: one, unless it is a cluster.
    public let servers: [ServerStatus]
    /// The partitions, in order.
    public let partitions: [PartitionStatus]
    /// What should not stay as it is, each a sentence.
    public let warnings: [String]
}
