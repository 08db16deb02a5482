import ArgumentParser
import Glibc
import Hypero
import HyperoRedis

/// What a training does, as a process of its own: the benchmark starts it and watches it, or kills it.
struct TrainingCommand: ParsableCommand {
    static let configuration = CommandConfiguration(commandName: "training", shouldDisplay: false)

    @Option var redis: String
    /// The file of the ``Tally``.
    @Option var tally: String
    /// All rows; 0 for as many as it comes to.
    @Option var rows = 0
    /// Of each experiment.
    @Option var epochs = Rows.epochs
    /// How many events may wait to be sent: what the journal does not take would be dropped, and that is not measured here.
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
                if logged % 100 == 0 { wait(for: hypero, tally) }
            }
        }
        tally[.isDone] = 1
        // Until it is killed, having been looked at.
        while true { sleep(1) }
    }

    private func wait(for hypero: Hypero, _ tally: Tally) {
        while true {
            let counters = hypero.counters
            tally[.dropped] = Int(counters.dropped.total)
            guard counters.queued > queue else { return }
            usleep(200)
        }
    }
}
