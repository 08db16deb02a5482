/// The state of the servers and of the ingest.
public struct StoreStatus: Sendable, Hashable {
    /// The servers: one without a cluster, else those that own at least one partition.
    public let servers: [ServerStatus]
    /// The partitions, in order.
    public let partitions: [PartitionStatus]
    /// The malformed values that were left out, and all conditions that need attention, one message each.
    public let warnings: [String]
}

/// The state of one partition, from its keys and the counters of the ingest.
///
/// The counters count entries of the events stream since the partition's first entry. Values that the account must not
/// read, or that an older server does not provide, are nil.
public struct PartitionStatus: Sendable, Hashable {
    /// The hash tag of the partition's keys: `{hypero}`, or `{hypero:0}` with several partitions.
    public let tag: String
    /// The number of entries in the events stream, applied or not.
    public let streamLength: Int?
    /// The number of entries that are not applied yet; nil if the account must not read the stream or the cursor, or if the
    /// server is too old to count them (before Redis 7.0).
    public let backlog: Int?
    /// The time of the oldest entry that is not applied yet, in Unix milliseconds of the server's clock; nil without a
    /// backlog.
    public let waitingSince: Int64?
    /// The number of entries applied.
    public let applied: Int?
    /// The number of entries skipped because their sequence number had been applied before.
    public let duplicates: Int?
    /// The number of entries dropped because their experiment or battery was deleted.
    public let deleted: Int?
    /// The number of sequence numbers that are missing below the highest applied number of their producer.
    public let gaps: Int?
    /// The number of entries that another client trimmed or deleted from the stream before they were read.
    public let missed: Int?
    /// The number of times that the cursor was set back, because the stream was deleted, replaced or restored.
    public let rewinds: Int?
    /// The time of the latest rewind, in Unix milliseconds of the ingest's clock.
    public let lastRewind: Int64?
    /// The number of times that an ingest acquired the lease although the former owner had not released it.
    public let takeovers: Int?
    /// The time of the latest takeover, in Unix milliseconds of the ingest's clock.
    public let lastTakeover: Int64?
    /// The number of entries that became dead letters, including those requeued since.
    public let totalDeadLetters: Int?
    /// The number of dead letters that Redis holds now, at most about 100,000; nil if unknown.
    public let deadLetters: Int?
    /// The number of dead letters that were requeued.
    public let requeued: Int?
    /// The number of dead letters that the ingest removed, because all together were too large or Redis was out of memory.
    public let trimmedDeadLetters: Int?
    /// The reason of the newest dead letter that Redis holds.
    public let latestDeadReason: String?
    /// The time of the latest transaction that applied an entry, in Unix milliseconds of the ingest's clock.
    public let lastApplied: Int64?
    /// The ingest that ran the latest transaction.
    public let lastOwner: String?
    /// The owner of the partition.
    public let lease: Lease
    /// The number of operators' commands in the control stream that are not carried out yet.
    public let waitingCommands: Int?
    /// The time of the oldest of these commands, in Unix milliseconds of the server's clock; nil without one.
    public let commandsWaitingSince: Int64?
    /// The number of the format of the keys; nil in a new partition, and in the first format.
    public let format: Int?
    /// The ingests that wait for the lease of the partition, by the names of their connections. Nil if they are unknown: the
    /// account must not run CLIENT LIST, or the account of the ingest must not run CLIENT SETNAME.
    public internal(set) var standbys: [String]?
    /// The number of entries that were applied and are not archived; nil if entries were never archived, or if it is unknown.
    package internal(set) var unarchivedEntries: Int?
    /// The last time at which all applied entries were archived, in Unix milliseconds; nil if that is unknown.
    var archivedTime: Int64?
    /// True if the owner has no connection, as after a kill, while other ingests of the partition have one. One of them takes
    /// over when the lease expires.
    public internal(set) var isOwnerGone = false
    /// The number of partitions of the ingest that owned the partition last; nil if it is unknown.
    let deploymentSize: Int?
    /// The reason why the partition is left out: its server does not answer, and all values are unknown. Nil if it answers.
    public internal(set) var leftOut: String?
    /// The number of batteries; nil if it is unknown.
    let batteries: Int?
    /// The problems with the partition's keys that stop the ingest, one message each.
    public let problems: [String]
    /// True if the partition belongs to an earlier number of partitions and all its entries are applied. An ingest owns such
    /// a partition only while it applies new entries, so a missing owner needs no attention.
    public internal(set) var isAtRest = false
    /// The commands with their keys that the account must not run, such as `XLEN {hypero}:dead`. The values that they read are
    /// nil or unknown.
    public let deniedCommands: [String]
    /// True if the ingest's hash was read, so that a missing time means that there was none.
    let isHashKnown: Bool
    /// True if the cursor is beyond the end of the stream.
    let isCursorBeyondEnd: Bool

    /// The owner of a partition.
    public enum Lease: Sendable, Hashable {
        /// An ingest owns the partition.
        case held(by: String)
        /// No ingest owns the partition, so no entry is applied.
        case free
        /// The account must not read the lease.
        case unknown

        var isHeld: Bool { owner != nil }

        /// The name of the owner; nil if there is none or it is unknown.
        var owner: String? { if case .held(let owner) = self { owner } else { nil } }
    }
}
