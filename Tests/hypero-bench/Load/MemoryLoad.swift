import Glibc
import TestSupport

/// What a client and an ingest hold in memory while millions of events go through them.
struct MemoryLoad {
    /// The client's most, in bytes: what belongs to no file.
    private(set) var clientAnonymous = 0
    /// The client's at the end, in bytes: all but the mapped journal.
    private(set) var clientBeyondJournal = 0
    /// The ingest's most, in bytes.
    private(set) var ingestPeak = 0

    /// Experiments of a hundred epochs.
    init(_ rows: Int) throws {
        let server = try BenchServer(rewriting: true)
        let ingest = try ChildProcess("hypero-ingest", ["--redis", server.url, "--log-level", "error"])
        defer { ingest.kill() }
        let training = try TrainingProcess(server, rows: rows, epochs: 100, queue: 200_000)
        while try training.tally[.isDone] == 0 || server.applied() < rows {
            guard training.child.isRunning, ingest.isRunning else {
                throw BenchError("it broke off: \(training.child.stderr) \(ingest.stderr)")
            }
            let memory = ProcessMemory(of: training.child.pid)
            clientAnonymous = max(clientAnonymous, memory?.anonymous ?? 0)
            usleep(20_000)
        }
        clientBeyondJournal = ProcessMemory.resident(of: training.child.pid, outside: training.journal)
        ingestPeak = ProcessMemory(of: ingest.pid)?.peak ?? 0
        try training.kill()
    }
}
