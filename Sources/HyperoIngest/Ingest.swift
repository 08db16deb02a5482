import Glibc
import HyperoCore
import HyperoRedis
public import HyperoSchema
public import Logging
import Synchronization

/// The daemon that turns the events of each partition into hashes and sorted sets, with one thread per partition.
///
/// After a change of the number of partitions, it also applies the entries that are left in the streams of the earlier
/// number, and looks for further ones every 30 seconds.
///
///     let ingest = try Ingest(settings, logger: logger)
///     try ingest.start()
///     …
///     ingest.stop()
///     await ingest.finished()
public final class Ingest: Sendable {
    private struct State {
        var running = 0
        /// The other partitions whose entries are being applied.
        var others: Set<Keyspace> = []
        /// The loggers of the other partitions. A worker ends at each failure, and the next one meets the same failure.
        var otherLoggers: [Keyspace: RateLimitedLogger] = [:]
        /// The other partitions that were logged, once each.
        var loggedOthers: Set<Keyspace> = []
        var hasFailed = false
        /// The continuations of the calls of ``Ingest/finished()`` that wait.
        var continuations: [CheckedContinuation<Bool, Never>] = []
    }

    private let settings: IngestSettings
    private let keyspaces: [Keyspace]
    private let logger: Logger
    private let shutdown = ShutdownFlag()
    private let state = Mutex(State())
    /// The time between two looks for entries of another number of partitions.
    private let discoveryInterval: Duration

    /// The number of other partitions whose entries are applied at the same time. Each takes two threads and connections.
    private static let maxOthers = 8

    /// Creates an ingest, whose threads start with ``start()``.
    ///
    /// - Throws: ``SchemaError`` if a setting is out of its bounds.
    public convenience init(_ settings: IngestSettings, logger: Logger) throws(SchemaError) {
        try self.init(settings, logger: logger, discoveryInterval: .seconds(30))
    }

    /// Creates an ingest that looks for entries of another number of partitions at an interval of its own.
    package init(_ settings: IngestSettings, logger: Logger, discoveryInterval: Duration) throws(SchemaError) {
        self.settings = settings
        self.logger = logger
        self.discoveryInterval = discoveryInterval
        try settings.check()
        keyspaces = try settings.keyspaces()
    }

    /// Creates the folder of the archive, if there is none, and checks that it can be written to.
    package static func prepareArchive(_ path: String) throws(ArchiveError) { try ArchiveFolder.prepare(path) }

    /// Starts one thread per partition.
    ///
    /// - Throws: ``SchemaError`` if a thread cannot be created. The threads that were started before are stopped.
    public func start() throws(SchemaError) {
        state.withLock { $0.running += 1 }
        let code = NamedThread.start("ingest-others") { [self] in
            recordEnding(applyOtherPartitions())
        }
        if code != 0 { recordEnding(.done) }
        ServerCheck.reportUnknownHosts(of: settings.redis, logger: logger, shutdown: shutdown)
        for (number, keyspace) in keyspaces.enumerated() {
            state.withLock { $0.running += 1 }
            let isFirst = number == 0
            let code = NamedThread.start("ingest-\(number)") { [self] in
                if isFirst { ServerCheck.run(settings.redis, logger: logger, shutdown: shutdown) }
                let worker = PartitionWorker(
                    settings, keyspace: keyspace,
                    logger: keyspaces.count > 1 ? partitionLogger(of: keyspace) : logger, shutdown: shutdown)
                recordEnding(worker.run())
            }
            guard code == 0 else {
                recordEnding(.failed)
                stop()
                throw SchemaError("cannot start the thread of partition \(number): \(String(cString: strerror(code)))")
            }
        }
    }

