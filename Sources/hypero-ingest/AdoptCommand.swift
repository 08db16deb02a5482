import ArgumentParser
import Foundation
import Hypero
import HyperoIngest
import HyperoRedis
import HyperoSchema
import Synchronization

struct AdoptCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "adopt",
        abstract: "Send what trainings on this host left in their journals when they were killed.",
        discussion: """
            The next training on the host does the same by itself. This takes all journals of the namespace that no \
            living process holds, wherever they were to go, sends what was not applied yet, waits until an ingest has \
            applied it, and removes them. It may be ended at any time, and nothing is sent twice by that.

            EXAMPLES
              hypero-ingest adopt --redis redis://db:6379
              hypero-ingest adopt --journal /scratch/hypero --timeout 60
            """)

    @Option(
        help: ArgumentHelp(
            "The folder of the journals; else HYPERO_JOURNAL, else hypero/journal under XDG_STATE_HOME, else "
                + "hypero-<uid>/journal in the folder for temporary files.", valueName: "folder"))
    var journal: String?

    @Option(help: ArgumentHelp("Give up after that long; else it waits for as long as it takes.", valueName: "seconds"))
    var timeout: Double?

    @Option(
        help: ArgumentHelp(
            "How long an event must have been applied before its file goes.", valueName: "seconds", visibility: .hidden)
    )
    var settle = 10.0

    @OptionGroup(title: "Deployment") var deployment: DeploymentOptions

    func validate() throws {
        guard timeout.map({ $0 > 0 && $0 <= 1e9 }) ?? true else {
            throw ValidationError("--timeout must be above 0: write --timeout 60")
        }
        guard (0...3_600).contains(settle) else {
            throw ValidationError("--settle must be from 0 to 3600 seconds: write --settle 10")
        }
    }

    func run() throws {
        signal(SIGPIPE, SIG_IGN)
        let settings = try deployment.settings()
        // Several journals have the same trouble with Redis.
        let told = Mutex<Set<String>>([])
        var scope = Adoption.Scope(
            folder: journal ?? JournalRoot.defaultPath(), url: settings.redis,
            keyspaces: try Keyspace.all(namespace: settings.namespace, partitions: settings.partitions),
            matchesServer: false, reportsErrors: true, durabilityWindow: .seconds(settle)
        ) { sentence in
            if told.withLock({ $0.insert(sentence).inserted }) { complain(sentence) }
        }
        // Each waits a while after it was applied, and there may be many.
        scope.maxConcurrent = 64
        var adoption = Adoption(scope)
        if adoption.scan() == nil, let journal {
            complain("there is no folder \(journal), or it is not yours to read")
            throw ExitCode.failure
        }
        let isThrough = adoption.run(timeout: timeout.map { .seconds($0) }) { adoption in
            complain(
                "\(adoption.events) events are sent; \(Self.counted(adoption.remainingJournals, "journal")) to go: is an "
                    + "ingest there to apply them?")
        }
        let journals = adoption.finishedJournals
        print(
            journals == 0
                ? "there is no journal to send"
                : "\(Self.counted(journals, "journal")) \(journals == 1 ? "is" : "are") done with and removed; of "
                    + "\(journals == 1 ? "its" : "their") events \(adoption.events) were sent or had been")
        if adoption.damaged > 0 { print("\(Self.counted(Int(adoption.damaged), "damaged record")) could not be sent") }
        if !isThrough { complain("the time is up before all was applied; what is left stays for the next time") }
        guard isThrough, adoption.unreadable.isEmpty else { throw ExitCode.failure }
    }

    private static func counted(_ number: Int, _ what: String) -> String {
        number == 1 ? "1 \(what)" : "\(number) \(what)s"
    }
}
