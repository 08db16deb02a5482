import TestSupport

/// Two ingests: one owns the partition, the other stands by.
final class IngestPair {
    /// How long a partition stays owned without a sign of life.
    static let lease: Duration = .seconds(2)

    private let redis: String
    private var running: [ChildProcess] = []
    private var endedLogs: [String] = []

    init(redis: String) {
        self.redis = redis
    }

    func begin() throws {
        for _ in 0..<2 { running.append(try start()) }
    }

    /// The one of this number.
    subscript(number: Int) -> ChildProcess { running[number % running.count] }

    /// Kills one and starts another.
    func replace(_ number: Int) throws {
        let index = number % running.count
        running[index].kill()
        endedLogs.append(running[index].stderr)
        running[index] = try start()
    }

    /// Ends all in order.
    func end() throws {
        for ingest in running {
            ingest.resume()
            ingest.terminate()
        }
        for ingest in running {
            let ending = ingest.wait(within: .seconds(30))
            endedLogs.append(ingest.stderr)
            // One that had no time yet to listen for the signal is ended by it.
            guard ending == .exited(0) || ending == .signalled(15) else {
                throw TestFailure("an ingest ended with \(String(describing: ending)): \(ingest.stderr.suffix(2_000))")
            }
        }
        running.removeAll()
    }

    /// Whether one has ended without being told to.
    var hasCrashed: Bool { running.contains { !$0.isRunning } }

    /// What all have said.
    var log: String { (endedLogs + running.map(\.stderr)).joined(separator: "----\n") }

    private func start() throws -> ChildProcess {
        try ChildProcess(
            "hypero-ingest",
            [
                "--redis", redis, "--lease", "\(Self.lease.components.seconds)", "--retain", "5000", "--log-level",
                "notice",
            ])
    }
}
