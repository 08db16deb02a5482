import Glibc
import HyperoCore
import HyperoRedis
public import HyperoSchema
public import Logging
import Synchronization

/// The daemon: turns the events of each partition into hashes and sorted sets, one thread a partition.
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
    private let spaces: [Keyspace]
    private let logger: Logger
    private let signal = ShutdownFlag()
    private let state = Mutex(State())

    /// - Throws: ``SchemaError`` when the namespace or the number of partitions cannot be.
    public init(_ settings: IngestSettings, logger: Logger) throws(SchemaError) {
        self.settings = settings
        self.logger = logger
        spaces = try Keyspace.all(namespace: settings.namespace, partitions: settings.partitions)
    }

    /// Starts the threads.
    ///
    /// - Throws: ``SchemaError`` when the system gives no thread.
    public func start() throws(SchemaError) {
        for (number, space) in spaces.enumerated() {
            state.withLock { $0.running += 1 }
            let isFirst = number == 0
            let code = NamedThread.start("ingest-\(number)") { [self] in
                if isFirst { ServerCheck.run(settings.redis, logger: logger, stop: signal) }
                let worker = PartitionWorker(settings, space: space, logger: logger, stop: signal)
                ended(worker.run())
            }
            guard code == 0 else {
                ended(.failed)
                stop()
                throw SchemaError("cannot start a thread for a partition: \(String(cString: strerror(code)))")
            }
        }
    }

    /// Has each partition finish its batch, release its lease and end.
    public func stop() {
        signal.request()
    }

    /// Waits until all partitions have ended.
    ///
    /// - Returns: whether all went well; false when a drain met a server that refuses.
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
