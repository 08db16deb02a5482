import HyperoCore
import HyperoIngest
import Logging
import Synchronization
import Testing

@Suite struct RateLimitedLoggerTests {
    /// Records the log lines.
    private struct Handler: LogHandler {
        let recorder: Recorder
        var logLevel = Logger.Level.trace
        var metadata = Logger.Metadata()

        subscript(metadataKey key: String) -> Logger.Metadata.Value? {
            get { metadata[key] }
            set { metadata[key] = newValue }
        }

        func log(event: LogEvent) { recorder.lines.withLock { $0.append("\(event.message)") } }
    }

    private final class Recorder: Sendable {
        let lines = Mutex<[String]>([])
        let time = Mutex(MonotonicTime(nanoseconds: 1_000_000_000_000))

        func makeLogger() -> RateLimitedLogger {
            RateLimitedLogger(Logger(label: "test") { _ in Handler(recorder: self) }) { self.time.withLock { $0 } }
        }

        func advance(by duration: Duration) { time.withLock { $0 = $0 + duration } }
    }

    @Test func `Messages that are not shown do not count to the limit`() {
        let recorder = Recorder()
        var logger = Logger(label: "test") { _ in Handler(recorder: recorder) }
        logger.logLevel = .warning
        let limited = RateLimitedLogger(logger)
        for number in 0..<2 * RateLimitedLogger.limit { limited.event("deleted \(number)", level: .info) }
        limited.event("important", level: .warning)
        #expect(recorder.lines.withLock { $0 } == ["important"])
    }

    @Test func `A failure is logged once within a minute, also if it ends and returns meanwhile`() {
        let recorder = Recorder()
        let logger = recorder.makeLogger()
        for _ in 0..<5 { logger.failure("gone", level: .error) }
        recorder.advance(by: .seconds(3))
        logger.recovered("back")
        logger.recovered("back")
        logger.failure("gone", level: .error)
        logger.recovered("back")
        #expect(recorder.lines.withLock { $0 } == ["gone", "back: entries are applied again after 3 s"])
        recorder.advance(by: .seconds(61))
        logger.failure("gone", level: .error)
        // At once: a log that ends with a failure would say that it still lasts.
        logger.recovered("back")
        #expect(
            recorder.lines.withLock { $0.suffix(2) } == ["gone", "back: entries are applied again after 0 s"])
    }

    @Test func `A failure that returns within a minute is logged if it lasts, and its end too`() {
        let recorder = Recorder()
        let logger = recorder.makeLogger()
        logger.failure("full", level: .warning)
        recorder.advance(by: .seconds(3))
        logger.recovered("back")
        // Attempts every two seconds for 14 seconds, and then for less than the time after which they are logged.
        for _ in 0..<7 {
            logger.failure("full", level: .warning)
            recorder.advance(by: .seconds(2))
        }
        logger.recovered("back")
        for _ in 0..<2 { logger.failure("full", level: .warning) }
        logger.recovered("back")
        #expect(
            recorder.lines.withLock { $0 } == [
                "full", "back: entries are applied again after 3 s", "full",
                "back: entries are applied again after 14 s",
            ])
    }

    @Test func `A standing failure is repeated once a minute with its age, and its end is logged with its duration`() {
        let recorder = Recorder()
        let logger = recorder.makeLogger()
        // An attempt every ten seconds for three hours.
        for _ in 0..<1_080 {
            logger.failure("gone", level: .error)
            recorder.advance(by: .seconds(10))
        }
        logger.recovered("back")
        let lines = recorder.lines.withLock { $0 }
        #expect(lines.count == 181)
        #expect(lines[0] == "gone")
        #expect(lines[1] == "gone (for 60 s)")
        #expect(lines[2] == "gone (for 2 min)")
        #expect(lines[179] == "gone (for 2 h)")
        #expect(lines[180] == "back: entries are applied again after 3 h")
    }

    @Test func `Failures that take turns are all logged, each once a minute with its own age`() {
        let recorder = Recorder()
        let logger = recorder.makeLogger()
        for round in 0..<12 {
            logger.failure("refused", level: .error)
            if round >= 3 { logger.failure("loading", level: .warning) }
            recorder.advance(by: .seconds(10))
        }
        #expect(
            recorder.lines.withLock { $0 } == [
                "refused", "loading", "refused (for 60 s)", "loading (for 60 s)",
            ])
    }

    @Test func `A standby is logged once, and the end of a failure before it is logged`() {
        let recorder = Recorder()
        let logger = recorder.makeLogger()
        logger.failure("gone", level: .error)
        recorder.advance(by: .seconds(180))
        for _ in 0..<100 {
            logger.reconnected()
            logger.paused("standing by", level: .info)
            recorder.advance(by: .seconds(60))
        }
        logger.recovered("owning")
        logger.recovered("owning")
        #expect(recorder.lines.withLock { $0 } == ["gone", "connected again after 3 min", "standing by", "owning"])
    }

    @Test func `A failure that does not stop the work is repeated once a minute until its subject recovers`() {
        let recorder = Recorder()
        let logger = recorder.makeLogger()
        for _ in 0..<13 {
            logger.defect("a", "cannot trim a", level: .error)
            // Another subject, and the work itself, go on.
            logger.resolved("b", "trimming b")
            logger.recovered("back")
            recorder.advance(by: .seconds(10))
        }
        for _ in 0..<2 { logger.resolved("a", "trimming a") }
        #expect(
            recorder.lines.withLock { $0 } == [
                "cannot trim a", "cannot trim a (for 60 s)", "cannot trim a (for 2 min)",
                "trimming a again after 2 min",
            ])
    }

    @Test func `The number of log lines is bounded, however many different messages there are`() {
        let recorder = Recorder()
        let logger = recorder.makeLogger()
        for number in 0..<10_000 {
            logger.event("event \(number)", level: .error)
            logger.failure("failure \(number)", level: .error)
        }
        #expect(recorder.lines.withLock { $0.count } == RateLimitedLogger.limit + 1)
    }

    @Test func `The message on missed entries has a singular and a plural`() {
        let recorder = Recorder()
        let logger = recorder.makeLogger()
        for count in 1...2 { logger.missed(count, from: "s") }
        let cause =
            "removed unread: another client trimmed or deleted entries, or deleted the position of the ingest, {…}:ingest. Only hypero-ingest "
            + "should trim the stream"
        #expect(recorder.lines.withLock { $0 } == ["1 entry of s was \(cause)", "2 entries of s were \(cause)"])
    }
}
