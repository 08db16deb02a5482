import Glibc
import HyperoCore

/// Messages for the user at the terminal of the training.
///
/// A failure is reported once until it changes, and the recovery from it is reported once. A server that keeps failing and
/// recovering is reported five times and then once per minute.
struct UserNotices {
    private let notify: @Sendable (String) -> Void
    /// The current failure, if it was reported.
    private var currentFailure: String?
    /// true if a reported failure has no reported recovery yet.
    private var needsRecovery = false
    private var limiter = RateLimiter(burst: 5, interval: .seconds(60))

    init(_ notify: @escaping @Sendable (String) -> Void) {
        self.notify = notify
    }

    /// Reports an event that happens once in the life of a client. It is never suppressed.
    func event(_ message: String) {
        notify(message)
    }

    /// Reports a failure, unless it is the current one or the rate limit is exceeded.
    mutating func failure(_ message: String, now: MonotonicTime) {
        guard message != currentFailure, limiter.allows(at: now) else { return }
        currentFailure = message
        needsRecovery = true
        notify(message)
    }

    /// Reports the end of a reported failure.
    mutating func recovered(_ message: @autoclosure () -> String) {
        currentFailure = nil
        guard needsRecovery else { return }
        needsRecovery = false
        notify(message())
    }

    /// Writes a line to standard error in one `write(2)`, so that the lines of several processes do not mix.
    ///
    /// The line is lost if standard error is full or closed: the call neither waits for a slow reader nor raises
    /// SIGPIPE in the host process.
    static let standardError: @Sendable (String) -> Void = { message in
        var descriptor = pollfd(fd: STDERR_FILENO, events: Int16(POLLOUT), revents: 0)
        guard poll(&descriptor, 1, 0) == 1, descriptor.revents & Int16(POLLOUT) != 0 else { return }
        // Not longer than PIPE_BUF: a pipe that is ready accepts that much at once.
        var line = "hypero: \(String(message.prefix(900)))\n"
        line.withUTF8 { bytes in
            _ = withBlocked(signal: SIGPIPE) {
                write(STDERR_FILENO, bytes.baseAddress, min(bytes.count, Int(PIPE_BUF)))
            }
        }
    }
}
