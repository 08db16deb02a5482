import Glibc
import HyperoQuery
import HyperoRedis
import HyperoSchema
import TestSupport

/// Trainings that are killed while they log as fast as they can, and what became of what they had logged.
struct KillRuns {
    /// How a training lives until it is killed.
    struct Life {
        /// How many events may wait to be sent; above that it waits.
        let queue: Int
        /// Between these it is killed at a random moment, counted from its first row.
        let length: ClosedRange<Duration>

        /// At full speed: all of it is still in the journal.
        static let sprint = Life(queue: 2_000_000, length: .milliseconds(1)...(.milliseconds(25)))
        /// As fast as Redis takes the events, which are on their way, acknowledged or applied.
        static let run = Life(queue: 20_000, length: .milliseconds(25)...(.milliseconds(300)))
        /// As ``run``, and long.
        static let marathon = Life(queue: 20_000, length: .seconds(1)...(.seconds(2)))
    }

    /// Rows whose log call had returned.
    private(set) var accepted = 0
    /// Of these, rows that no experiment has after all was adopted and applied.
    private(set) var lost = 0
    /// Entries that were applied more than once.
    private(set) var repeated = 0

    private static let epochs = 500

    /// - Parameters:
    ///   - count: how many are killed.
    ///   - lives: the trainings have these in turn.
    ///   - progress: is told how many are dead.
    init(_ count: Int, _ lives: [Life], progress: (Int) -> Void = { _ in }) throws {
        let server = try BenchServer()
        let folder = try TemporaryFolder()
        let ingest = try ChildProcess("hypero-ingest", ["--redis", server.url, "--log-level", "error"])
        defer { ingest.kill() }
        var dead: [(producer: String, rows: Int)] = []
        for number in 1...count {
            let life = lives[number % lives.count]
            let training = try TrainingProcess(
                server, epochs: Self.epochs, queue: life.queue, journal: folder.file("journal"))
            try training.waitUntilLogging()
            let (shortest, longest) = (life.length.lowerBound, life.length.upperBound)
            usleep(UInt32.random(in: UInt32(shortest / .microseconds(1))...UInt32(longest / .microseconds(1))))
            try training.kill()
            dead.append((training.tally.producer, training.tally[.rows]))
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
        try judge(dead, server)
    }

    /// Looks into the indexes as users do, not at what the ingest says of itself.
    private mutating func judge(_ dead: [(producer: String, rows: Int)], _ server: BenchServer) throws {
        let store = try Store(server.url, timeout: .seconds(60))
        var numbered = 0
        for (name, rows) in dead {
            guard let producer = ProducerID(name) else { throw BenchError("a training has no producer") }
            accepted += rows
            var found = 0
            for number in 0..<(rows + Self.epochs - 1) / Self.epochs {
                let id = ExperimentID(producer: producer, number: UInt64(number + 1))
                let curves = try store.experiment(id.text).curves
                // Rows beyond what was counted are those whose call the kill cut off.
                let shown = curves["valid"]?.count { $0 != nil } ?? 0
                found += min(shown, rows - number * Self.epochs)
            }
            lost += rows - found
            numbered +=
                try server.ask("HGET", server.keyspace.producer(producer), ProducerField.seq)
                .flatMap { Int($0) } ?? 0
        }
        repeated = try server.applied() - numbered
    }
}
