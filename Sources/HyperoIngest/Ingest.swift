import Glibc
import HyperoCore
import HyperoRedis
public import HyperoSchema
public import Logging
import Synchronization

/// The daemon that turns the events of each partition into hashes and sorted sets, with one thread per partition.
///
///     let ingest = try Ingest(settings, logger: logger)
///     try ingest.start()
///     …
///     ingest.stop()
///     await ingest.finished()
public final class Ingest: Sendable {
    private struct State {
        var running = 0
        var hasFailed = false
        /// The continuations of the calls of ``Ingest/finished()`` that wait.
        var continuations: [CheckedContinuation<Bool, Never>] = []
    }

    private let settings: IngestSettings
    private let keyspaces: [Keyspace]
    private let logger: Logger
    private let shutdown = ShutdownFlag()
    private let state = Mutex(State())

    /// Creates an ingest, whose threads start with ``start()``.
    ///
    /// - Throws: ``SchemaError`` if the namespace or the number of partitions is invalid.
    public init(_ settings: IngestSettings, logger: Logger) throws(SchemaError) {
        self.settings = settings
        self.logger = logger
        keyspaces = try settings.keyspaces()
    }

    /// Starts one thread per partition.
    ///
    /// - Throws: ``SchemaError`` if a thread cannot be created. The threads that were started before are stopped.
    public func start() throws(SchemaError) {
        for (number, keyspace) in keyspaces.enumerated() {
            state.withLock { $0.running += 1 }
            let isFirst = number == 0
            let code = NamedThread.start("ingest-\(number)") { [self] in
                if isFirst { ServerCheck.run(settings.redis, logger: logger, shutdown: shutdown) }
                let worker = PartitionWorker(settings, keyspace: keyspace, logger: logger, shutdown: shutdown)
                recordEnding(worker.run())
            }
            guard code == 0 else {
                recordEnding(.failed)
                stop()
                throw SchemaError("cannot start the thread of partition \(number): \(String(cString: strerror(code)))")
            }
        }
    }

    /// Requests that each partition finishes its batch, releases its lease and ends. Returns at once.
    public func stop() {
        shutdown.request()
    }

    /// Waits until all partitions have ended.
    ///
    /// - Returns: false if the server rejected a command of a drain, or if dead letters could not be written.
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
            if ending == .failed { state.hasFailed = true }
            guard state.running == 0 else { return ([CheckedContinuation<Bool, Never>](), false) }
            defer { state.continuations = [] }
            return (state.continuations, !state.hasFailed)
        }
        for continuation in continuations { continuation.resume(returning: outcome) }
    }
}
