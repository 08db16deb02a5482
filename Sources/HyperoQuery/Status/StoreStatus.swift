/// How the servers and the ingest are.
public struct StoreStatus: Sendable, Hashable {
    /// The servers: one, unless it is a cluster.
    public let servers: [ServerStatus]
    /// The partitions, in order.
    public let partitions: [PartitionStatus]
    /// What should not stay as it is, each a sentence.
    public let warnings: [String]
}

/// What a Redis server says of itself; nil where it does not, or does not let us ask.
public struct ServerStatus: Sendable, Hashable {
    /// Where it is, without the password.
    public let url: String
    /// `Redis 7.0.15`, `Valkey 8.0.1`.
    public let version: String?
    /// Bytes in use.
    public let memory: Int?
    /// The most bytes it may use; 0 for no limit.
    public let maxMemory: Int?
    /// What it does when it is full; only `noeviction` keeps what it was given.
    public let evictionPolicy: String?
    /// Whether it writes an append-only file.
    public let hasAppendOnlyFile: Bool?
}

/// How far a partition is applied; nil where nobody knows.
public struct PartitionStatus: Sendable, Hashable {
    /// What its keys begin with: `{hypero}`, or `{hypero:0}`.
    public let tag: String
    /// Entries that are in the stream, applied or not.
    public let entries: Int
    /// Entries that were not applied yet; nil when the server is too old to say.
    public let behind: Int?
    /// When the first entry that was not applied came, in Unix milliseconds.
    public let waitingSince: Int64?
    /// Entries applied since the beginning.
    public let applied: Int
    /// Entries that had been applied before.
    public let duplicates: Int
    /// Entries that never came.
    public let gaps: Int
    /// Entries that went from the stream before they were read, because somebody else trimmed it or deleted from it.
    public let missed: Int
    /// How often the ingest had to go back in the stream.
    public let rewinds: Int
    /// When it did last, in Unix milliseconds.
    public let lastRewind: Int64?
    /// How often an ingest took over from one that did not give the partition back: it was killed or stood still.
    public let takeovers: Int
    /// When one did last, in Unix milliseconds.
    public let lastTakeover: Int64?
    /// Entries that could not be applied, since the beginning.
    public let dead: Int
    /// How many of these are kept at present, to be looked at and sent again; nil when nobody knows.
    public let deadLetters: Int?
    /// How many of these were sent again.
    public let requeued: Int
    /// Why the latest of the kept ones could not be applied.
    public let latestDeadReason: String?
    /// When something was applied last, in Unix milliseconds.
    public let lastApplied: Int64?
    /// Who applied last.
    public let lastOwner: String?
    /// Who owns the partition now.
    public let lease: Lease

    /// What about its keys keeps it from being applied, each a sentence.
    public let troubles: [String]

    /// Who owns a partition.
    public enum Lease: Sendable, Hashable {
        /// This ingest does.
        case held(by: String)
        /// Nobody does, so nothing is applied.
        case free
        /// The server does not let us ask.
        case unknown
    }
}
