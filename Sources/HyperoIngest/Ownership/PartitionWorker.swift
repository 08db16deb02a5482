import Glibc
import HyperoCore
import HyperoRedis
import HyperoSchema
import Logging

/// The worker on a partition's thread, which owns the connection and performs the actions that ``PartitionOwner``
/// decides on.
final class PartitionWorker {
    let keyspace: Keyspace
    let settings: IngestSettings
    let logger: Logger
    let limitedLogger: RateLimitedLogger
    let shield: CancellationShield
    /// The lease, whose duration is the one of the settings or longer: see ``lengthenLease()``.
    var lease: Lease
    var pipeline: Pipeline?
    /// The last entry that a drain applies: the last entry of the stream when it was read first.
    var goal: StreamID?
    /// True if entries after the goal must not be applied.
    private(set) var endsAtGoal = false
    /// The last cursor that this owner has written; nil before the first.
    var appliedCursor: StreamID?
    /// The series of the entries that are applied; nil before the first checkpoint.
    var series: EntrySeries?
    /// The position in the series of entries that this owner has written; nil before the first.
    var appliedPosition: ArchivePosition?
    /// The last command of an operator that was carried out.
    var control = StreamID.zero
    /// True if another ingest has owned the partition since this one has.
    var hasOtherOwner = false
    /// The commands that were carried out, as Redis counts them.
    var commands = CommandsField(count: 0, last: .zero)
    /// The value of ``IngestField/unarchived`` in Redis.
    var unarchived = ""
    /// The value of ``IngestField/unarchived`` whose commands the archive of this process has.
    var restoredCommands = ""
    /// The last entry of the stream when the command of a rule had to wait for entries, and the command; nil before.
    var awaited: (last: StreamID, command: StreamID)?
    /// The time at which the control stream was read last.
    var controlRead = MonotonicTime.now
    /// The rebuild that goes on between two batches; nil for none.
    var rebuild: Rebuild?
    /// The attempts at the rebuild. They outlive the connection.
    var rebuildAttempts = RebuildAttempts()
    /// The longest slice of a rebuild while entries wait, and as long as entries are applied after it.
    var rebuildSlice = Rebuild.slice
    /// The number of keys that Redis looks at per part of a search of a rebuild.
    var rebuildSearchCount = KeySearch.partCount
    /// The dead letters that are not in Redis yet. With a connection, they are in its ``PipelineContext``.
    private var pendingDeadLetters = PendingDeadLetters()
    /// The dead letters that were removed and not counted. With a connection, they are in its ``PipelineContext``.
    private var trimmedDeadLetters = 0
    /// The subjects whose hashes another client has removed. With a connection, they are in its ``PipelineContext``.
    private var vanished: [VanishedSubject] = []
    /// The last transaction with entries, if no command of it failed. With a connection, it is in its ``PipelineContext``.
    private var flawless: Unconfirmed?
    /// The server whose last transaction of this owner has a known outcome; nil if the outcome or the server is unknown.
    private var serverOfKnownOutcome: String?
    /// The archive of the entries; nil if they are not archived.
    let archiver: Archiver?
    private let shutdown: ShutdownFlag
    private var owner: PartitionOwner

    /// - Parameter limitedLogger: the logger of an earlier worker of the partition, which knows what it has logged; nil for a new
    ///   one.
    init(
        _ settings: IngestSettings, keyspace: Keyspace, logger: Logger, shutdown: ShutdownFlag,
        limitedLogger: RateLimitedLogger? = nil
    ) {
        self.settings = settings
        self.keyspace = keyspace
        self.shutdown = shutdown
        self.logger = logger
        self.limitedLogger = limitedLogger ?? RateLimitedLogger(logger)
        archiver = settings.archive.map {
            Archiver($0, keyspace: keyspace, redis: settings.redis, logger: logger)
        }
        shield = CancellationShield(shutdown)
        lease = Lease(keyspace: keyspace, owner: Self.makeOwnerName(), duration: settings.leaseDuration)
        owner = PartitionOwner(settings.redis, leaseDuration: settings.leaseDuration, isDraining: settings.isDraining)
    }

    /// Returns a unique name that identifies the process for operators: `<host>:<pid>:<random>`.
    private static func makeOwnerName() -> String {
        let host = HostIdentity.hostName ?? "unknown"
        return "\(host):\(getpid()):\(String(UInt32.random(in: 0 ... .max), radix: 16))"
    }

    /// Makes a drain apply no entry after an id.
    func endExactly(at id: StreamID) {
        goal = id
        endsAtGoal = true
    }

    /// Runs until shutdown is requested, or a drain has ended.
    func run() -> PartitionOwner.Ending {
        archiver?.start()
        // The check of the server before it may have waited for the lookup of a name.
        var action = shutdown.isRequested ? .end(settings.isDraining ? .interrupted : .done) : owner.start
        while true {
            switch action {
            case .end(let ending):
                let isArchived = finishArchive()
                guard pendingDeadLetters.isEmpty else { return reportUnwrittenDeadLetters() }
                return ending == .done && settings.isDraining && !isArchived ? .failed : ending
            case .connect: action = runConnected()
            case .wait(let duration), .disconnect(let duration):
                shutdown.wait(atMost: duration)
                action = next(after: .waited)
            // Without a connection, these actions start over.
            case .acquire, .recover, .apply, .release: action = owner.start
            }
        }
    }

