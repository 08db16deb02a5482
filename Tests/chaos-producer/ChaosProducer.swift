import ArgumentParser
import ChaosLog
import Glibc
import Hypero
import HyperoCore
import HyperoSchema
import Synchronization

/// True after SIGTERM. The producer then stops logging and ends as selected by `--ending`.
let isTerminated = Atomic<Bool>(false)
/// The number of naps of 100 ms since a client began to close; negative after it has closed.
private let closingNaps = Atomic<Int>(0)

/// An experiment that a process resumes.
struct ResumedExperiment {
    let id: String
    /// An index of ``ChaosBattery/all``.
    let battery: Int
    let attempt: Int
    /// The first epoch whose rows are withdrawn; nil to withdraw none.
    let from: Int?
}

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
    @Option(help: "The number of partitions of the deployment.") var partitions = 1
    @Option(help: "The children that the first thread forks: none, own, daemon, outliving, pool.") var forks = Forks
        .none
    @Flag(help: "Log to the battery with a key of a wrong type.") var wrongType = false
    @Flag(help: "Flush until all events are applied, again and again, and use small segments, which are soon removed.")
    var flushes = false
    @Option(help: "The id of an experiment of an ended process to resume first.") var resume: String?
    @Option(help: "The index of its battery.") var resumeBattery = 0
    @Option(help: "The number of this process among those that ran it.") var attempt = 2
    @Option(help: "The first epoch whose rows are withdrawn.") var from: Int?
    @Option(help: "Run trials of a search of this many, instead of experiments.") var search: Int?
    @Option(help: "The seed of the search.") var searchSeed: UInt64 = 1

    var resumed: ResumedExperiment? {
        resume.map { ResumedExperiment(id: $0, battery: resumeBattery, attempt: attempt, from: from) }
    }

    func run() throws {
        isTerminated.store(false, ordering: .releasing)
        signal(SIGTERM) { _ in isTerminated.store(true, ordering: .releasing) }
        // A Client and not only a Hypero, because a forked child records its producer.
        var configuration = Client.Configuration(url: redis, partitions: partitions, seed: seed)
        configuration.resumed = resume
        if flushes {
            configuration.segmentSize = 32 << 10
            configuration.durabilityWindow = .seconds(1)
        }
        let client = try Client(configuration)
        if let search {
            Searcher(Hypero(client), folder: sides, random: SplitMix64(seed: seed)).run(
                trials: search, seed: searchSeed)
            withExtendedLifetime(client) { Glibc.exit(0) }
        }
        let trainers = (1...threads).map { number in
            Trainer(
                client, number: number, isShared: threads > 1, options: self, forks: number == 1 ? forks : .none,
                random: SplitMix64(seed: seed &+ UInt64(number)))
        }
        Trainer.runConcurrently(trainers)
        // Children that may outlive this process belong to the chaos run after its end.
        let haveChildrenFailed = forks != .outliving && trainers.map { $0.children.wait() }.contains(true)
        switch ending {
        case .close: trainers[0].close(within: .seconds(10))
        case .exit: break
        }
        // A return would deinitialize the client, and the deinitializer would close it.
        withExtendedLifetime(client) { Glibc.exit(haveChildrenFailed ? 3 : 0) }
    }

    /// Closes a client, and ends the process with status 4 if the call does not return at its deadline.
    ///
    /// The time is counted in naps of another thread, because the machine of a chaos run may stall for many seconds, and
    /// because a fault may suspend this process.
    ///
    /// - Returns: true if all events were sent, and the client has ended well before the deadline.
    static func close(_ client: Client, within timeout: Duration) -> Bool {
        closingNaps.store(0, ordering: .relaxed)
        _ = NamedThread.start("closing") {
            while closingNaps.add(1, ordering: .relaxed).newValue > 0 { usleep(100_000) }
        }
        let isSent = client.close(timeout: timeout)
        let elapsed = Duration.milliseconds(100) * closingNaps.exchange(.min, ordering: .relaxed)
        guard elapsed > timeout + .seconds(5) else { return isSent && elapsed < timeout / 2 }
        complain("close(timeout: \(timeout)) returned after \(elapsed)")
        _exit(4)
    }

    static func complain(_ message: String) {
        var line = "chaos-producer \(getpid()): \(message)\n"
        _ = line.withUTF8 { write(STDERR_FILENO, $0.baseAddress, $0.count) }
    }
}
