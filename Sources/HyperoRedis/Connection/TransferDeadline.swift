package import HyperoCore

/// The time limits of one transfer, the sending of commands or the receipt of a reply: one for a pause without progress,
/// and one for the whole.
///
/// Without the limit for the whole, a server that sends a byte from time to time would hold its client forever. The limit
/// is twice the timeout, longer for large transfers that arrive at 64 KiB/s or faster, and never above 60 times the timeout.
package struct TransferDeadline {
    private let timeout: Duration
    private let start: MonotonicTime
    private var lastProgress: MonotonicTime
    private var bytes = 0

    private static let lowestBytesPerSecond = 64 << 10

    /// - Parameter start: the time from which both limits count, for example the end of the time for which a command may
    ///   block on the server.
    package init(timeout: Duration, start: MonotonicTime) {
        self.timeout = timeout
        self.start = start
        lastProgress = start
    }

    /// Records a part of the transfer.
    package mutating func progressed(by bytes: Int, at now: MonotonicTime) {
        self.bytes += bytes
        lastProgress = max(lastProgress, now)
    }

    /// The time at which the transfer has failed unless it progresses.
    package var time: MonotonicTime {
        let whole = min(timeout * 2 + .seconds(bytes / Self.lowestBytesPerSecond), timeout * 60)
        return min(lastProgress + timeout, start + whole)
    }
}
