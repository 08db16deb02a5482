import ArgumentParser
import Glibc
import Hypero
import HyperoRedis

/// A training as a separate process, which the benchmark observes or kills.
struct TrainingCommand: ParsableCommand {
    static let configuration = CommandConfiguration(commandName: "training", shouldDisplay: false)

    @Option var redis: String
    /// The file of the ``Tally``.
    @Option var tally: String
    /// The number of rows; 0 to log until the process is killed.
    @Option var rows = 0
    /// The number of epochs per experiment.
    @Option var epochs = Rows.epochs
    /// The maximum number of events that wait to be sent. Without this bound, the journal would become full and the
    /// client would drop events, which is not the case to be measured.
    @Option var queue: UInt64 = 50_000

    func run() throws {
        let tally = try Tally(path: tally)
        let hypero = try Hypero.connect(redis)
        let battery = hypero.battery("bench")
        let values = Rows()
        var logged = 0
        while rows == 0 || logged < rows {
            let experiment = battery.experiment()
            if tally.producer.isEmpty { tally.producer = String(experiment.id.prefix { $0 != "-" }) }
            tally[.experiments] += 1
            for epoch in 0..<epochs where rows == 0 || logged < rows {
                experiment.log(values[epoch])
                logged += 1
                tally[.rows] = logged
                if logged % 100 == 0 { waitForQueue(of: hypero, tally: tally) }
            }
        }
        tally[.isDone] = 1
        // The benchmark reads the memory of this process and then kills it.
        while true { sleep(1) }
    }

    private func waitForQueue(of hypero: Hypero, tally: Tally) {
        while true {
            let counters = hypero.counters
            tally[.dropped] = Int(counters.dropped.total)
            guard counters.queued > queue else { return }
            usleep(200)
        }
    }
}
