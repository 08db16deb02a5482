/// The number of events of one client in each state.
///
/// At any moment `accepted == sent + queued`, and every logged event is counted in `accepted` or in `dropped`.
///
/// ```swift
/// let counters = hypero.counters
/// if counters.dropped.total > 0 { print("lost events: \(counters.dropped)") }
/// ```
public struct Counters: Sendable, Hashable {
    /// Events that the journal holds or held.
    public var accepted: UInt64 = 0
    /// Events that Redis has acknowledged.
    ///
    /// The number falls when Redis loses events in a failover or a crash, and rises as the client sends them again.
    public var sent: UInt64 = 0
    /// Events that the ingest has processed, according to the watermark that the client reads about once a second.
    public var applied: UInt64 = 0
    /// Events that the ingest could not apply and wrote to the dead letters, including those requeued since. They count in
    /// ``applied`` too, because the ingest has processed them.
    public var dead: UInt64 = 0
    /// Events that the ingest has dropped, because their experiment or battery was deleted before. They count in ``applied`` too.
    public var deleted: UInt64 = 0
    /// Sent events that a full journal removed before the client saw them applied. They cannot be sent again.
    public var released: UInt64 = 0
    /// Events of dead processes that this client has sent from orphaned journals and Redis has acknowledged.
    public var adopted: UInt64 = 0
    /// Events in orphaned journals that cannot be read, because their files are damaged.
    public var damaged: UInt64 = 0
    /// Events that were not accepted, by reason.
    public var dropped = Dropped()

    /// Accepted events that Redis has not acknowledged.
    public var queued: UInt64 { accepted - sent }
}

extension Counters {
    /// Returns the sum of the counters of two clients.
    static func + (left: Counters, right: Counters) -> Counters {
        Counters(
            accepted: left.accepted + right.accepted, sent: left.sent + right.sent,
            applied: left.applied + right.applied,
            dead: left.dead + right.dead, deleted: left.deleted + right.deleted,
            released: left.released + right.released,
            adopted: left.adopted + right.adopted, damaged: left.damaged + right.damaged,
            dropped: Dropped(
                journalFull: left.dropped.journalFull + right.dropped.journalFull,
                closed: left.dropped.closed + right.dropped.closed, ended: left.dropped.ended + right.dropped.ended,
                invalid: left.dropped.invalid + right.dropped.invalid))
    }
}
