extension Counters {
    /// The number of events that the journal did not accept, by reason.
    ///
    /// Log calls do not throw, so a program that must not lose events checks these counters. A dropped event has no
    /// sequence number and leaves no gap among the accepted events.
    ///
    /// The numbers never fall. They start at 0 in a forked child.
    public struct Dropped: Sendable, Hashable {
        /// The journal was full, for example because Redis was down for too long. After the first dropped event, all events
        /// are dropped until a segment is free.
        public var journalFull: UInt64 = 0
        /// The client was closed before the log call.
        public var closed: UInt64 = 0
        /// The event is a row of an experiment that this client has ended, or a second end of it.
        public var ended: UInt64 = 0
        /// The event is outside the limits of the contract, for example a name of more than 256 bytes.
        ///
        /// The client reports the first five log calls with such events, and the first of each other reason. An event of an
        /// experiment that was started by an ancestor of this process, more than 15 forks ago, is counted here too.
        public var invalid: UInt64 = 0

        /// The sum over all reasons.
        public var total: UInt64 { journalFull + closed + ended + invalid }
    }
}
