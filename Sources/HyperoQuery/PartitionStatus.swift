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
    /// Entries that could not be applied.
    public let dead: Int
    /// Why the latest of these could not be.
    public let latestDeadReason: String?
    /// When something was applied last, in Unix milliseconds.
    public let lastApplied: Int64?
    /// Who applied last.
    public let lastOwner: String?
    /// Who owns the partition now.
    public let lease: Lease

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
