import Glibc
import HyperoCore
import HyperoRedis

/// What a person at the training's terminal is told: a thing once, until it changes, and no more than a few times when a
/// server comes and goes.
struct UserNotices {
    private let notify: @Sendable (String) -> Void
    /// The trouble there is, and whether it or one before it was told and not said to be over.
    private var trouble: String?
    private var isTold = false
    /// How many troubles may be told now; one is added a minute.
    private var allowance = Self.burst
    private var lastAdded: MonotonicTime?

    private static let burst = 5
    private static let interval: Duration = .seconds(60)

    init(_ notify: @escaping @Sendable (String) -> Void) {
        self.notify = notify
    }

    /// What happens once in a client's life and has to be known.
    func tell(_ sentence: String) {
        notify(sentence)
    }

    mutating func trouble(_ sentence: String, now: MonotonicTime) {
        guard sentence != trouble, isAllowed(now) else { return }
        trouble = sentence
        isTold = true
        notify(sentence)
    }

    /// The trouble is over; says so if one was told.
    mutating func isWell(_ sentence: @autoclosure () -> String) {
        trouble = nil
        guard isTold else { return }
        isTold = false
        notify(sentence())
    }

    private mutating func isAllowed(_ now: MonotonicTime) -> Bool {
        if allowance == Self.burst { lastAdded = now }
        while let last = lastAdded, allowance < Self.burst, now - last >= Self.interval {
            allowance += 1
            lastAdded = last + Self.interval
        }
        guard allowance > 0 else { return false }
        allowance -= 1
        return true
    }

    /// One write(2) a line, so that lines of several processes do not mix.
    ///
    /// A reader that is slow is not waited for, and one that is gone sends the host no SIGPIPE: the line is lost then.
    static let standardError: @Sendable (String) -> Void = { sentence in
        var descriptor = pollfd(fd: STDERR_FILENO, events: Int16(POLLOUT), revents: 0)
        guard poll(&descriptor, 1, 0) == 1, descriptor.revents & Int16(POLLOUT) != 0 else { return }
        // A pipe that has room for this much takes it whole.
        var line = "hypero: \(String(sentence.prefix(900)))\n"
        line.withUTF8 { bytes in
            _ = withBlocked(signal: SIGPIPE) {
                write(STDERR_FILENO, bytes.baseAddress, min(bytes.count, Int(PIPE_BUF)))
            }
        }
    }
}
