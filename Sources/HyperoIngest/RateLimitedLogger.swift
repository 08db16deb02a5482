package import HyperoCore
package import Logging

/// A logger that repeats a standing failure once a minute, says when it is over, and logs no message twice within a minute, except
/// the one of a failure that returns and lasts.
///
/// A server that fails and recovers repeatedly, or keys that fail in turn, must not fill a disk with log lines.
///
/// Unchecked, because one thread at a time uses a logger: the thread of its partition, or the next one that applies the entries
/// of the same partition. The lock of ``Ingest`` admits that thread only after the former has ended.
package final class RateLimitedLogger: @unchecked Sendable {
    /// A condition that lasts until it is reported as over.
    private struct Condition {
        /// The time of the first report.
        let since: MonotonicTime
        /// The messages that were reported, each with the time of its first report. Bounded by ``limit``.
        var messages: [String: MonotonicTime] = [:]
        /// True if at least one message was logged, so that the end is worth a line.
        var isLogged = false
    }

    private let logger: Logger
    private let now: () -> MonotonicTime
    /// The time at which each message was logged last.
    private var logged: [String: MonotonicTime] = [:]
    /// The failures that stop the work; nil while it goes on.
    private var failure: Condition?
    /// The states that stop the work and are no failures; nil while it goes on.
    private var pause: Condition?
    /// The failures that do not stop the work, by their subject.
    private var defects: [String: Condition] = [:]
    /// The time at which the warning about dropped messages was logged last.
    private var limitLogged: MonotonicTime?

    /// The maximum number of different messages within ``repeatInterval``.
    package static let limit = 32
    /// The minimum time between two log lines with the same message.
    package static let repeatInterval: Duration = .seconds(60)
    /// The time after which a failure is logged that has returned within ``repeatInterval``. The log would else end with the line
    /// that says that the work goes on.
    package static let returnInterval: Duration = .seconds(5)

    package init(_ logger: Logger, now: @escaping () -> MonotonicTime = { .now }) {
        self.logger = logger
        self.now = now
    }

    /// Logs a failure that stops the work: at once, and then once a minute with its age while it lasts.
    ///
    /// Called at each attempt. The failure lasts until ``recovered(_:)`` or ``reconnected()`` is called.
    package func failure(_ message: String, level: Logger.Level) {
        report(message, level: level, in: &failure)
    }

    /// Logs a failure that does not stop the work, as ``failure(_:level:)`` does. It lasts until ``resolved(_:_:)`` is called
    /// for its subject.
    package func defect(_ subject: String, _ message: String, level: Logger.Level) {
        // Callers have a few subjects.
        report(message, level: level, in: &defects[subject])
    }

    /// Logs the end of a failure that does not stop the work, if the failure was logged.
    package func resolved(_ subject: String, _ message: @autoclosure () -> String) {
        guard !defects.isEmpty, let defect = defects.removeValue(forKey: subject), defect.isLogged else { return }
        logger.notice("\(message()) again after \(age(since: defect.since))")
    }

    /// Logs a state that stops the work and is no failure, once until ``recovered(_:)`` is called.
    package func paused(_ message: String, level: Logger.Level) {
        var pause = self.pause ?? Condition(since: now())
        defer { self.pause = pause }
        guard pause.messages.count < Self.limit, pause.messages.updateValue(now(), forKey: message) == nil else {
            return
        }
        if event(message, level: level) { pause.isLogged = true }
    }

    private func report(_ message: String, level: Logger.Level, in condition: inout Condition?) {
        let time = now()
        var current = condition ?? Condition(since: time)
        defer { condition = current }
        if current.messages[message] == nil, current.messages.count < Self.limit { current.messages[message] = time }
        let first = current.messages[message] ?? time
        let suffix = first + Self.repeatInterval > time ? "" : " (for \(age(since: first)))"
        let hasReturned = !current.isLogged && first + Self.returnInterval <= time
        if event(message, level: level, suffix: suffix, isRepeated: hasReturned) { current.isLogged = true }
    }

    /// Logs an event that does not stop the work.
    ///
    /// - Parameters:
    ///   - suffix: an addition that does not make it another message.
    ///   - isRepeated: true to log the message also if it was logged within ``repeatInterval``.
    /// - Returns: whether the message was logged now.
    @discardableResult
    package func event(
        _ message: String, level: Logger.Level, suffix: String = "", isRepeated: Bool = false
    ) -> Bool {
        // A message that is not shown does not count to the limit.
        guard level >= logger.logLevel else { return false }
        let time = now()
        if !isRepeated, let last = logged[message], last + Self.repeatInterval > time { return false }
        if logged.count >= Self.limit { logged = logged.filter { $0.value + Self.repeatInterval > time } }
        guard logged.count < Self.limit else {
            if let limitLogged, limitLogged + Self.repeatInterval > time { return false }
            limitLogged = time
            logger.warning("too many different messages: further ones are not logged for up to a minute")
            return false
        }
        logged[message] = time
        logger.log(level: level, "\(message)\(suffix)")
        return true
    }

    /// Logs that entries were removed from a stream before they were read.
    package func missed(_ count: Int, from stream: String) {
        let subject = count == 1 ? "1 entry of \(stream) was" : "\(count) entries of \(stream) were"
        event(
            "\(subject) removed unread: another client trimmed or deleted entries, or deleted the position of the ingest, "
                + "{…}:ingest. Only hypero-ingest should trim the stream", level: .error)
    }

    /// Logs that the work goes on, if a failure or another reason for its stop was logged.
    ///
    /// Not limited: each line follows at least one line about the stop, and those are limited.
    package func recovered(_ message: String) {
        guard failure != nil || pause != nil else { return }
        if let failure, failure.isLogged {
            logger.notice("\(message): entries are applied again after \(age(since: failure.since))")
        } else if let pause, pause.isLogged {
            logger.notice("\(message)")
        }
        (failure, pause) = (nil, nil)
    }

    /// Logs that Redis answers again although this ingest has no work, if a failure was logged.
    package func reconnected() {
        guard let failure else { return }
        if failure.isLogged { logger.notice("connected again after \(age(since: failure.since))") }
        self.failure = nil
    }

    /// Returns the time since a time as text, in whole seconds, minutes or hours.
    private func age(since start: MonotonicTime) -> String {
        let seconds = (now() - start).components.seconds
        return switch seconds {
        case ..<120: "\(seconds) s"
        case ..<7_200: "\(seconds / 60) min"
        default: "\(seconds / 3_600) h"
        }
    }
}
