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

    @Test func `A failure is logged once while it lasts, and again if it recurs after a minute`() {
        let recorder = Recorder()
        let logger = recorder.makeLogger()
        for _ in 0..<5 { logger.failure("gone", level: .error) }
        logger.recovered("back")
        logger.recovered("back")
        logger.failure("gone", level: .error)
        logger.recovered("back")
        #expect(recorder.lines.withLock { $0 } == ["gone", "back"])
        recorder.advance(by: .seconds(61))
        logger.failure("gone", level: .error)
        logger.recovered("back")
        #expect(recorder.lines.withLock { $0 } == ["gone", "back", "gone", "back"])
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
            "removed unread: another client trimmed or deleted entries. Only hypero-ingest should trim the stream"
        #expect(recorder.lines.withLock { $0 } == ["1 entry of s was \(cause)", "2 entries of s were \(cause)"])
    }
}
