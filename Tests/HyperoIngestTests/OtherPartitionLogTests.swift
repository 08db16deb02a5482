import HyperoRedis
import HyperoSchema
import Logging
import Synchronization
import TestSupport
import Testing

@testable import HyperoIngest

/// The log of partitions that belong to another number of partitions.
@Suite struct OtherPartitionLogTests {
    /// Records the log lines, each with its partition.
    private struct Handler: LogHandler {
        let lines: Lines
        var logLevel = Logger.Level.info
        var metadata = Logger.Metadata()

        subscript(metadataKey key: String) -> Logger.Metadata.Value? {
            get { metadata[key] }
            set { metadata[key] = newValue }
        }

        func log(event: LogEvent) {
            let partition = metadata["partition"].map { "\($0)" } ?? ""
            lines.all.withLock { $0.append("\(partition) \(event.message)") }
        }
    }

    private final class Lines: Sendable {
        let all = Mutex<[String]>([])
    }

    @Test func `A failure of another partition is not repeated by each look for other partitions`() async throws {
        let server = try RedisServer()
        server.cli("XADD", "{hypero:3}:events", "*", "event", "x")
        server.cli("HSET", "{hypero:3}:ingest", IngestField.format, "99")
        let lines = Lines()
        let logger = Logger(label: "test") { _ in Handler(lines: lines) }
        let ingest = try Ingest(
            IngestSettings(redis: RedisURL(server.url)), logger: logger, discoveryInterval: .milliseconds(10))
        try ingest.start()
        // Each worker reads the header of the partition, and ends because of it.
        func reads() -> Int {
            let line = server.cli("INFO", "commandstats").split(whereSeparator: \.isNewline)
                .first { $0.hasPrefix("cmdstat_hmget:calls=") }
            return line.flatMap { Int($0.drop { $0 != "=" }.dropFirst().prefix { $0 != "," }) } ?? 0
        }
        let before = reads()
        #expect(eventually { reads() >= before + 40 })
        ingest.stop()
        _ = await ingest.finished()
        let failures = lines.all.withLock { $0.filter { $0.contains("unknown format of the keys") } }
        #expect(failures.count == 1, "\(failures)")
        #expect(failures.first?.hasPrefix("{hypero:3} ") == true)
    }
}
