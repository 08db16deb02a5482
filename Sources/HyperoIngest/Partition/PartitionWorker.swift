import Glibc
import HyperoRedis
import HyperoSchema
import Logging

/// Does what ``PartitionOwner`` says, on a thread of its own that owns the connection.
final class PartitionWorker {
    private let url: RedisURL
    private let space: Keyspace
    private let settings: IngestSettings
    private let logger: Logger
    private let stop: StopSignal
    private let patience: Patience
    private let lease: Lease
    private var owner: PartitionOwner
    private var announcer: Announcer
    private var marks: TrimMarks
    /// Where a drain ends: the last entry when it was first looked at.
    private var goal: StreamID?
    private var pipeline: Pipeline?

    init(_ settings: IngestSettings, space: Keyspace, logger: Logger, stop: StopSignal) {
        url = settings.redis
        self.space = space
        self.settings = settings
        self.stop = stop
        var logger = logger
        if settings.partitions > 1 { logger[metadataKey: "partition"] = "\(space.tag)" }
        self.logger = logger
        patience = Patience(stop)
        lease = Lease(key: space.lease, owner: Self.makeOwner(), duration: settings.lease)
        owner = PartitionOwner(lease: settings.lease, isDraining: settings.isDraining)
        announcer = Announcer(logger)
        marks = TrimMarks(retain: settings.retain)
    }

    /// `<host>:<pid>:<random>`: people see who it is, and no two are the same.
    private static func makeOwner() -> String {
        let host = HostName.current ?? "unknown"
        return "\(host):\(getpid()):\(String(UInt32.random(in: 0 ... .max), radix: 16))"
    }

    /// Runs until it is told to stop, or all is drained.
    func run() -> PartitionOwner.Ending {
        var action = owner.start
        while true {
            switch action {
            case .end(let ending): return ending
            case .connect(let target): action = converse(with: target)
            case .wait(let duration), .rest(let duration):
                stop.wait(atMost: duration)
                action = next(after: .waited)
            // Without a connection there is nobody to do it with.
            case .acquire, .recover, .apply, .release: action = .connect(.configured)
            }
        }
    }

    /// Connects and goes on until the connection is given up; then it is closed.
    private func converse(with target: PartitionOwner.Target) -> PartitionOwner.Action {
        marks.forget()
        do {
            var connection = try open(target)
            var action = next(after: .connected)
            while true {
                switch action {
                case .connect, .rest, .end: return action
                case .wait(let duration):
                    stop.wait(atMost: duration)
                    action = next(after: .waited)
                case .acquire, .recover, .apply, .release: action = next(after: perform(action, over: &connection))
                }
            }
        } catch {
            return next(after: .failed(error))
        }
    }

    private func open(_ target: PartitionOwner.Target) throws(RedisError) -> RedisConnection {
        var url = url
        if case .moved(let host, let port) = target { url = url.moved(toHost: host, port: port) }
        // On the way out the lease is to be given back: one more try, that does not take long.
        patience.isFinishing = owner.isStopping
        defer { patience.isFinishing = false }
        let patience = patience
        return try RedisConnection.open(
            to: url, name: "hypero-ingest", timeout: owner.isStopping ? .seconds(1) : .seconds(5),
            whileWaiting: { patience.goesOn })
    }

    private func next(after event: PartitionOwner.Event) -> PartitionOwner.Action {
        let isWanted = stop.isRequested && !owner.isStopping
        if !isWanted { report(event) }
        let action = owner.next(after: event, jitter: .random(in: 0..<1))
        return isWanted ? owner.next(after: .stopRequested, jitter: 0) : action
    }

    private func report(_ event: PartitionOwner.Event) {
        switch event {
        case .failed(let error): announcer.say(error.class == .passing ? .warning : .error, error.description)
        case .heldByAnother: announcer.say(.info, "another ingest owns the partition: standing by")
        case .leaseLost: announcer.say(.warning, "the lease was lost: what was in hand is read again")
        case .acquired: announcer.clear("owning the partition as \(lease.owner)")
        default: break
        }
    }
}

