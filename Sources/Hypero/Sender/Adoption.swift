import HyperoCore
package import HyperoRedis
package import HyperoSchema

/// Takes over the journals of processes that are gone, one at a time: sends what the watermark does not cover, waits until
/// all is applied, and removes them.
package struct Adoption: ~Copyable {
    /// Which journals are taken.
    package struct Scope: Sendable {
        /// The folder they lie in; nil when there is none.
        package var folder: String?
        package var url: RedisURL
        package var keyspaces: [Keyspace]
        /// Only those that were to go to this very place; else the caller knows that they are to go there.
        package var isOfPlaceOnly: Bool
        /// Whether troubles with Redis are told; a client tells its own.
        package var tellsTroubles: Bool
        /// How many are under way at once, each on a connection of its own.
        package var mostAtOnce = 8
        package var settling: Duration
        package var notify: @Sendable (String) -> Void

        package init(
            folder: String?, url: RedisURL, keyspaces: [Keyspace], isOfPlaceOnly: Bool, tellsTroubles: Bool = false,
            settling: Duration = DurabilityWindow.usual, notify: @escaping @Sendable (String) -> Void
        ) {
            self.folder = folder
            self.url = url
            self.keyspaces = keyspaces
            self.isOfPlaceOnly = isOfPlaceOnly
            self.tellsTroubles = tellsTroubles
            self.settling = settling
            self.notify = notify
        }
    }

    /// What a step came to.
    package enum Step: Sendable {
        case worked
        /// A journal is under way, and nothing is to do for now.
        case waiting
        /// There is no journal to take.
        case idle
    }

    /// Journals that were sent, applied and removed.
    package private(set) var journals = 0
    /// Records in journals taken over that could not be read any more.
    package private(set) var damaged: UInt64 = 0
    /// Journals that cannot be read, and are left where they are.
    package private(set) var unreadable: Set<String> = []
    /// Journals under way, and those that wait for their turn.
    package var left: Int { underWay.count + names.count }
    /// Events acknowledged from journals that are done with.
    private var finished: UInt64 = 0

    private let scope: Scope
    private let machine = HostIdentity.current
    private let host: DeliveryHost
    /// Those that were found and not tried yet.
    private var names: [String] = []
    /// Several: one that waits for an ingest must not keep all others waiting.
    private var underWay: [OrphanDelivery] = []
    private var turn = 0

    init(_ scope: Scope, host: DeliveryHost) {
        self.scope = scope
        self.host = host
    }

    package init(_ scope: Scope) {
        self.init(scope, host: DeliveryHost(goesOn: { true }, whileBlocked: { $0() }))
    }

    /// Events of such journals that Redis acknowledged.
    package var events: UInt64 { underWay.reduce(finished) { $0 + $1.sent } }

    /// Looks which journals there are.
    ///
    /// - Returns: the folder they lie in; nil when there is none.
    @discardableResult
    package mutating func scan() -> String? {
        names = root.map { $0.names().reversed() } ?? []
        return root?.path
    }

    /// Does the next thing.
    package mutating func step() -> Step {
        if !names.isEmpty, underWay.count < scope.mostAtOnce {
            takeNext()
            return .worked
        }
        guard !underWay.isEmpty else { return .idle }
        for _ in underWay.indices {
            turn = (turn + 1) % underWay.count
            switch underWay[turn].step() {
            case .worked: return .worked
            case .rest: continue
            case .finished:
                if underWay[turn].isDone { journals += 1 }
                finish(underWay.remove(at: turn))
                return .worked
            }
        }
        return .waiting
    }

    /// Lets go of the journals that are under way; others may take them.
    package mutating func giveUp() {
        for delivery in underWay { finish(delivery) }
        underWay = []
    }

    private mutating func finish(_ delivery: OrphanDelivery) {
        finished += delivery.sent
        delivery.end()
    }

    private var root: JournalRoot? {
        scope.folder.flatMap { try? JournalRoot(existing: $0) }
    }

    private mutating func takeNext() {
        guard let name = names.popLast(), let root = root else { return }
        if let unfinished = JournalFolder.unfinishedName(name) { return JournalFolder.sweep(unfinished, in: root) }
        // Whatever else lies in the folder is not ours to touch.
        guard ProducerID.isGenerated(name) else { return }
        let scope = scope
        let taking = OrphanedJournal.take(name, in: root, machine: machine) { header in
            scope.keyspaces.contains { $0.tag == header.tag }
                && (!scope.isOfPlaceOnly || header.place == scope.url.serverURL)
        }
        switch taking {
        case .held, .foreign: break
        case .unreadable(let reason):
            guard unreadable.insert(name).inserted else { break }
            scope.notify("the journal \(root.path)/\(name) is left alone: \(reason)")
        case .taken(let left): begin(left)
        }
    }

    private mutating func begin(_ left: OrphanedJournal) {
        guard let keyspace = scope.keyspaces.first(where: { $0.tag == left.header.tag }) else { return }
        damaged += left.scan.damaged
        if left.scan.damaged > 0 {
            scope.notify(
                "\(left.scan.damaged) records of the journal \(left.folder.path) are damaged and cannot be sent")
        }
        underWay.append(OrphanDelivery(left, in: keyspace, scope, host: host))
    }
}
