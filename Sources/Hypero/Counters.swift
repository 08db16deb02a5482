/// What became of the events of one client. At any moment `accepted == sent + queued`, and every log call is in
/// `accepted` or in `dropped`.
public struct Counters: Sendable, Hashable {
    /// Events that the journal took.
    public var accepted: UInt64 = 0
    /// Events that Redis acknowledged. When a server forgets some, by a failover or a crash, they are sent again, and
    /// until then this number is lower.
    public var sent: UInt64 = 0
    /// Events that the ingest applied, as far as the client has seen; it looks about once a second.
    public var applied: UInt64 = 0
    /// Events that Redis acknowledged and that had to make room before they were seen applied.
    public var released: UInt64 = 0
    /// Events of processes that are gone, which this client found in their journals and Redis acknowledged.
    public var adopted: UInt64 = 0
    /// Events in such journals that cannot be read any more, because their files are damaged.
    public var damaged: UInt64 = 0
    /// Events that were not taken, by reason.
    public var dropped = Dropped()

    /// Events that wait to be sent or acknowledged.
    public var queued: UInt64 { accepted - sent }

    /// Why events were not taken, and how many.
    public struct Dropped: Sendable, Hashable {
        /// The journal was full: Redis is away for too long.
        public var journalFull: UInt64 = 0
        /// The client was closed before the call.
        public var closed: UInt64 = 0
        /// A name, a value or an epoch was beyond what the contract allows.
        public var invalid: UInt64 = 0

        /// All of them.
        public var total: UInt64 { journalFull + closed + invalid }
    }
}