extension PartitionWorker {
    private func perform(
        _ action: PartitionOwner.Action, over connection: inout RedisConnection
    ) -> PartitionOwner.Event {
        do {
            switch action {
            case .acquire: return try acquire(over: &connection)
            case .recover: return try recover(over: &connection)
            case .release:
                patience.isFinishing = true
                try lease.release(over: &connection)
                return .released
            default: return try apply(over: &connection)
            }
        } catch {
            pipeline = nil
            if error.description.hasPrefix("OOM") { trimEverything(over: &connection) }
            return .failed(error)
        }
    }

    private func acquire(over connection: inout RedisConnection) throws(RedisError) -> PartitionOwner.Event {
        if settings.isDraining, try isDrained(over: &connection) { return .drained }
        return try lease.take(over: &connection) ? .acquired : .heldByAnother
    }

    /// Looks where a drain ends, and whether somebody is there already: an empty stream needs no lease.
    ///
    /// XREVRANGE events + - COUNT 1: its last entry. HGET ingest cursor: what is applied.
    private func isDrained(over connection: inout RedisConnection) throws(RedisError) -> Bool {
        if goal == nil {
            var reply = try connection.call("XREVRANGE", space.events, "+", "-", "COUNT", "1")
            guard try reply.array() ?? 0 > 0 else { return true }
            _ = try reply.array()
            goal = StreamID(try reply.string() ?? "")
        }
        guard let goal else { return true }
        return try readCursor(over: &connection) >= goal
    }

    private func recover(over connection: inout RedisConnection) throws(RedisError) -> PartitionOwner.Event {
        let cursor = try readCursor(over: &connection)
        // Under WATCH before the first transaction; that one writes nothing but the owner and reads the first entries.
        _ = try connection.call("WATCH", space.lease)
        var held = try connection.call("GET", space.lease)
        guard try held.string() == lease.owner else { return .leaseLost }
        marks.start(at: cursor, surplus: try readSurplus(behind: cursor, over: &connection))
        pipeline = try Pipeline(space: space, lease: lease, logger: logger, cursor: cursor, goal: goal)
        logger.info("going on after \(cursor)")
        return .recovered
    }

    /// XREVRANGE events cursor - COUNT n, as often as it takes to pass the entries to keep: the one behind them.
    ///
    /// Else an ingest that never runs for long, as with `--drain`, would never trim. Only ids are of use, but entries
    /// are what Redis gives; so it is done once a connection, a thousand at a time, and not at all when there is nothing
    /// to trim (XLEN).
    private func readSurplus(
        behind cursor: StreamID, over connection: inout RedisConnection
    ) throws(RedisError) -> StreamID? {
        var length = try connection.call("XLEN", space.events)
        guard try length.integer() > settings.retain, cursor != .zero else { return nil }
        var position = cursor
        var left = settings.retain + 1
        while true {
            let asked = min(left, 1_000)
            var reply = try connection.call("XREVRANGE", space.events, position.description, "-", "COUNT", "\(asked)")
            let count = try reply.array() ?? 0
            for _ in 0..<count {
                _ = try reply.array()
                position = StreamID(try reply.string() ?? "") ?? position
                try reply.skip()
            }
            left -= count
            if left == 0 { return position }
            guard count == asked, let next = position.previous else { return nil }
            position = next
        }
    }

    /// HGET ingest cursor; zero when nothing was ever applied.
    private func readCursor(over connection: inout RedisConnection) throws(RedisError) -> StreamID {
        var reply = try connection.call("HGET", space.ingest, IngestField.cursor)
        guard let text = try reply.string() else { return .zero }
        guard let cursor = StreamID(text) else {
            throw RedisError(
                .refused, "the cursor in \(space.ingest) is not a stream id: set it to the last applied id")
        }
        return cursor
    }

    private func apply(over connection: inout RedisConnection) throws(RedisError) -> PartitionOwner.Event {
        guard var pipeline = pipeline.take() else { return .leaseLost }
        let step = try pipeline.step(over: &connection, &marks, patience)
        switch step {
        case .applied:
            self.pipeline = consume pipeline
            return .applied
        case .drained: return .drained
        case .leaseLost: return .leaseLost
        }
    }

    /// Gives a server without memory back what it can do without, kept for people to look at or not.
    private func trimEverything(over connection: inout RedisConnection) {
        guard let id = marks.everythingApplied else { return }
        logger.warning("Redis is out of memory: trimming all applied entries")
        _ = try? connection.call("XTRIM", space.events, "MINID", "~", id.description)
    }
}
