package import HyperoCore
package import Logging

/// A logger that logs each failure once until the work recovers, and no message twice within a minute. Used by one
/// thread.
///
/// A server that fails and recovers repeatedly, or keys that fail in turn, must not fill a disk with log lines.
package final class RateLimitedLogger {
    private let logger: Logger
    private let now: () -> MonotonicTime
    /// The time at which each message was logged last.
    private var logged: [String: MonotonicTime] = [:]
    /// The failures since the last recovery.
    private var failures: Set<String> = []
    /// The time at which the warning about dropped messages was logged last.
    private var limitLogged: MonotonicTime?

    /// The maximum number of different messages within ``repeatInterval``.
    package static let limit = 32
    /// The minimum time between two log lines with the same message.
    package static let repeatInterval: Duration = .seconds(60)

    package init(_ logger: Logger, now: @escaping () -> MonotonicTime = { .now }) {
        self.logger = logger
        self.now = now
    }

    /// Logs a failure that stops the work, once until ``recovered(_:)`` is called.
    package func failure(_ message: String, level: Logger.Level) {
        guard failures.count < Self.limit, failures.insert(message).inserted else { return }
        event(message, level: level)
    }

    /// Logs an event that does not stop the work.
    package func event(_ message: String, level: Logger.Level) {
        let time = now()
        if let last = logged[message], last + Self.repeatInterval > time { return }
        if logged.count >= Self.limit { logged = logged.filter { $0.value + Self.repeatInterval > time } }
        guard logged.count < Self.limit else {
            if let limitLogged, limitLogged + Self.repeatInterval > time { return }
            limitLogged = time
            return logger.warning("too many different messages: further ones are not logged for up to a minute")
        }
        logged[message] = time
        logger.log(level: level, "\(message)")
    }

    /// Logs that entries were removed from a stream before they were read.
    package func missed(_ count: Int, from stream: String) {
        let subject = count == 1 ? "1 entry of \(stream) was" : "\(count) entries of \(stream) were"
        event(
            "\(subject) removed unread: another client trimmed or deleted entries. "
                + "Only hypero-ingest should trim the stream", level: .error)
    }

    /// Logs that the work continues, if a failure was logged since the last recovery.
    package func recovered(_ message: String) {
        guard !failures.isEmpty else { return }
        failures = []
        event(message, level: .notice)
    }
}
