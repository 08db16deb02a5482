import ArgumentParser
import ChaosLog
import Glibc
import Hypero
import Synchronization

/// True after SIGTERM. The producer then stops logging and ends as selected by `--ending`.
let isTerminated = Atomic<Bool>(false)

/// A training of the chaos run: logs to hypero, and records every call in side files.
@main
struct ChaosProducer: ParsableCommand {
    static let configuration = CommandConfiguration(commandName: "chaos-producer")

    /// The ways in which a producer ends.
    enum Ending: String, ExpressibleByArgument {
        /// Closes the client.
        case close
        /// Exits without closing the client. The journal keeps the events that were not sent.
        case exit
    }

    @Option var redis: String
    @Option(help: "The folder of the side files.") var sides: String
    @Option var seed: UInt64
    @Option var threads = 1
    @Option(help: "Events per thread; 0 to log until SIGTERM.") var events = 0
    @Option(help: "Average events per second of all threads together.") var rate = 500
    @Option var ending = Ending.close
    @Flag(help: "Fork children at random times. Some of them log.") var forks = false

    func run() throws {
        isTerminated.store(false, ordering: .releasing)
        signal(SIGTERM) { _ in isTerminated.store(true, ordering: .releasing) }
        // The kernel reaps the children.
        signal(SIGCHLD, SIG_IGN)
        let hypero = try Hypero.connect(redis, seed: seed)
        let trainers = (1...threads).map { number in
            Trainer(
                hypero, number: number, isShared: threads > 1, options: self, forks: forks && threads == 1,
                random: SplitMix64(seed: seed &+ UInt64(number)))
        }
        Trainer.runConcurrently(trainers)
        switch ending {
        case .close: hypero.close(timeout: .seconds(10))
        case .exit: break
        }
        // A return would deinitialize the client, and the deinitializer would close it.
        withExtendedLifetime(hypero) { Glibc.exit(0) }
    }
}
