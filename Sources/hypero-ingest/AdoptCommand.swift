import ArgumentParser
import Glibc
import HyperoCommandLine
import Hypero
import HyperoIngest
import HyperoRedis
import HyperoSchema
import Synchronization

struct AdoptCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "adopt",
        abstract: "Send the orphaned journals of killed trainings on this host.",
        discussion: """
            The next training on the host also does this. This command adopts all journals of the namespace that belong \
            to no running process, regardless of the server that they were written for. It sends the events that are not \
            applied yet, waits until an ingest has applied them, and removes the journals. It may be ended at any time: \
            no event is applied twice.

            EXAMPLES, with the Redis server and the journals of Scripts/demo:
              export HYPERO_REDIS=unix://$PWD/.demo/redis.sock
              hypero-ingest adopt --journal .demo/journal
              hypero-ingest adopt --journal .demo/journal --timeout 60

            EXIT STATUS:
              0   all orphaned journals were sent, applied and removed
              1   the timeout expired, the folder was not found, or a journal was unreadable
              64  the command line is invalid
            """)

    @Option(
        help: ArgumentHelp(
            "The folder of the journals. (default: HYPERO_JOURNAL, or hypero/journal under XDG_STATE_HOME, or "
                + "hypero-<uid>/journal in the folder for temporary files)", valueName: "folder"))
    var journal: String?

    @Option(
        help: ArgumentHelp(
            "The time after which the command gives up. (default: no limit)", valueName: "seconds"))
    var timeout: Double?

    @Option(
        help: ArgumentHelp(
            "The time to keep a journal after its events are applied.", valueName: "seconds", visibility: .hidden)
    )
    var settle = 10.0

    @OptionGroup(title: "Deployment") var deployment: DeploymentOptions

    func validate() throws {
        if let timeout {
            guard timeout > 0 && timeout <= 1e9 else {
                throw ValidationError(
                    "--timeout must be above 0 and at most 1e9 seconds, not \(timeout). For example, write --timeout 60."
                )
            }
        }
        guard (0...3_600).contains(settle) else {
            throw ValidationError(
                "--settle must be between 0 and 3600 seconds, not \(settle). For example, write --settle 10.")
        }
    }

    func run() throws {
        deployment.server.warn(as: .ingest)
        signal(SIGPIPE, SIG_IGN)
        let settings = try deployment.settings()
        // An error of one server is reported for each of its journals, and printed once.
        let printed = Mutex<Set<String>>([])
        var scope = Adoption.Scope(
            folder: journal ?? JournalRoot.defaultPath(), url: settings.redis,
            keyspaces: try Keyspace.all(namespace: settings.namespace, partitions: settings.partitions),
            matchesServer: false, reportsErrors: true, durabilityWindow: .seconds(settle)
        ) { message in
            if printed.withLock({ $0.insert(message).inserted }) { printError(message) }
        }
        // Each adoption waits for the durability window after its events are applied, and there may be many journals.
        scope.maxConcurrent = 64
        var adoption = Adoption(scope)
        if adoption.scan() == nil, let journal {
            printError("cannot read the journal folder: \(journal), not found or not accessible to this user")
            throw ExitCode.failure
        }
        let isComplete = adoption.run(timeout: timeout.map { .seconds($0) }) { adoption in
            printError(
                "\(adoption.events) events sent, \(Self.counted(adoption.remainingJournals, of: "journal")) remaining. Check that an ingest "
                    + "is running")
        }
        let journals = adoption.finishedJournals
        print(
            journals == 0
                ? "no journals sent"
                : "\(Self.counted(journals, of: "journal")) sent and removed; Redis has acknowledged "
                    + "\(Self.counted(Int(adoption.events), of: "event"))")
        if adoption.damaged > 0 {
            print("\(Self.counted(Int(adoption.damaged), of: "damaged record")) could not be sent")
        }
        if !isComplete { printError("timed out before all events were applied; the remaining journals are kept") }
        guard isComplete, adoption.unreadable.isEmpty else { throw ExitCode.failure }
    }

    private static func counted(_ number: Int, of noun: String) -> String {
        number == 1 ? "1 \(noun)" : "\(number) \(noun)s"
    }
}
