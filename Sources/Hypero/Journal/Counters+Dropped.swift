extension Counters {
    /// The number of events that the journal did not accept, by reason.
    ///
    /// Log calls do not throw, so a program that must not lose events checks these counters. A dropped event has no
    /// sequence number and leaves no gap among the accepted ones.
    ///
    /// All numbers only grow, except in a forked child, where they start at 0.
    public struct Dropped: Sendable, Hashable {
        /// The journal was full, because Redis has been unreachable for too long.
        public var journalFull: UInt64 = 0
        /// The client was closed before the log call.
        public var closed: UInt64 = 0
        /// The event is outside the limits of the contract, for example a name of more than 256 bytes.
        ///
        /// The client reports the first few on standard error. An experiment that was started more than 15 forks above
        /// this process counts here too.
        public var invalid: UInt64 = 0

        /// The sum over all reasons.
        public var total: UInt64 { journalFull + closed + invalid }
    }
}
