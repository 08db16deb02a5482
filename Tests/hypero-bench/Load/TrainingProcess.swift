import TestSupport

/// A training that runs as a separate process.
final class TrainingProcess {
    let child: ChildProcess
    let tally: Tally
    let journal: String
    private let folder: TemporaryFolder

    /// - Parameters:
    ///   - rows: the number of rows; nil to log until the process is killed.
    ///   - epochs: the number of epochs per experiment.
    ///   - queue: the maximum number of events that wait to be sent.
    ///   - journal: the folder of the journal; nil for a new folder.
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

    /// Waits until the first row is logged.
    func waitUntilLogging() throws {
        guard eventually(within: .seconds(30), { tally[.rows] > 0 || !child.isRunning }), child.isRunning else {
            throw BenchError("the training logged no row within 30 s: \(child.stderr)")
        }
    }

    /// Kills the process.
    ///
    /// - Throws: ``BenchError`` if the training dropped events, because the measurement is then invalid.
    func kill() throws {
        child.kill()
        guard tally[.dropped] == 0 else { throw BenchError("the training dropped \(tally[.dropped]) events") }
    }
}
