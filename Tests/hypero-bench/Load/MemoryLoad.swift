import Glibc
import TestSupport

/// The memory of a client and an ingest during millions of events, in bytes.
struct MemoryLoad {
    /// The peak of the client's resident memory that is not backed by a file.
    private(set) var clientAnonymous = 0
    /// The client's resident memory at the end, without the mapped journal.
    private(set) var clientWithoutJournal = 0
    /// The peak of the ingest's resident memory.
    private(set) var ingestPeak = 0

    /// Logs rows of experiments with 100 epochs each.
    init(rows: Int) throws {
        let server = try BenchServer(rewritesFile: true)
        let ingest = try ChildProcess("hypero-ingest", ["--redis", server.url, "--log-level", "error"])
        defer { ingest.kill() }
        let training = try TrainingProcess(server, rows: rows, epochs: 100, queue: 200_000)
        while try training.tally[.isDone] == 0 || server.applied() < rows {
            guard training.child.isRunning, ingest.isRunning else {
                throw BenchError(
                    "the training or the ingest ended: \(training.child.stderr) \(ingest.stderr)")
            }
            let memory = ProcessMemory(of: training.child.pid)
            clientAnonymous = max(clientAnonymous, memory?.anonymous ?? 0)
            usleep(20_000)
        }
        clientWithoutJournal = ProcessMemory.resident(of: training.child.pid, outside: training.journal)
        ingestPeak = ProcessMemory(of: ingest.pid)?.peak ?? 0
        try training.kill()
    }
}
