import ArgumentParser
import Glibc
import HyperoCommandLine
import HyperoCore
import Hypero
import HyperoIngest
import HyperoRedis
import HyperoSchema
import Synchronization

struct AdoptCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "adopt",
        abstract: "Send the orphaned journals of killed trainings on this host.",
        usage: "hypero-ingest adopt [<options>]",
        discussion: """
            The next training on the host also does this. This command adopts the journals of this user, namespace and \
            server that belong to no running process. It sends the events that are not applied yet, ends the experiments \
            that their processes have left open as lost, waits until an ingest has applied the events, and removes the \
            journals. It may be ended at any time: no event is applied twice.

            With --watch it looks for journals every five seconds until SIGTERM or SIGINT, as a service of a node.

            Journals of another server are left alone and listed. Give --any-server to send them to this server, for \
            example after its address has changed. Journals of another number of partitions are left alone too. Send \
            them with --partitions and their number, while an ingest runs. A journal from before a \
            restart of the host is sent after a minute in which no process has written to it.

            EXAMPLES, with the Redis server and the journals of Scripts/demo:
              export HYPERO_REDIS=unix://$PWD/.demo/redis.sock
              hypero-ingest adopt --journal .demo/journal
              hypero-ingest adopt --journal .demo/journal --timeout 60
              hypero-ingest adopt --journal .demo/journal --watch

            EXIT STATUS:
              0   all orphaned journals of this user and namespace were sent, applied
                  and removed, except for those that are listed as in use or kept for
                  forked children, or a signal ended --watch
              1   the timeout expired, the folder was not found, a record or a file was
                  damaged, an event became a dead letter, or a journal was left alone:
                  of another server or number of partitions, unreadable, or writable
                  by other users
              64  the command line is invalid
            """)

    @OptionGroup var folder: JournalOptions

    @Flag(help: "Send the journals of other servers to this server too.")
    var anyServer = false

    @Flag(help: "Look for journals every five seconds until a signal ends the command.")
    var watch = false

    @Option(
        parsing: .unconditional,
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
        guard timeout == nil || !watch else {
            throw ValidationError("--timeout is not allowed with --watch. Write one of the two.")
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
        let root = watch ? waitForRoot() : try root()
        guard let root else { return }
        var scope = Adoption.Scope(
            root: root, url: settings.redis,
            keyspaces: try Keyspace.all(namespace: settings.namespace, partitions: settings.partitions),
            matchesServer: !anyServer, reportsErrors: true, durabilityWindow: .seconds(settle)
        ) { message in
            if printed.withLock({ $0.insert(message).inserted }) { printError(message) }
        }
        // Each adoption waits for the durability window after its events are applied, and there may be many journals.
        scope.maxConcurrent = 128
        guard !watch else { return watch(scope) }
        var adoption = Adoption(scope, timeout: timeout.map { .seconds($0) })
        adoption.scan()
        let isComplete = adoption.run { printError(Self.progress(of: $0)) }
        try printLine(Self.summary(of: adoption, in: root.path))
        for (name, count) in adoption.redirected.sorted(by: { $0.key < $1.key }) {
            try printLine(
                "\(Self.counted(count, of: "journal")) written for \(Self.named(name)), sent to \(settings.redis.serverURL)"
            )
        }
        let damaged = Int(clamping: adoption.damaged) - adoption.shortenedFiles
        if damaged > 0 { try printLine("\(Self.counted(damaged, of: "damaged record")) could not be sent") }
        if adoption.shortenedFiles > 0 {
            try printLine(
                "\(Self.counted(adoption.shortenedFiles, of: "file")) shortened: an unknown number of events at the end is lost"
            )
        }
        if adoption.deadEvents > 0 {
            try printLine(
                "\(Self.counted(Int(clamping: adoption.deadEvents), of: "event")) became dead letters: hypero-query dead"
            )
        }
        if !isComplete {
            printError(
                "timed out before all events were applied; the remaining journals are kept. hypero-query status says whether an "
                    + "ingest runs")
        }
        reportOthers(adoption)
        let hasLeft = reportLeft(adoption.left, server: settings.redis)
        guard isComplete, !hasLeft, adoption.damaged == 0, adoption.deadEvents == 0 else { throw ExitCode.failure }
    }

    /// Returns the folder of the journals.
    private func root() throws -> JournalRoot {
        do {
            return try JournalRoot(existing: folder.journal)
        } catch {
            printError(Self.advice(for: error))
            throw ExitCode.failure
        }
    }

    static func advice(for error: any Error) -> String {
        "cannot read the journal folder: \(error). If the trainings used another one, give it with --journal, or set "
            + "HYPERO_JOURNAL or XDG_STATE_HOME as for the trainings"
    }

    private static func progress(of adoption: borrowing Adoption) -> String {
        var text =
            "\(counted(Int(clamping: adoption.events), of: "event")) sent, "
            + "\(counted(adoption.remainingJournals, of: "journal")) remaining"
        if adoption.waitingJournals > 0 {
            text +=
                ". \(counted(adoption.waitingJournals, of: "journal")) sent, and kept until the events have been applied for ten "
                + "seconds. If this takes longer, check that an ingest is running"
        }
        if adoption.maybeAliveJournals > 0 {
            text +=
                ". Written before the last restart of this host: \(counted(adoption.maybeAliveJournals, of: "journal")), "
                + "sent after a minute without a change"
        }
        return text
    }

    private static func summary(of adoption: borrowing Adoption, in folder: String) -> String {
        var parts: [String] = []
        if adoption.finishedJournals > 0 {
            parts.append("\(counted(adoption.finishedJournals, of: "journal")) sent and removed")
        }
        if adoption.unconfirmedJournals > 0 {
            parts.append("\(counted(adoption.unconfirmedJournals, of: "journal")) sent, not known to be applied")
        }
        if adoption.unsentJournals > 0 {
            parts.append("\(counted(adoption.unsentJournals, of: "journal")) not sent to the end")
        }
        if adoption.unreadJournals > 0 {
            parts.append("\(counted(adoption.unreadJournals, of: "journal")) not read")
        }
        guard !parts.isEmpty else { return "no journals sent from \(folder)" }
        return parts.joined(separator: "; ")
            + "; Redis has acknowledged \(counted(Int(clamping: adoption.events), of: "event"))"
    }

    /// Prints the numbers of the journals that this command never sends, so that a user who expects more finds out why.
    private func reportOthers(_ adoption: borrowing Adoption) {
        if adoption.usedJournals > 0 {
            printError(
                "\(Self.counted(adoption.usedJournals, of: "journal")) in use by running processes, or being adopted by "
                    + "another one")
        }
        if adoption.inheritedJournals > 0 {
            printError(
                "\(Self.counted(adoption.inheritedJournals, of: "journal")) sent and kept: forked children of the processes may "
                    + "go on with experiments that are open")
        }
        if !adoption.otherEntries.isEmpty {
            let names = adoption.otherEntries.map { printable($0) }.joined(separator: ", ")
            printError("ignored, because the names are not those of journals: \(names)")
        }
        if adoption.otherUserJournals > 0 {
            printError(
                "\(Self.counted(adoption.otherUserJournals, of: "journal")) of other users left alone. To send them, run "
                    + "this command as each user")
        }
    }

    /// Prints the journals that were left alone and have not been reported by the adoption.
    ///
    /// - Returns: true if one of them may have to be sent.
    private func reportLeft(_ left: [String: LeftReason], server: RedisURL) -> Bool {
        var otherServers: [String: Int] = [:]
        var namespaces: [String: Int] = [:]
        var needsAction = false
        for reason in left.values {
            switch reason {
            case .otherServer(let name):
                otherServers[name, default: 0] += 1
                needsAction = true
            case .otherNamespace(let name): namespaces[name, default: 0] += 1
            case .otherHost: break
            case .otherPartitions, .notPrivate, .unreadable: needsAction = true
            }
        }
        for (name, count) in otherServers.sorted(by: { $0.key < $1.key }) {
            let them = count == 1 ? "it" : "them"
            // The name of a long list of servers has some of them only.
            let advice =
                name.isEmpty || RedisURL.isShortened(name)
                ? "" : "--redis \(printable(name, limit: .max)) to send \(them) there, or "
            printError(
                "\(Self.counted(count, of: "journal")) not sent: written for \(Self.named(name)), not \(server.serverURL). Give "
                    + "\(advice)--any-server to send \(them) to \(server.serverURL)")
        }
        for (name, count) in namespaces.sorted(by: { $0.key < $1.key }) {
            printError(
                "\(Self.counted(count, of: "journal")) of the namespace \(printable(name)) left alone. To send "
                    + "\(count == 1 ? "it" : "them"), give --namespace \(printable(name))")
        }
        return needsAction
    }

    /// Returns the name of a server for a message. Only a damaged journal has none.
    private static func named(_ server: String) -> String {
        server.isEmpty ? "a server without a name" : printable(server, limit: .max)
    }

    static func counted(_ number: Int, of noun: String) -> String {
        number == 1 ? "1 \(noun)" : "\(number) \(noun)s"
    }
}
