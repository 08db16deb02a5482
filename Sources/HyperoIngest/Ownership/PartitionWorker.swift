import Glibc
import HyperoCore
import HyperoRedis
import HyperoSchema
import Logging

/// The thread of a partition: performs the actions that ``PartitionOwner`` decides on. It owns the connection.
final class PartitionWorker {
    let keys: Keyspace
    let settings: IngestSettings
    let logger: Logger
    let limitedLogger: RateLimitedLogger
    let shield: CancellationShield
    let lease: Lease
    var pipeline: Pipeline?
    /// The last entry that a drain applies: the last entry of the stream when it was read first.
    var goal: StreamID?
    /// The last cursor that this owner has written; nil before the first.
    var appliedCursor: StreamID?
    /// The dead letters that are not in Redis, while there is no connection.
    private var pendingDeadLetters = PendingDeadLetters()
    private let shutdown: ShutdownFlag
    private var owner: PartitionOwner

    init(_ settings: IngestSettings, keys: Keyspace, logger: Logger, shutdown: ShutdownFlag) {
        self.settings = settings
        self.keys = keys
        self.shutdown = shutdown
        var logger = logger
        if settings.partitions > 1 { logger[metadataKey: "partition"] = "\(keys.tag)" }
        self.logger = logger
        limitedLogger = RateLimitedLogger(logger)
        shield = CancellationShield(shutdown)
        lease = Lease(keys: keys, owner: Self.makeOwnerName(), duration: settings.lease)
        owner = PartitionOwner(settings.redis, lease: settings.lease, isDraining: settings.isDraining)
    }

    /// Returns `<host>:<pid>:<random>`: unique, and operators see which process it is.
    private static func makeOwnerName() -> String {
        let host = HostIdentity.hostName ?? "unknown"
        return "\(host):\(getpid()):\(String(UInt32.random(in: 0 ... .max), radix: 16))"
    }

    /// Runs until shutdown is requested, or a drain has ended.
    func run() -> PartitionOwner.Ending {
        var action = owner.start
        while true {
            switch action {
            case .end(let ending): return pendingDeadLetters.isEmpty ? ending : reportLostDeadLetters()
            case .connect(let url): action = runConnected(to: url)
            case .wait(let duration), .disconnect(let duration):
                shutdown.wait(atMost: duration)
                action = next(after: .waited)
            // These need a connection.
            case .acquire, .recover, .apply, .release: action = owner.start
            }
        }
    }

    /// Logs the entries whose dead letters are lost with this process: no other process knows them.
    private func reportLostDeadLetters() -> PartitionOwner.Ending {
        let ids = pendingDeadLetters.entryIDs
        let list = ids.prefix(20).map(\.description).joined(separator: " ")
        let more = ids.count > 20 ? " and \(ids.count - 20) more" : ""
        logger.error(
            "cannot write dead letters to \(keys.dead). These entries of \(keys.events) were not applied completely: \(list)\(more)"
        )
        return .failed
    }

    /// Connects, and performs actions until one needs another connection or none.
    private func runConnected(to url: RedisURL) -> PartitionOwner.Action {
        do {
            var context = PipelineContext(
                connection: try open(url), prefetcher: Prefetcher(url, keys: keys),
                trimPlan: TrimPlan(retain: settings.retain), pendingDeadLetters: pendingDeadLetters, shield: shield,
                logger: limitedLogger)
            defer {
                context.prefetcher.stop()
                pendingDeadLetters = context.pendingDeadLetters
            }
            var action = next(after: .connected)
            while true {
                switch action {
                case .connect, .disconnect, .end: return action
                case .wait(let duration):
                    shutdown.wait(atMost: duration)
                    action = next(after: .waited)
                case .acquire, .recover, .apply, .release: action = next(after: perform(action, in: &context))
                }
            }
        } catch {
            return next(after: .failed(error))
        }
    }

    private func open(_ url: RedisURL) throws(RedisError) -> RedisConnection {
        // On shutdown one more connection is opened, with a short timeout, to release the lease.
        shield.isShielded = owner.isStopping
        defer { shield.isShielded = false }
        let shield = shield
        return try RedisConnection.open(
            to: url, name: "hypero-ingest", timeout: owner.isStopping ? .seconds(1) : .seconds(5),
            shouldContinue: { shield.shouldContinue })
    }

    private func next(after event: PartitionOwner.Event) -> PartitionOwner.Action {
        let mustStop = shutdown.isRequested && !owner.isStopping
        if !mustStop { report(event) }
        let action = owner.next(after: event, jitter: .random(in: 0..<1))
        return mustStop ? owner.next(after: .stopRequested, jitter: 0) : action
    }

    private func report(_ event: PartitionOwner.Event) {
        switch event {
        case .failed(let error):
            limitedLogger.failure(error.description, level: error.category == .transient ? .warning : .error)
        case .standby: limitedLogger.failure("another ingest owns the partition: standing by", level: .info)
        case .leaseLost:
            limitedLogger.failure("lease lost: entries that are not applied are read again", level: .warning)
        // An empty transaction may be applied between two that are rejected.
        case .applied where pipeline?.slots.hasAppliedChanges == true || pipeline?.slots.isCaughtUp == true:
            limitedLogger.recovered("owning the partition as \(lease.owner)")
        default: break
        }
    }
}