    /// Ends the archive. A drain waits until all is archived, unless the archive cannot be written or a shutdown is requested.
    ///
    /// - Returns: false if entries or commands are not archived, which is logged.
    private func finishArchive() -> Bool {
        guard let archiver else { return true }
        while settings.isDraining, !shutdown.isRequested,
            !archiver.wait(atMost: .milliseconds(100), until: { $0.isUpToDate || $0.cannotProceed })
        {}
        return archiver.finish(atMost: .seconds(5))
    }

    /// Logs the entries whose dead letters this process could not write. The next owner finds them by
    /// ``IngestField/unconfirmed``.
    private func reportUnwrittenDeadLetters() -> PartitionOwner.Ending {
        let ids = pendingDeadLetters.entryIDs
        let list = ids.prefix(20).map(\.description).joined(separator: " ")
        let more = ids.count > 20 ? " and \(ids.count - 20) more" : ""
        logger.error(
            """
            cannot write dead letters to \(keyspace.dead). The next ingest tries again. These entries of \(keyspace.events) were \
            not applied completely: \(list)\(more)
            """)
        return .failed
    }

    /// Connects, and performs actions until the next action needs another connection or no connection.
    private func runConnected() -> PartitionOwner.Action {
        do {
            var connection = try open()
            // The cursors of its scans belong to the process of Redis that gave them.
            rebuild = nil
            let serverID = try connection.serverID()
            let prefetcher = Prefetcher(connection.peer, keyspace: keyspace, serverID: serverID)
            var context = PipelineContext(
                connection: connection, prefetcher: prefetcher,
                trimPlan: TrimPlan(retain: settings.retain), pendingDeadLetters: pendingDeadLetters,
                trimmedDeadLetters: trimmedDeadLetters, flawless: flawless,
                // Another start of the server may have lost the transaction that wrote the dead letters.
                isOutcomeKnown: serverID != nil && serverID == serverOfKnownOutcome, vanished: vanished,
                archiver: archiver,
                shield: shield,
                logger: limitedLogger)
            defer {
                context.prefetcher.stop()
                pendingDeadLetters = context.pendingDeadLetters
                trimmedDeadLetters = context.trimmedDeadLetters
                flawless = context.flawless
                vanished = context.vanished
                serverOfKnownOutcome = context.isOutcomeKnown ? serverID : nil
            }
            var action = next(after: .connected)
            while true {
                switch action {
                case .connect, .disconnect, .end: return action
                case .wait(let duration):
                    shutdown.wait(atMost: duration)
                    action = next(after: .waited)
                case .acquire, .recover, .apply, .release:
                    var event = perform(action, in: &context)
                    if case .failed(let error) = event { event = .failed(context.connection.verified(error)) }
                    action = next(after: event)
                }
            }
        } catch {
            return next(after: .failed(error))
        }
    }

    private func open() throws(RedisError) -> RedisConnection {
        // After a shutdown, the connection is needed to release the lease. Its timeout is then short.
        shield.isShielded = owner.isStopping
        defer { shield.isShielded = false }
        let shield = shield
        return try owner.topology.open(
            for: .writing, name: keyspace.ingestConnectionName(owner: lease.owner),
            timeout: owner.isStopping ? .seconds(1) : .seconds(5), bounds: .medium,
            shouldContinue: { shield.shouldContinue })
    }

    private func next(after event: PartitionOwner.Event) -> PartitionOwner.Action {
        let isStopRequested = shutdown.isRequested
        if !isStopRequested || owner.isStopping { report(event) }
        return owner.next(after: event, jitter: .random(in: 0..<1), isStopRequested: isStopRequested)
    }

    private func report(_ event: PartitionOwner.Event) {
        switch event {
        case .failed(let error):
            limitedLogger.failure(error.report, level: error.logLevel)
        case .standby:
            limitedLogger.reconnected()
            limitedLogger.paused("another ingest owns the partition: standing by", level: .info)
        case .leaseLost:
            limitedLogger.paused("lease lost: entries that are not applied are read again", level: .warning)
        // An empty transaction is no sign of a recovery: it may be applied between two that are rejected.
        case .applied where pipeline?.slots.hasAppliedChanges == true || pipeline?.slots.isCaughtUp == true:
            limitedLogger.recovered("owning the partition as \(lease.owner)")
        default: break
        }
    }
}

extension RedisError {
    /// A redirect, which is followed, is no fault. Neither is a slot that migrates, which takes its time.
    fileprivate var logLevel: Logger.Level {
        switch category {
        case .moved: .info
        case .transient, .migrating: .warning
        case .elsewhere, .denied, .connection, .refused: .error
        }
    }
}
