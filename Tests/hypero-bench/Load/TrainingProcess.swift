import TestSupport

/// A training as a process of its own.
final class TrainingProcess {
    let child: ChildProcess
    let tally: Tally
    let journal: String
    private let folder: TemporaryFolder

    /// - Parameters:
    ///   - rows: nil for as many as it comes to.
    ///   - journal: where its journal lies; a folder of its own when nil.
    init(
        _ server: BenchServer, rows: Int? = nil, epochs: Int = Rows.epochs, queue: Int = 50_000, journal: String? = nil
    ) throws {
        folder = try TemporaryFolder()
        tally = try Tally(path: folder.file("tally"))
        self.journal = journal ?? folder.file("journal")
        child = try ChildProcess(
            "hypero-bench",
            [
                "training", "--redis", server.url, "--tally", folder.file("tally"), "--rows", "\(rows ?? 0)",
                "--epochs",
                "\(epochs)", "--queue", "\(queue)",
            ], environment: ["HYPERO_JOURNAL": self.journal])
    }

    /// Waits until its first rows are logged.
    func waitUntilLogging() throws {
        guard eventually(within: .seconds(30), { tally[.rows] > 0 || !child.isRunning }), child.isRunning else {
            throw BenchError("a training does not log: \(child.stderr)")
        }
    }

    /// - Throws: when it has dropped events: then what was measured is something else.
    func kill() throws {
        child.kill()
        guard tally[.dropped] == 0 else { throw BenchError("a training dropped \(tally[.dropped]) events") }
    }
}
