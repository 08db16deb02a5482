import Glibc
package import HyperoCore
package import HyperoRedis
package import HyperoSchema

/// The adoption of orphaned journals on this host: sending the events that are not applied, waiting until all are
/// durable, and removing the journals.
///
/// A journal that is left alone is reported once, with the reason (``LeftReason``).
package struct Adoption: ~Copyable {
    /// The journals to adopt, and the settings of the adoption.
    package struct Scope: Sendable {
        /// The folder that contains the journals; nil if there is none.
        package var root: JournalRoot?
        package var url: RedisURL
        package var keyspaces: [Keyspace]
        /// true to adopt only journals whose header names the server of `url`; false to send all journals there.
        package var matchesServer: Bool
        /// true to report errors of Redis. A client's own delivery reports them already.
        package var reportsErrors: Bool
        /// The number of journals that are sent at the same time, each over its own connection.
        ///
        /// The partitions share it equally, and each may send at least one. A journal may wait for the ingest of its
        /// partition for days, and must not keep those of other partitions waiting.
        package var maxConcurrent = 8
        /// The time for which an applied event stays in its journal.
        package var durabilityWindow: Duration
        package var notify: @Sendable (String) -> Void
        package var clock: @Sendable () -> MonotonicTime = { .now }

        package init(
            root: JournalRoot?, url: RedisURL, keyspaces: [Keyspace], matchesServer: Bool, reportsErrors: Bool = false,
            durabilityWindow: Duration = DurabilityWindow.defaultDuration, notify: @escaping @Sendable (String) -> Void
        ) {
            self.root = root
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
        /// A part of a journal was read, or a delivery performed an action.
        case worked
        /// There is nothing to do for now.
        case waiting
        /// There are no journals left.
        case idle
    }

    /// The number of journals that were sent, applied and removed.
    package private(set) var finishedJournals = 0
    /// The number of journals whose events were all sent, but not seen applied for long enough before the end. They stay.
    package private(set) var unconfirmedJournals = 0
    /// The number of journals that have unsent events at the end. They stay.
    package private(set) var unsentJournals = 0
    /// The number of journals that were not read before the end. Some may belong to running processes.
    package private(set) var unreadJournals = 0
    /// The number of events of adopted journals that became dead letters.
    package private(set) var deadEvents: UInt64 = 0
    /// The number of files of adopted journals that were shortened.
    package private(set) var shortenedFiles = 0
    /// The names of folders and files that are no journals, or were renamed, in ascending order, at most ten.
    package private(set) var otherEntries: [String] = []
    /// The number of records in adopted journals that cannot be read, and of their shortened files.
    package private(set) var damaged: UInt64 = 0
    /// The number of journals of other users in the folder.
    package private(set) var otherUserJournals = 0
    /// The number of journals that running processes are using, or another client is adopting.
    package private(set) var usedJournals = 0
    /// The number of journals that are sent, and stay until the forked children of their processes have ended.
    package var inheritedJournals: Int { inherited.count }
    /// The journals of this user that are left alone, by name.
    package private(set) var left: [String: LeftReason] = [:]
    /// The number of journals that were written for another server and of which this server has acknowledged events, by the name
    /// of the other server.
    package private(set) var redirected: [String: Int] = [:]
    /// The number of acknowledged events of journals that are not active any more.
    private var finishedEvents: UInt64 = 0

    private let scope: Scope
    private let machine: HostIdentity
    private let callbacks: Delivery.Callbacks
    /// The names of journals that are not opened yet, in descending order.
    private var names: [String] = []
    /// The journal that is being read.
    private var opening: (name: String, reading: OrphanedJournal.Opening)?
    /// The names of journals that wait until another journal of their partition is sent, by the partition's tag.
    private var postponed: [String: [String]] = [:]
    /// The names of journals whose processes may be alive.
    private var maybeAlive: Set<String> = []
    /// The names of journals that are sent, and stay until the forked children of their processes have ended.
    private var inherited: Set<String> = []
    private var silence = SilenceMonitor()
    private var nextLook = MonotonicTime(nanoseconds: 0)
    /// true if the last step opened a journal.
    private var opensNext = false
    /// The deliveries of open journals. Several run at once, because a journal may wait for the ingest for a long time.
    private var active: [OrphanDelivery] = []
    /// The index of the delivery that made the last step.
    private var lastIndex = 0
    private var hasReportedRoot = false
    private var hasReportedOtherUsers = false

    /// The memory in bytes beyond which no further journal is loaded. A step may load up to three segments of 8 MiB.
    private static let maxLoadedBytes = 24 << 20
    /// The number of open journals beyond which no further one is opened, however many partitions there are.
    private static let maxOpen = 64
    /// The time between two looks at a journal whose process may be alive.
    private static let lookInterval: Duration = .seconds(5)

    init(_ scope: Scope, machine: HostIdentity = .current, callbacks: Delivery.Callbacks) {
        self.scope = scope
        self.machine = machine
        self.callbacks = callbacks
    }

    /// - Parameter timeout: The longest time of ``run(progress:)``; nil for no limit.
    package init(_ scope: Scope, timeout: Duration? = nil) {
        let deadline = timeout.map { MonotonicTime.now + $0 }
        self.init(scope, shouldContinue: { deadline.map { .now < $0 } ?? true })
    }

    /// - Parameter shouldContinue: Called every few milliseconds. Returns false to give up.
    package init(_ scope: Scope, shouldContinue: @escaping () -> Bool) {
        self.init(scope, callbacks: Delivery.Callbacks(shouldContinue: shouldContinue, blocking: { $0() }))
    }

    /// The number of journals that are being sent or not opened yet.
    package var remainingJournals: Int {
        active.count + names.count + maybeAlive.count + (opening == nil ? 0 : 1)
            + postponed.values.reduce(0) { $0 + $1.count }
    }

    /// The number of journals from before the start of this machine, whose processes may be alive.
    package var maybeAliveJournals: Int { maybeAlive.count }

    /// The number of journals that are being sent.
    package var openJournals: Int { active.count }

    /// The number of journals whose events were all sent, and that wait for the ingest.
    package var waitingJournals: Int { active.count { $0.isSent } }

    /// The number of events of orphaned journals that Redis has acknowledged.
    package var events: UInt64 { active.reduce(finishedEvents) { Self.sum($0, $1.sent) } }

    /// Adds two numbers, at most up to the highest one: the sequence numbers of a journal may be any numbers.
    private static func sum(_ first: UInt64, _ second: UInt64) -> UInt64 {
        let (sum, overflows) = first.addingReportingOverflow(second)
        return overflows ? .max : sum
    }

    /// Lists the journals in the folder.
    package mutating func scan() {
        names = []
        maybeAlive = []
        postponed = [:]
        otherUserJournals = 0
        usedJournals = 0
        otherEntries = []
        guard let root = scope.root else { return }
        do {
            let folder = try root.open()
            let user = geteuid()
            OpenFolder.forEachEntryName(in: folder.descriptor) { name in
                // Other entries of the folder do not belong to hypero.
                guard ProducerID.isGenerated(JournalFolder.finalName(ofUnfinished: name) ?? name) else {
                    if !name.hasPrefix("."), otherEntries.count < 10 { otherEntries.append(name) }
                    return
                }
                // Not stored: in a folder that several users share, another user may create any number of them.
                if let owner = FileStatus(of: name, in: folder.descriptor)?.owner, owner != user {
                    otherUserJournals += 1
                    reportOtherUser(owner, journal: "\(root.path)/\(name)")
                } else {
                    names.append(name)
                }
            }
            names.sort(by: >)
            otherEntries.sort()
        } catch {
            guard !hasReportedRoot else { return }
            hasReportedRoot = true
            scope.notify(
                "cannot look for orphaned journals: \(error). Journals in a folder of that name are left alone. Restart the "
                    + "process to use the new folder")
        }
        let present = Set(names)
        left = left.filter { present.contains($0.key) }
        inherited.formIntersection(present)
        silence.keepOnly(present)
    }

    /// Adopts all journals that ``scan()`` has found.
    ///
    /// - Parameter progress: Called every ten seconds.
    /// - Returns: false if the timeout has passed first.
    package mutating func run(progress: (borrowing Adoption) -> Void) -> Bool {
        var nextProgress = MonotonicTime.now + Self.progressInterval
        while true {
            guard callbacks.shouldContinue() else {
                stop()
                return unconfirmedJournals + unsentJournals + unreadJournals == 0
            }
            switch step() {
            case .idle: if !resumeInherited() { return true }
            case .worked: break
            case .waiting: usleep(1_000)
            }
            guard .now >= nextProgress else { continue }
            nextProgress = .now + Self.progressInterval
            progress(self)
        }
    }

    private static var progressInterval: Duration { .seconds(10) }

    /// Reads a part of the next journal, or lets one active delivery make a step.
    package mutating func step() -> Step {
        if !maybeAlive.isEmpty, scope.clock() >= nextLook {
            names += maybeAlive
            maybeAlive = []
            nextLook = scope.clock() + Self.lookInterval
        }
        if names.isEmpty { resumePostponed() }
        guard !active.isEmpty || canOpen else { return maybeAlive.isEmpty ? .idle : .waiting }
        // In turn, so that neither waits for the other.
        opensNext = canOpen && (active.isEmpty || !opensNext)
        guard opensNext else { return stepActive() }
        if opening == nil { openNext() } else { continueOpening() }
        return .worked
    }

    /// true if a journal can be opened, or is being opened.
    private var canOpen: Bool {
        opening != nil || !names.isEmpty && active.count < max(scope.maxConcurrent, Self.maxOpen)
    }

    /// Opens one more journal of each partition that may send one.
    private mutating func resumePostponed() {
        guard !postponed.isEmpty else { return }
        for tag in Set(postponed.keys).subtracting(fullPartitions) {
            guard let name = postponed[tag]?.popLast() else { continue }
            names.append(name)
            if postponed[tag]?.isEmpty == true { postponed[tag] = nil }
        }
    }

    /// Opens again the journals that stayed for forked children of their processes, if the journals of these are removed.
    ///
    /// - Returns: false if there are none.
    private mutating func resumeInherited() -> Bool {
        guard let root = scope.root else { return false }
        let free = inherited.filter { name in ProducerID(name).map { !root.hasDescendant(of: $0) } ?? false }
        inherited.subtract(free)
        names = free.sorted(by: >)
        return !free.isEmpty
    }

    private mutating func stepActive() -> Step {
        let loaded = active.reduce(0) { $0 + $1.loadedBytes }
        for _ in active.indices {
            lastIndex = (lastIndex + 1) % active.count
            if loaded >= Self.maxLoadedBytes, active[lastIndex].loadedBytes == 0 { continue }
            switch active[lastIndex].step() {
            case .worked: return .worked
            case .idle: continue
            case .finished:
                end(active.remove(at: lastIndex))
                return .worked
            }
        }
        return canOpen ? .worked : .waiting
    }

    /// Unlocks the journals that are being sent, so that other clients can adopt them.
    package mutating func stop() {
        for delivery in active { end(delivery) }
        active = []
        unreadJournals += remainingJournals
        (names, maybeAlive, postponed, opening) = ([], [], [:], nil)
    }

    private mutating func end(_ delivery: OrphanDelivery) {
        finishedEvents = Self.sum(finishedEvents, delivery.sent)
        deadEvents = Self.sum(deadEvents, delivery.dead)
        if delivery.sent > 0, delivery.server != SegmentHeader.serverName(of: scope.url.serverURL),
            !scope.url.sharesServer(with: delivery.server)
        {
            redirected[delivery.server, default: 0] += 1
        }
        if delivery.awaitsDescendants {
            inherited.insert(delivery.name)
        } else if delivery.isDurable {
            finishedJournals += 1
        } else if let failure = delivery.failure {
            leave(delivery.name, .unreadable("\(failure)"))
        } else if delivery.isSent {
            unconfirmedJournals += 1
        } else {
            unsentJournals += 1
        }
        delivery.end()
    }

    private mutating func openNext() {
        guard let name = names.popLast(), let root = scope.root else { return }
        if let final = JournalFolder.finalName(ofUnfinished: name) {
            do {
                try JournalFolder.removeUnfinished(final, in: root)
            } catch .notPrivate(_, let violation) {
                leave(name, .notPrivate(path: "\(root.path)/\(name)", violation))
            } catch {}
            return
        }
        if inherited.contains(name), let producer = ProducerID(name), root.hasDescendant(of: producer) { return }
        inherited.remove(name)
        var reason: LeftReason?
        var busyTag: String?
        let full = fullPartitions
        let scope = scope
        var silence = silence
        let result = OrphanedJournal.Opening.begin(
            name, in: root, machine: machine, isSilent: { silence.isSilent(name, $0, at: scope.clock()) },
            where: { header, isUnsent in
                reason = scope.reasonToLeave(header, isUnsent: isUnsent)
                if reason == nil, full.contains(header.tag) { busyTag = header.tag }
                return reason == nil && busyTag == nil
            })
        self.silence = silence
        if let busyTag { return postponed[busyTag, default: []].append(name) }
        switch result {
        case .success(let opening): self.opening = (name, opening)
        case .failure(let end): finishOpening(name, end.result, foreign: reason ?? .otherHost)
        }
    }

    /// The tags of the partitions that send as many journals as they may.
    private var fullPartitions: Set<String> {
        let counts = Dictionary(active.map { ($0.tag, 1) }, uniquingKeysWith: +)
        let limit = max(scope.maxConcurrent / scope.keyspaces.count, 1)
        return Set(counts.filter { $0.value >= limit }.keys)
    }

    private mutating func continueOpening() {
        guard let name = opening?.name, let result = opening?.reading.step() else { return }
        opening = nil
        finishOpening(name, result, foreign: .otherHost)
    }

    private mutating func finishOpening(_ name: String, _ result: OrphanedJournal.OpenResult, foreign: LeftReason) {
        switch result {
        case .locked: usedJournals += 1
        case .nothing: break
        case .maybeAlive: maybeAlive.insert(name)
        case .foreign: leave(name, foreign)
        case .notPrivate(let path, let violation): leave(name, .notPrivate(path: path, violation))
        case .unreadable(let reason): leave(name, .unreadable(reason))
        case .opened(let orphan): start(orphan, name)
        }
    }

    private mutating func start(_ orphan: OrphanedJournal, _ name: String) {
        guard let keyspace = scope.keyspaces.first(where: { $0.tag == orphan.header.tag }) else { return }
        left[name] = nil
        damaged = Self.sum(damaged, orphan.scan.damaged)
        if orphan.scan.damaged > 0 {
            scope.notify(
                "damaged records in the journal \(orphan.folder.path): \(orphan.scan.damaged). They cannot be sent")
        }
        damaged = Self.sum(damaged, UInt64(orphan.truncatedFiles.count))
        shortenedFiles += orphan.truncatedFiles.count
        for file in orphan.truncatedFiles {
            scope.notify("a file of the journal was shortened: \(file). Its last events may be missing")
        }
        active.append(OrphanDelivery(orphan, name, in: keyspace, scope, callbacks: callbacks))
    }

    /// Records that a journal is left alone, and reports it unless this is known.
    private mutating func leave(_ name: String, _ reason: LeftReason) {
        guard left.updateValue(reason, forKey: name) != reason, let root = scope.root else { return }
        if let notice = reason.notice(journal: "\(root.path)/\(name)", keyspaces: scope.keyspaces) {
            scope.notify(notice)
        }
    }

    /// Reports the first journal of another user. They are usual in a folder that several users share, so one report is
    /// enough.
    private mutating func reportOtherUser(_ user: UInt32, journal: String) {
        guard !hasReportedOtherUsers else { return }
        hasReportedOtherUsers = true
        scope.notify(
            "journals of other users are left alone: \(journal) belongs to the user \(user). Clients of that user adopt it"
        )
    }
}
