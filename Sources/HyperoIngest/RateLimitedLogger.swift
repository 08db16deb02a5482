package import HyperoCore
package import Logging

/// Says what is wrong once, and not again before all was well in between and a minute has passed: a server that comes and
/// goes, or keys that fail in turn, must not fill a disk with log lines. Used by one thread.
package final class RateLimitedLogger {
    private let logger: Logger
    private let now: () -> MonotonicTime
    /// When each sentence was said last.
    private var told: [String: MonotonicTime] = [:]
    /// What is wrong at present.
    private var current: Set<String> = []
    private var saidMuch: MonotonicTime?

    /// More different sentences than this are not said within a pause.
    package static let limit = 32
    /// How long a sentence is not said again.
    package static let pause: Duration = .seconds(60)

    package init(_ logger: Logger, now: @escaping () -> MonotonicTime = { .now }) {
        self.logger = logger
        self.now = now
    }

    /// Says what keeps the work from going on.
    package func say(_ level: Logger.Level, _ message: String) {
        guard current.count < Self.limit, current.insert(message).inserted else { return }
        note(level, message)
    }

    /// Says what goes wrong beside the work.
    package func note(_ level: Logger.Level, _ message: String) {
        let time = now()
        if let last = told[message], last + Self.pause > time { return }
        if told.count >= Self.limit { told = told.filter { $0.value + Self.pause > time } }
        guard told.count < Self.limit else {
            if let saidMuch, saidMuch + Self.pause > time { return }
            saidMuch = time
            return logger.warning("further troubles are not logged for a while")
        }
        told[message] = time
        logger.log(level: level, "\(message)")
    }

    /// Says that entries went from a stream before they were read.
    package func noteMissed(_ count: Int, from stream: String) {
        note(
            .error,
            (count == 1
                ? "1 entry went from \(stream) before it was" : "\(count) entries went from \(stream) before they were")
                + " read: somebody else trims it or deletes")
    }

    /// The work goes on; said only after it did not.
    package func clear(_ message: String) {
        guard !current.isEmpty else { return }
        current = []
        note(.notice, message)
    }
}
