import Glibc
import HyperoCore
import HyperoRedis
public import HyperoSchema
public import Logging
import Synchronization

/// The daemon: turns the events of each partition into hashes and sorted sets, with one thread per partition.
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
        var waiting: [CheckedContinuation<Bool, Never>] = []
    }

    private let settings: IngestSettings
    private let keyspaces: [Keyspace]
    private let logger: Logger
    private let shutdown = ShutdownFlag()
    private let state = Mutex(State())

    /// - Throws: ``SchemaError`` if the namespace or the number of partitions is invalid.
    public init(_ settings: IngestSettings, logger: Logger) throws(SchemaError) {
        self.settings = settings
        self.logger = logger
        keyspaces = try settings.keyspaces()
    }

    /// Starts the threads.
    ///
    /// - Throws: ``SchemaError`` if a thread cannot be created.
    public func start() throws(SchemaError) {
        for (number, keys) in keyspaces.enumerated() {
            state.withLock { $0.running += 1 }
            let isFirst = number == 0
            let code = NamedThread.start("ingest-\(number)") { [self] in
                if isFirst { ServerCheck.run(settings.redis, logger: logger, shutdown: shutdown) }
                let worker = PartitionWorker(settings, keys: keys, logger: logger, shutdown: shutdown)
                ended(worker.run())
            }
            guard code == 0 else {
                ended(.failed)
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
    /// - Returns: false if a drain failed because the server rejects it, or if dead letters could not be written.
    public func finished() async -> Bool {
        await withCheckedContinuation { continuation in
            let outcome: Bool? = state.withLock { state in
                guard state.running > 0 else { return !state.hasFailed }
                state.waiting.append(continuation)
                return nil
            }
            if let outcome { continuation.resume(returning: outcome) }
        }
    }

    private func ended(_ ending: PartitionOwner.Ending) {
        let (waiting, outcome) = state.withLock { state in
            state.running -= 1
            if ending == .failed { state.hasFailed = true }
            guard state.running == 0 else { return ([CheckedContinuation<Bool, Never>](), false) }
            defer { state.waiting = [] }
            return (state.waiting, !state.hasFailed)
        }
        for continuation in waiting { continuation.resume(returning: outcome) }
    }
}
