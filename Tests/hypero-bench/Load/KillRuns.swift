import Glibc
import HyperoQuery
import HyperoRedis
import HyperoSchema
import TestSupport

/// Runs of trainings that are killed while they log at full speed, and the number of rows that are lost.
struct KillRuns {
    /// The speed of a training and the time of its kill.
    struct Scenario {
        /// The maximum number of events that wait to be sent. The training pauses at this number.
        let queue: Int
        /// The range of the random time from the first row to the kill.
        let duration: ClosedRange<Duration>

        /// Full speed. At the kill, all events are still in the journal.
        static let fullSpeed = Scenario(queue: 2_000_000, duration: .milliseconds(1)...(.milliseconds(25)))
        /// The speed of Redis. At the kill, events are in flight, acknowledged or applied.
        static let redisSpeed = Scenario(queue: 20_000, duration: .milliseconds(25)...(.milliseconds(300)))
        /// The speed of Redis, for a longer time.
        static let sustainedRedisSpeed = Scenario(queue: 20_000, duration: .seconds(1)...(.seconds(2)))
    }

    /// The number of rows whose log call had returned.
    private(set) var accepted = 0
    /// The number of accepted rows that are in no experiment after adoption and drain.
    private(set) var lost = 0
    /// The number of entries that were applied more than once.
    private(set) var repeated = 0

    private static let epochs = 500

    /// Runs and kills trainings, adopts their journals, and counts the rows in the indexes.
    ///
    /// - Parameters:
    ///   - count: the number of trainings.
    ///   - scenarios: assigned to the trainings in turn.
    ///   - progress: called after each kill with the number of kills.
    init(_ count: Int, scenarios: [Scenario], progress: (Int) -> Void = { _ in }) throws {
        let server = try BenchServer()
        let folder = try TemporaryFolder()
        let ingest = try ChildProcess("hypero-ingest", ["--redis", server.url, "--log-level", "error"])
        defer { ingest.kill() }
        var killed: [(producer: String, rows: Int)] = []
        for number in 1...count {
            let scenario = scenarios[number % scenarios.count]
            let training = try TrainingProcess(
                server, epochs: Self.epochs, queue: scenario.queue, journal: folder.file("journal"))
            try training.waitUntilLogging()
            let (shortest, longest) = (scenario.duration.lowerBound, scenario.duration.upperBound)
            usleep(UInt32.random(in: UInt32(shortest / .microseconds(1))...UInt32(longest / .microseconds(1))))
            try training.kill()
            killed.append((training.tally.producer, training.tally[.rows]))
            progress(number)
        }
        let adoption = try ChildProcess.run(
            "hypero-ingest",
            [
                "adopt", "--redis", server.url, "--journal", folder.file("journal"), "--settle", "0.1", "--timeout",
                "600",
            ],
            within: .seconds(620))
        guard adoption.succeeded else { throw BenchError("hypero-ingest adopt failed: \(adoption.stderr)") }
        ingest.terminate()
        guard ingest.wait() == .exited(0) else { throw BenchError("the ingest failed: \(ingest.stderr)") }
        _ = try Drain(server)
        try countRows(of: killed, on: server)
    }

    /// Counts the rows with queries, like a user, and not with the counters of the ingest.
    private mutating func countRows(of killed: [(producer: String, rows: Int)], on server: BenchServer) throws {
        let store = try Store(server.url, timeout: .seconds(60))
        var sequenceNumbers = 0
        for (name, rows) in killed {
            guard let producer = ProducerID(name) else { throw BenchError("not a producer id: \(name)") }
            accepted += rows
            var found = 0
            for number in 0..<(rows + Self.epochs - 1) / Self.epochs {
                let id = ExperimentID(producer: producer, number: UInt64(number + 1))
                let curves = try store.experiment(id.text).curves
                // The kill may interrupt a call after its row was accepted and before the training counted the row.
                let shown = curves["valid"]?.count { $0 != nil } ?? 0
                found += min(shown, rows - number * Self.epochs)
            }
            lost += rows - found
            sequenceNumbers +=
                try server.string("HGET", server.keyspace.producer(producer), ProducerField.seq)
                .flatMap { Int($0) } ?? 0
        }
        repeated = try server.applied() - sequenceNumbers
    }
}