    /// Applies the entries of partitions that belong to another number of partitions, until they are applied. Without a
    /// drain, looks for further ones until shutdown.
    private func applyOtherPartitions() -> PartitionOwner.Ending {
        let limitedLogger = RateLimitedLogger(logger)
        var latest: PartitionDiscovery?
        repeat {
            do {
                let discovery = try latest ?? PartitionDiscovery(settings) { [shutdown] in !shutdown.isRequested }
                latest = discovery
                for found in try discovery.otherPartitions() where found.needsOwner {
                    while state.withLock({ $0.others.count >= Self.maxOthers }), !shutdown.isRequested {
                        shutdown.wait(atMost: .milliseconds(5))
                    }
                    guard !shutdown.isRequested else { return settings.isDraining ? .interrupted : .done }
                    try applyOther(found)
                }
            } catch {
                // If the server cannot be reached, the partitions' threads report it.
                if !shutdown.isRequested {
                    limitedLogger.event("cannot look for other partitions: \(error)", level: .debug)
                }
            }
            guard !settings.isDraining else { return .done }
            shutdown.wait(atMost: discoveryInterval)
        } while !shutdown.isRequested
        return .done
    }

    /// Starts a thread that applies the present entries of another partition, unless there is one.
    private func applyOther(_ found: PartitionDiscovery.Found) throws(SchemaError) {
        let keyspace = found.keyspace
        let partitionLogger = partitionLogger(of: keyspace)
        let (limitedLogger, isFirst): (RateLimitedLogger?, Bool) = state.withLock { state in
            guard state.others.insert(keyspace).inserted else { return (nil, false) }
            state.running += 1
            let limitedLogger = state.otherLoggers[keyspace] ?? RateLimitedLogger(partitionLogger)
            state.otherLoggers[keyspace] = limitedLogger
            return (limitedLogger, found.hasBacklog && state.loggedOthers.insert(keyspace).inserted)
        }
        guard let limitedLogger else { return }
        if isFirst {
            logger.notice(
                "\(keyspace.events) has entries of a client with another number of partitions: applying them")
        }
        var settings = settings
        // The thread ends once the entries are applied.
        settings.isDraining = true
        let code = NamedThread.start("ingest-other") { [self, settings] in
            let worker = PartitionWorker(
                settings, keyspace: keyspace, logger: partitionLogger, shutdown: shutdown, limitedLogger: limitedLogger)
            let ending = worker.run()
            if ending == .done, isFirst, !shutdown.isRequested { logger.notice("\(keyspace.events) is applied") }
            state.withLock { _ = $0.others.remove(keyspace) }
            // The partitions of the settings decide whether a run that goes on has failed.
            recordEnding(self.settings.isDraining ? ending : .done)
        }
        guard code == 0 else {
            state.withLock { _ = $0.others.remove(keyspace) }
            recordEnding(.done)
            throw SchemaError("cannot start the thread of \(keyspace.tag): \(String(cString: strerror(code)))")
        }
    }

    /// Returns a logger whose lines name the partition.
    private func partitionLogger(of keyspace: Keyspace) -> Logger {
        var logger = logger
        logger[metadataKey: "partition"] = "\(keyspace.tag)"
        return logger
    }

    /// Requests that each partition finishes its batch, releases its lease and ends. Returns at once.
    public func stop() {
        shutdown.request()
    }

    /// Waits until all partitions have ended.
    ///
    /// - Returns: false if a drain was stopped before all entries were applied, if the server rejected a command of a drain, or
    ///   if dead letters could not be written.
    public func finished() async -> Bool {
        await withCheckedContinuation { continuation in
            let outcome: Bool? = state.withLock { state in
                guard state.running > 0 else { return !state.hasFailed }
                state.continuations.append(continuation)
                return nil
            }
            if let outcome { continuation.resume(returning: outcome) }
        }
    }

    /// Records the ending of a partition's thread. The last one resumes the calls of ``finished()``.
    private func recordEnding(_ ending: PartitionOwner.Ending) {
        let (continuations, outcome) = state.withLock { state in
            state.running -= 1
            if ending != .done { state.hasFailed = true }
            guard state.running == 0 else { return ([CheckedContinuation<Bool, Never>](), false) }
            defer { state.continuations = [] }
            return (state.continuations, !state.hasFailed)
        }
        for continuation in continuations { continuation.resume(returning: outcome) }
    }
}
