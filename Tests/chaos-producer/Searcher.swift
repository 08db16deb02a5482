import ChaosLog
import Glibc
import Hypero
import HyperoSchema
import Synchronization

/// A training loop over the trials of a search. Records the trials that it gets and ends in a file, before it ends them.
///
///     got 17 2
///     end 17 2
final class Searcher {
    /// The battery of all searches.
    private let battery: Battery
    private let descriptor: Int32
    private var random: SplitMix64
    private let hypero: Hypero

    init(_ hypero: Hypero, folder: String, random: SplitMix64) {
        self.hypero = hypero
        self.random = random
        battery = hypero.battery("searching", objective: "loss", direction: .min)
        descriptor = open("\(folder)/\(getpid()).search", O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { fatalError("no file of the search: errno \(errno)") }
    }

    /// Runs trials until all have ended, or until SIGTERM.
    func run(trials: Int, seed: UInt64) {
        let search = battery.search(
            trials: trials, seed: seed, sampler: .random, stopping: .halving(epochs: 9), lease: .seconds(2))
        while !isTerminated.load(ordering: .acquiring), !search.isFinished {
            guard let experiment = search.next(timeout: .milliseconds(200)) else { continue }
            write("got", experiment)
            experiment.uniform("x", 0, 1)
            for epoch in (experiment.lastEpoch + 1)..<(experiment.lastEpoch + 6) {
                experiment.log(epoch: epoch, ["loss": Double(random.next() % 1_000)])
                usleep(UInt32(random.next() % 300_000))
                if experiment.shouldStop { break }
            }
            write("end", experiment)
            experiment.finish()
        }
        hypero.close(timeout: .seconds(10))
    }

    private func write(_ word: String, _ experiment: Experiment) {
        var line = "\(word) \(experiment.trialNumber ?? 0) \(experiment.attempt)\n"
        let written = line.withUTF8 { Glibc.write(descriptor, $0.baseAddress, $0.count) }
        precondition(written == line.utf8.count, "cannot write to the file of the search: errno \(errno)")
    }
}
