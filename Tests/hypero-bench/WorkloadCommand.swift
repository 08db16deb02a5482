import ArgumentParser
import Glibc
import Hypero

/// The latency workload of the peers with hypero, as a separate process: one run with many rows. Measures each call and
/// the exit.
struct WorkloadCommand: ParsableCommand {
    static let configuration = CommandConfiguration(commandName: "workload", shouldDisplay: false)

    @Option var redis: String
    @Option var journal: String
    /// The file of the ``Tally``.
    @Option var tally: String
    @Option var runs: Int
    @Option var rowsPerRun: Int
    @Option var rows: Int

    func run() throws {
        let tally = try Tally(path: tally)
        setenv("HYPERO_JOURNAL", journal, 1)
        let hypero = try Hypero.connect(redis)
        let experiment = hypero.battery("workload latency").experiment()
        let workload = PeerWorkload(runs: runs, rowsPerRun: rowsPerRun, latencyRows: rows, kills: 0)
        experiment.insertParameters(ofRun: 0)
        let values = (0..<rows).map { workload.row(ofRun: 0, epoch: $0) }
        var latencies = Latencies()
        let start = Clock.now
        for row in values {
            let before = Clock.now
            experiment.log(row)
            latencies.record(Clock.now - before)
        }
        let end = Clock.now
        tally[.lastCall] = Int(end)
        tally[.loop] = Int(end - start)
        tally[.median] = Int(latencies.median)
        tally[.p99] = Int(latencies.percentile(99))
        tally[.p999] = Int(latencies.percentile(99.9))
        experiment.finish()
        guard hypero.close(timeout: .seconds(60)) else { throw ExitCode.failure }
    }
}
