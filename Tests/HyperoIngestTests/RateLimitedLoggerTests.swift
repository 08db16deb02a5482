import HyperoCore
@testable import HyperoIngest
import HyperoRedis
import Logging
import Synchronization
import Testing

@Suite("What the ingest says")
struct RateLimitedLoggerTests {
    /// Takes log lines.
    private struct Handler: LogHandler {
        let lines: Lines
        var logLevel = Logger.Level.trace
        var metadata = Logger.Metadata()

        subscript(metadataKey key: String) -> Logger.Metadata.Value? {
            get { metadata[key] }
            set { metadata[key] = newValue }
        }

        func log(event: LogEvent) { lines.text.withLock { $0.append("\(event.message)") } }
    }

    private final class Lines: Sendable {
        let text = Mutex<[String]>([])
        let time = Mutex(MonotonicTime(nanoseconds: 1_000_000_000_000))

        func announcer() -> RateLimitedLogger {
            RateLimitedLogger(Logger(label: "test") { _ in Handler(lines: self) }) { self.time.withLock { $0 } }
        }

        func wait(_ duration: Duration) { time.withLock { $0 = $0 + duration } }
    }

    @Test("is said once while it lasts, and again when it comes back after a minute")
    func once() {
        let lines = Lines()
        let announcer = lines.announcer()
        for _ in 0..<5 { announcer.say(.error, "gone") }
        announcer.clear("back")
        announcer.clear("back")
        announcer.say(.error, "gone")
        announcer.clear("back")
        #expect(lines.text.withLock { $0 } == ["gone", "back"])
        lines.wait(.seconds(61))
        announcer.say(.error, "gone")
        announcer.clear("back")
        #expect(lines.text.withLock { $0 } == ["gone", "back", "gone", "back"])
    }

    @Test("stays few lines, however many different troubles there are")
    func many() {
        let lines = Lines()
        let announcer = lines.announcer()
        for number in 0..<10_000 {
            announcer.note(.error, "trouble \(number)")
            announcer.say(.error, "other trouble \(number)")
        }
        #expect(lines.text.withLock { $0.count } == RateLimitedLogger.limit + 1)
    }

    @Test("counts what went from a stream in good English")
    func missed() {
        let lines = Lines()
        let announcer = lines.announcer()
        for count in 1...2 { announcer.noteMissed(count, from: "s") }
        #expect(
            lines.text.withLock { $0 } == [
                "1 entry went from s before it was read: somebody else trims it or deletes",
                "2 entries went from s before they were read: somebody else trims it or deletes",
            ])
    }
}
