import ArgumentParser
import ChaosLog
import Glibc
import Hypero
import Synchronization

/// Set by SIGTERM: then the producer stops logging and ends as it was told to.
let isTerminated = Atomic<Bool>(false)

/// A training of the chaos run: it logs as much as it can, and keeps in side files what it logged.
@main
struct ChaosProducer: ParsableCommand {
    static let configuration = CommandConfiguration(commandName: "chaos-producer")

    /// How it ends.
    enum Ending: String, ExpressibleByArgument {
        /// As it should.
        case close
        /// Without closing its client: the journal keeps what was not sent.
        case exit
    }

    @Option var redis: String
    @Option(help: "The folder of the side files.") var sides: String
    @Option var seed: UInt64
    @Option var threads = 1
    @Option(help: "How many events a thread logs; 0 for until SIGTERM.") var events = 0
    @Option(help: "Events a second of all threads, on average.") var rate = 500
    @Option var ending = Ending.close
    @Flag(help: "Has children now and then, some of which log and some of which do not.") var forks = false

    func run() throws {
        isTerminated.store(false, ordering: .releasing)
        signal(SIGTERM) { _ in isTerminated.store(true, ordering: .releasing) }
        // Children are not waited for.
        signal(SIGCHLD, SIG_IGN)
        let hypero = try Hypero.connect(redis, seed: seed)
        let crew = (1...threads).map { number in
            Trainer(
                hypero, number: number, isShared: threads > 1, options: self, forks: forks && threads == 1,
                random: SplitMix(seed: seed &+ UInt64(number)))
        }
        ThreadGroup.run(crew)
        switch ending {
        case .close: hypero.close(timeout: .seconds(10))
        case .exit: break
        }
        // Not by returning, which would let the client go.
        withExtendedLifetime(hypero) { Glibc.exit(0) }
    }
}
