import Glibc
import HyperoCore
package import HyperoRedis
package import HyperoSchema

/// The adoption of orphaned journals on this host: sending the events that are not applied, waiting until all are
/// durable, and removing the journals.
package struct Adoption: ~Copyable {
    /// The journals to adopt, and the settings of the adoption.
    package struct Scope: Sendable {
        /// The folder that contains the journals; nil if there is none.
        package var folder: String?
        package var url: RedisURL
        package var keyspaces: [Keyspace]
        /// true to adopt only journals whose header names the server of `url`; false to send all journals there.
        package var matchesServer: Bool
        /// true to report errors of Redis. A client's own delivery reports them already.
        package var reportsErrors: Bool
        /// The number of journals that are sent at the same time, each over its own connection.
        package var maxConcurrent = 8
        /// The time for which an applied event stays in its journal.
        package var durabilityWindow: Duration
        package var notify: @Sendable (String) -> Void

        package init(
            folder: String?, url: RedisURL, keyspaces: [Keyspace], matchesServer: Bool, reportsErrors: Bool = false,
            durabilityWindow: Duration = DurabilityWindow.defaultDuration, notify: @escaping @Sendable (String) -> Void
        ) {
            self.folder = folder
            self.url = url
            self.keyspaces = keyspaces
            self.matchesServer = matchesServer
            self.reportsErrors = reportsErrors
            self.durabilityWindow = durabilityWindow
            self.notify = notify
        }
    }

    /// The result of one step.
    package enum Step: Sendable {
        /// A journal was opened, or a delivery performed an action.
        case worked
        /// Journals are being sent, and there is nothing to do for now.
        case waiting
        /// There are no journals left.
        case idle
    }

    /// The number of journals that were sent and removed.
    package private(set) var finishedJournals = 0
    /// The number of records in adopted journals that cannot be read.
    package private(set) var damaged: UInt64 = 0
    /// The names of journals that cannot be read, whose files stay.
    package private(set) var unreadable: Set<String> = []
    /// The number of journals that are being sent or not opened yet.
    package var remainingJournals: Int { active.count + names.count }
    /// The number of acknowledged events of journals that are not active any more.
    private var finishedEvents: UInt64 = 0

    private let scope: Scope
    private let machine = HostIdentity.current
    private let callbacks: Delivery.Callbacks
    /// The names of journals that are not opened yet, in descending order.
    private var names: [String] = []
    /// The deliveries of open journals. Several run at once, because a journal may wait for the ingest for a long time.
    private var active: [OrphanDelivery] = []
    /// The index of the delivery that made the last step.
    private var lastIndex = 0

    init(_ scope: Scope, callbacks: Delivery.Callbacks) {
        self.scope = scope
        self.callbacks = callbacks
    }

    package init(_ scope: Scope) {
        self.init(scope, callbacks: Delivery.Callbacks(shouldContinue: { true }, blocking: { $0() }))
    }

    /// The number of events of orphaned journals that Redis has acknowledged.
    package var events: UInt64 { active.reduce(finishedEvents) { $0 + $1.sent } }

    /// Lists the journals in the folder.
    ///
    /// - Returns: The folder's path; nil if the folder does not exist.
    @discardableResult
    package mutating func scan() -> String? {
        names = root.map { $0.entryNames().reversed() } ?? []
        return root?.path
    }

    /// Adopts all journals that ``scan()`` has found.
    ///
    /// - Parameters:
    ///   - timeout: The longest time; nil to wait as long as necessary.
    ///   - progress: Called every ten seconds.
    /// - Returns: false if the timeout has passed first.
    package mutating func run(timeout: Duration?, progress: (borrowing Adoption) -> Void) -> Bool {
        let deadline = timeout.map { MonotonicTime.now + $0 }
        var nextProgress = MonotonicTime.now + Self.progressInterval
        while true {
            switch step() {
            case .idle: return true
            case .worked: break
            case .waiting: usleep(1_000)
            }
            if let deadline, .now >= deadline {
                stop()
                return false
            }
            guard .now >= nextProgress else { continue }
            nextProgress = .now + Self.progressInterval
            progress(self)
        }
    }

    private static var progressInterval: Duration { .seconds(10) }

    /// Opens the next journal, or lets one active delivery make a step.
    package mutating func step() -> Step {
        if !names.isEmpty, active.count < scope.maxConcurrent {
            openNext()
            return .worked
        }
        guard !active.isEmpty else { return .idle }
        for _ in active.indices {
            lastIndex = (lastIndex + 1) % active.count
            switch active[lastIndex].step() {
            case .worked: return .worked
            case .idle: continue
            case .finished:
                if active[lastIndex].isDurable { finishedJournals += 1 }
                end(active.remove(at: lastIndex))
                return .worked
            }
        }
        return .waiting
    }

    /// Unlocks the journals that are being sent, so that other clients can adopt them.
    package mutating func stop() {
        for delivery in active { end(delivery) }
        active = []
    }

    private mutating func end(_ delivery: OrphanDelivery) {
        finishedEvents += delivery.sent
        delivery.end()
    }

    private var root: JournalRoot? {
        scope.folder.flatMap { try? JournalRoot(existing: $0) }
    }

    private mutating func openNext() {
        guard let name = names.popLast(), let root = root else { return }
        if let final = JournalFolder.finalName(ofUnfinished: name) {
            return JournalFolder.removeUnfinished(final, in: root)
        }
        // Other entries of the folder do not belong to hypero.
        guard ProducerID.isGenerated(name) else { return }
        let scope = scope
        let result = OrphanedJournal.open(name, in: root, machine: machine) { header in
            scope.keyspaces.contains { $0.tag == header.tag }
                && (!scope.matchesServer || header.serverURL == scope.url.serverURL)
        }
        switch result {
        case .locked, .foreign: break
        case .unreadable(let reason):
            guard unreadable.insert(name).inserted else { break }
            scope.notify("cannot adopt the journal \(root.path)/\(name): \(reason)")
        case .opened(let orphan): start(orphan)
        }
    }

    private mutating func start(_ orphan: OrphanedJournal) {
        guard let keyspace = scope.keyspaces.first(where: { $0.tag == orphan.header.tag }) else { return }
        damaged += orphan.scan.damaged
        if orphan.scan.damaged > 0 {
            scope.notify(
                "damaged records in the journal \(orphan.folder.path): \(orphan.scan.damaged). They cannot be sent")
        }
        active.append(OrphanDelivery(orphan, in: keyspace, scope, callbacks: callbacks))
    }
}
