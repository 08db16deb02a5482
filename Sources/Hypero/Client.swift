import Glibc
package import HyperoCore
import HyperoRedis
package import HyperoSchema
import Synchronization

/// A producer with its journal and its sender, shared by ``Hypero``, its batteries and its experiments.
///
/// When the last of these is released, the sender sends the remaining events and ends.
package final class Client: Sendable {
    package struct Configuration: Sendable {
        package var url: String?
        package var namespace: String?
        package var partitions: Int?
        package var seed: UInt64?
        /// The id of an experiment whose partition the client uses.
        package var resumed: String?
        /// The index of the partition that the client uses; nil for any.
        var partition: Int?
        /// The maximum size of the journal in bytes.
        package var journalLimit = 256 << 20
        /// The size of a segment in bytes.
        package var segmentSize = 8 << 20
        /// The time for which an applied event stays in the journal.
        package var durabilityWindow = DurabilityWindow.defaultDuration
        /// The time after which a process with open experiments shows that it lives, if it sends nothing else.
        package var aliveInterval = Duration.seconds(60)
        /// The lifetime of the producer's key in Redis.
        package var keyLifetime = KeyLifetime()
        /// The function that looks up an environment variable.
        package var environment: @Sendable (String) -> String? = ProcessEnvironment.value(of:)
        /// The function that shows a notice to the user.
        package var notify: @Sendable (String) -> Void = UserNotices.standardError

        package init(
            url: String? = nil, namespace: String? = nil, partitions: Int? = nil, seed: UInt64? = nil,
            journalLimit: Int = 256 << 20
        ) {
            self.url = url
            self.namespace = namespace
            self.partitions = partitions
            self.seed = seed
            self.journalLimit = journalLimit
        }
    }

    let journal: Journal
    let notify: @Sendable (String) -> Void
    /// The reports of refused log calls.
    let refusals: Refusals
    /// The latest time of a start or an end, in Unix milliseconds. Relaxed: it orders no other memory.
    let latestChange = Atomic<Int64>(0)
    private let sender: Sender
    /// The claims and trials of this process.
    let board: TrialBoard
    /// The configuration; nil for a client that sends nothing.
    private let configuration: Configuration?
    /// The clients of other partitions, for searches that lie in these.
    private let siblings = Siblings()
    /// The index of the client's partition, and the number of partitions.
    private let partition: (index: Int, count: Int)

    private final class Siblings: @unchecked Sendable {
        // Protected by the lock of ``ForkGuard/excludingForks(_:)``.
        var clients: [Int: Client] = [:]
    }

    package convenience init(_ configuration: Configuration) throws(SchemaError) {
        Rehearsal.run()
        let environment = configuration.environment
        let url = try RedisURL(configuration.url, environment: environment)
        url.prepareForConnections(atEnd: { Sender.stopAll() })
        let namespace = Deployment.namespace(configuration.namespace, environment: environment)
        let partitions = try Deployment.partitions(configuration.partitions, environment: environment)
        let keyspaces = try Keyspace.all(namespace: namespace, partitions: partitions)
        let exitTimeout = try Self.exitTimeout(environment)
        var generator = SystemRandomNumberGenerator()
        var producer = ProducerID(using: &generator)
        let resumed = configuration.resumed.flatMap { Self.partition(of: $0, among: partitions) }
        if let partition = configuration.partition ?? resumed {
            // Each attempt succeeds with a probability of one in the number of partitions.
            while Keyspace.partition(of: producer, among: partitions) != partition {
                producer = ProducerID(using: &generator)
            }
        }
        let identity = JournalIdentity(producer: producer, seed: configuration.seed ?? generator.next())
        let partition = Keyspace.partition(of: identity.producer, among: partitions)
        let settings = JournalSettings(
            limit: configuration.journalLimit, segmentSize: configuration.segmentSize, tag: keyspaces[partition].tag,
            partitions: partitions, serverURL: url.serverURL,
            isDefaultServer: url.isDefault, environment: environment,
            isSamePartition: { Keyspace.partition(of: $0, among: partitions) == partition })
        guard let journal = Journal(identity, settings) else {
            throw SchemaError(
                "cannot create the journal: no memory for a segment of \(configuration.segmentSize) bytes")
        }
        let refusals = Refusals()
        let board = TrialBoard(journal)
        let sender = Sender(
            Delivery.Configuration(
                journal: journal, url: url, keyspace: keyspaces[partition],
                durabilityWindow: configuration.durabilityWindow, keyLifetime: configuration.keyLifetime,
                aliveInterval: configuration.aliveInterval, exitTimeout: exitTimeout, refusals: refusals,
                notify: configuration.notify, board: board),
            adoption: Adoption.Scope(
                root: settings.adoptableRoot, url: url, keyspaces: keyspaces, matchesServer: true,
                durabilityWindow: configuration.durabilityWindow, notify: configuration.notify))
        self.init(
            journal, sender, board: board, partition: (partition, partitions), refusals: refusals,
            configuration: configuration, notify: configuration.notify)
        for warning in url.fileWarnings { notify(warning) }
        sender.start()
    }

    /// Returns the value of `HYPERO_EXIT_TIMEOUT`, or 2 seconds if that variable is not set.
    private static func exitTimeout(_ environment: (String) -> String?) throws(SchemaError) -> Duration {
        guard let text = environment("HYPERO_EXIT_TIMEOUT") else { return .seconds(2) }
        guard let seconds = Double(text), (0...86_400).contains(seconds) else {
            throw SchemaError(
                "HYPERO_EXIT_TIMEOUT must be a number of seconds from 0 to 86400, not '\(printable(text))'")
        }
        return .seconds(seconds)
    }

    /// Returns the partition of an experiment; nil if its id does not tell it.
    private static func partition(of experiment: String, among partitions: Int) -> Int? {
        var text = experiment
        if let (search, _) = text.withUTF8({ SearchID.trial(of: $0) }) {
            return Keyspace.partition(of: search, among: partitions)
        }
        return experiment.lastIndex(of: "-").flatMap { ProducerID(String(experiment[..<$0])) }
            .map { Keyspace.partition(of: $0, among: partitions) }
    }

    /// Returns the client that logs to the partition of a search: this one, or one with a connection of its own.
    ///
    /// - Throws: ``SchemaError`` if that one cannot be created.
    func client(of search: SearchID) throws(SchemaError) -> Client {
        let index = Keyspace.partition(of: search, among: partition.count)
        guard index != partition.index, var configuration else { return self }
        configuration.partition = index
        return try ForkGuard.excludingForks { () throws(SchemaError) in
            if let client = siblings.clients[index] { return client }
            let client = try Client(configuration)
            siblings.clients[index] = client
            return client
        }
    }

    /// This client and those of other partitions.
    private var all: [Client] {
        var clients = [self]
        // The lock of a rehearsal is held already.
        guard partition.count > 1 else { return clients }
        ForkGuard.excludingForks { clients += siblings.clients.values }
        return clients
    }

    /// Returns the reason why this client cannot resume an experiment, with the id; nil if it can.
    func obstacle(toResuming id: String) -> String? {
        guard ExperimentID(id) != nil else { return "'\(printable(id))', an id has 1 to 64 characters of a-z 0-9 -" }
        guard let index = Self.partition(of: id, among: partition.count), index != partition.index else { return nil }
        return
            "\(id), it is in partition \(index), and this client logs to another one. Give the id to connect(resuming:)"
    }

    /// Creates a client whose sender is not started.
    init(
        _ journal: Journal, _ sender: Sender, board: TrialBoard? = nil, partition: (index: Int, count: Int) = (0, 1),
        refusals: Refusals = Refusals(), configuration: Configuration? = nil,
        notify: @escaping @Sendable (String) -> Void
    ) {
        self.journal = journal
        self.sender = sender
        self.board = board ?? TrialBoard(journal)
        self.configuration = configuration
        self.partition = partition
        self.refusals = refusals
        self.notify = notify
        // Unowned, because the sender owns the journal. The client, which makes the log call, keeps the sender alive.
        journal.onChildStart { [unowned sender, board = self.board] in
            board.forgetClaims()
            sender.start()
        }
        ForkGuard.add(journal)
        ForkGuard.add(sender)
    }

    deinit {
        // While the client still holds both, so that no visit of the fork guard releases the last reference.
        ForkGuard.remove(sender)
        ForkGuard.remove(journal)
        sender.endWhenSent()
    }

    package var counters: Counters { all.dropFirst().reduce(ownCounters) { $0 + $1.ownCounters } }

    private var ownCounters: Counters {
        // Read the progress first, so that `sent` never exceeds `accepted`. Events accepted between the two reads count
        // as queued.
        let progress = sender.progress
        let (accepted, dropped) = journal.counts
        return Counters(
            accepted: accepted, sent: progress.sent, applied: progress.applied, dead: progress.dead,
            deleted: progress.deleted, released: progress.released, adopted: progress.adopted,
            damaged: progress.damaged, dropped: dropped)
    }

    package var producer: ProducerID { journal.identity.producer }
    package var seed: UInt64 { journal.identity.seed }

    /// - Parameter isPart: true if the caller waits again, so that a timeout is no reason for a notice.
    package func flush(
        until confirmation: Hypero.Confirmation, deadline: MonotonicTime, isPart: Bool = false
    ) -> Bool {
        // Each one, also after a failure.
        all.map { $0.flushOwn(until: confirmation, deadline: deadline, isPart: isPart) }.allSatisfy { $0 }
    }

    private func flushOwn(until confirmation: Hypero.Confirmation, deadline: MonotonicTime, isPart: Bool) -> Bool {
        let target = journal.counts.accepted
        switch confirmation {
        case .sent: return sender.wait(until: deadline) { $0.isSent(through: target) }
        case .applied:
            let isApplied = sender.waitForApplied(through: target, until: deadline)
            guard !isApplied else { return true }
            let progress = sender.progress
            if progress.cannotConfirm {
                reportUnconfirmable()
            } else if !isPart, progress.isSent(through: target), progress.applied < target {
                reportNotApplied()
            }
            return false
        }
    }

    package func close(timeout: Duration) -> Bool {
        let start = MonotonicTime.now
        let clients = all
        for client in clients { client.journal.close() }
        return clients.map { $0.closeOwn(from: start, timeout: timeout) }.allSatisfy { $0 }
    }

    private func closeOwn(from start: MonotonicTime, timeout: Duration) -> Bool {
        // Reserve a part of the timeout for the end of the thread: the timeout covers sending and ending.
        let sendingDeadline = start + (timeout - min(timeout / 10, .milliseconds(50)))
        let target = journal.counts.accepted
        let isSent = sender.wait(until: sendingDeadline) { $0.isSent(through: target) }
        sender.end(deadline: start + timeout)
        refusals.reportHidden(notify)
        return isSent
    }
}
