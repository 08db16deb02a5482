import Glibc
import HyperoCore
import HyperoRedis
import HyperoSchema
import Logging

/// Does what ``PartitionOwner`` says, on a thread of its own that owns the connection.
final class PartitionWorker {
    private let url: RedisURL
    private let space: Keyspace
    private let settings: IngestSettings
    private let logger: Logger
    private let stop: ShutdownFlag
    private let patience: CancellationShield
    private let lease: Lease
    private var owner: PartitionOwner
    private let announcer: RateLimitedLogger
    private var marks: TrimPlan
    /// Where a drain ends: the last entry when it was first looked at.
    private var goal: StreamID?
    private var pipeline: Pipeline?
    /// Of the present connection.
    private var ahead: Prefetcher
    /// What applied transactions owe to the dead letters. It outlives a lost connection, but not this process.
    private var debts: [PendingDeadLetters] = []
    /// The cursor that was written last; nil before the first.
    private var reached: StreamID?

    init(_ settings: IngestSettings, space: Keyspace, logger: Logger, stop: ShutdownFlag) {
        url = settings.redis
        self.space = space
        self.settings = settings
        self.stop = stop
        var logger = logger
        if settings.partitions > 1 { logger[metadataKey: "partition"] = "\(space.tag)" }
        self.logger = logger
        patience = CancellationShield(stop)
        lease = Lease(key: space.lease, owner: Self.makeOwner(), duration: settings.lease)
        owner = PartitionOwner(lease: settings.lease, isDraining: settings.isDraining)
        announcer = RateLimitedLogger(logger)
        marks = TrimPlan(retain: settings.retain)
        ahead = Prefetcher(url, space: space)
    }

    /// `<host>:<pid>:<random>`: people see who it is, and no two are the same.
    private static func makeOwner() -> String {
        let host = HostIdentity.hostName ?? "unknown"
        return "\(host):\(getpid()):\(String(UInt32.random(in: 0 ... .max), radix: 16))"
    }

    /// Runs until it is told to stop, or all is drained.
    func run() -> PartitionOwner.Ending {
        var action = owner.start
        while true {
            switch action {
            case .end(let ending): return debts.isEmpty ? ending : leaveDebts()
            case .connect(let target): action = converse(with: target)
            case .wait(let duration), .rest(let duration):
                stop.wait(atMost: duration)
                action = next(after: .waited)
            // Without a connection there is nobody to do it with.
            case .acquire, .recover, .apply, .release: action = .connect(.configured)
            }
        }
    }

    /// Says which entries are lost to the dead letters: nobody else knows of them.
    private func leaveDebts() -> PartitionOwner.Ending {
        let ids = debts.flatMap { debt in debt.letters.map { debt.batch.items[$0.item].id } }.sorted()
        let names = ids.prefix(20).map(\.description).joined(separator: " ")
        let more = ids.count > 20 ? " and \(ids.count - 20) more" : ""
        logger.error(
            "could not be written to \(space.dead), and were not applied as a whole: \(names)\(more) of \(space.events)"
        )
        return .failed
    }

    /// Connects and goes on until the connection is given up; then it is closed.
    private func converse(with target: PartitionOwner.Target) -> PartitionOwner.Action {
        marks.forget()
        do {
            let url = url(of: target)
            var connection = try open(url)
            let ahead = Prefetcher(url, space: space)
            self.ahead = ahead
            defer { ahead.end() }
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

    private func url(of target: PartitionOwner.Target) -> RedisURL {
        guard case .moved(let host, let port) = target else { return url }
        return url.withServer(host: host, port: port)
    }

    private func open(_ url: RedisURL) throws(RedisError) -> RedisConnection {
        // On the way out the lease is to be given back: one more try, that does not take long.
        patience.isFinishing = owner.isStopping
        defer { patience.isFinishing = false }
        let patience = patience
        return try RedisConnection.open(
            to: url, name: "hypero-ingest", timeout: owner.isStopping ? .seconds(1) : .seconds(5),
            shouldContinue: { patience.goesOn })
    }

    private func next(after event: PartitionOwner.Event) -> PartitionOwner.Action {
        let isWanted = stop.isRequested && !owner.isStopping
        if !isWanted { report(event) }
        let action = owner.next(after: event, jitter: .random(in: 0..<1))
        return isWanted ? owner.next(after: .stopRequested, jitter: 0) : action
    }

    private func report(_ event: PartitionOwner.Event) {
        switch event {
        case .failed(let error): announcer.say(error.category == .transient ? .warning : .error, error.description)
        case .heldByAnother: announcer.say(.info, "another ingest owns the partition: standing by")
        case .leaseLost: announcer.say(.warning, "the lease was lost: what was in hand is read again")
        // An empty transaction may be applied between two that are refused.
        case .applied where pipeline?.hasAppliedSome == true || pipeline?.isCaughtUp == true:
            announcer.clear("owning the partition as \(lease.owner)")
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
                if !debts.isEmpty { try settle(over: &connection) }
                try lease.release(over: &connection, in: space)
                return .released
            default: return try apply(over: &connection)
            }
        } catch {
            pipeline = nil
            if error.code == .outOfMemory { trimEverything(over: &connection) }
            return .failed(error)
        }
    }

    /// Writes what is owed to the dead letters, if the partition is still ours.
    private func settle(over connection: inout RedisConnection) throws(RedisError) {
        guard try lease.take(over: &connection), case .recovered = try recover(over: &connection),
            var pipeline = pipeline.take()
        else { return }
        do {
            try pipeline.settle(over: &connection, &marks, &debts)
        } catch {
            guard error.category == .refused else { throw error }
            // What cannot be written does not keep the lease from being given back.
            announcer.note(.error, error.description)
        }
    }

    private func acquire(over connection: inout RedisConnection) throws(RedisError) -> PartitionOwner.Event {
        // The second is asked first, because it looks where the drain ends.
        if settings.isDraining, try isDrained(over: &connection), debts.isEmpty { return .drained }
        return try lease.take(over: &connection) ? .acquired : .heldByAnother
    }

    /// Looks where a drain ends, and whether somebody is there already: an empty stream needs no lease.
    ///
    /// XINFO STREAM events: its last entry. HGET ingest cursor: what is applied.
    private func isDrained(over connection: inout RedisConnection) throws(RedisError) -> Bool {
        guard let stream = try connection.streamInfo(of: space.events) else {
            throw RedisError(
                .noPermission, "the account may not ask XINFO STREAM, so that nobody knows where a drain ends")
        }
        guard stream.length > 0 else { return true }
        goal = goal ?? stream.lastEntryID
        guard let goal else { return true }
        let cursor = try readCursor(over: &connection)
        // Beyond the stream's end it is the cursor of another stream.
        guard cursor >= goal, cursor <= stream.lastID ?? cursor else { return false }
        // Whoever applied it may owe letters.
        if let problem = try fullDead(over: &connection) { throw problem }
        return true
    }

    /// XINFO STREAM dead: why it takes nothing though it is a stream; nil when it does, or nobody may ask.
    private func fullDead(over connection: inout RedisConnection) throws(RedisError) -> RedisError? {
        do {
            guard let stream = try connection.streamInfo(of: space.dead), stream.hasExhaustedIDs else { return nil }
            return RedisError(
                .other,
                "\(space.dead) takes no more entries, because its last id is the highest there is: "
                    + "hypero-ingest requeue sends again what it holds, then delete it")
        } catch {
            // XLEN says so too, and costs nothing.
            guard error.category == .refused else { throw error }
            return nil
        }
    }

    /// WATCH lease ingest, GET lease, HMGET ingest cursor entries, XLEN dead, XINFO STREAM dead and events: where to go
    /// on.
    ///
    /// Under the WATCH runs the first transaction; it writes nothing but where it goes on and reads the first entries.
    private func recover(over connection: inout RedisConnection) throws(RedisError) -> PartitionOwner.Event {
        let fenced = MonotonicTime.now
        _ = try connection.call("WATCH", space.lease, space.ingest)
        var held = try connection.call("GET", space.lease)
        if let error = held.error { throw error.of(space.lease, holds: "no lease") }
        guard try held.string() == lease.owner else { return .leaseLost }
        var first = try readBeginning(over: &connection)
        let found = first.cursor
        let dead = try connection.call("XLEN", space.dead)
        let fullDead = try fullDead(over: &connection)
        if first.cursor < reached ?? .zero {
            announcer.note(
                .warning, "Redis says to go on after \(first.cursor), which is less than was applied already")
            first.isRewind = true
        }
        if let stream = try connection.streamInfo(of: space.events) {
            look(at: stream, with: &first)
        }
        first.owed = debts
        marks.start(at: first.cursor, surplus: try readSurplus(behind: first.cursor, over: &connection))
        pipeline = try Pipeline(
            space: space, lease: lease, announcer: announcer, ahead: ahead, first: first, goal: goal,
            deadProblem: dead.error?.of(space.dead, holds: "no stream"), fullDead: fullDead, found: found,
            fenced: fenced)
        // Connections may come and go all day.
        logger.log(level: reached == nil ? .info : .debug, "going on after \(first.cursor)")
        return .recovered
    }

    private func look(at stream: StreamInfo, with first: inout FoldedBatch) {
        switch first.place.check(against: stream) {
        case .missed(0): break
        case .missed(let count):
            first.missed = count
            announcer.noteMissed(count, from: space.events)
        case .otherStream:
            // Entries that were applied before are known by their numbers.
            announcer.note(.warning, "\(space.events) is not the stream it was: reading it from its beginning")
            first.place = StreamPosition(id: .zero, entries: stream.lastID == nil ? 0 : nil)
            _ = first.place.check(against: stream)
            first.isRewind = true
        }
    }

    /// XREVRANGE events cursor - COUNT n, as often as it takes to pass the entries to keep: the one behind them.
    ///
    /// Else an ingest that never runs for long, as with `--drain`, would never trim. Only ids are of use, but entries
    /// are what Redis gives; so it is done once a connection, a few at first, and not at all when there is nothing
    /// to trim (XLEN). Of very large ones it is left undone: there the next entries will tell what may go.
    private func readSurplus(
        behind cursor: StreamID, over connection: inout RedisConnection
    ) throws(RedisError) -> StreamID? {
        var length = try connection.call("XLEN", space.events)
        guard try length.integer() > settings.retain, cursor != .zero else { return nil }
        var position = cursor
        var left = settings.retain + 1
        var atOnce = 1
        var bytes = 0
        while bytes < Self.surplusBytes {
            let asked = min(left, atOnce)
            var writer = RESPWriter(capacity: 256)
            writer.command("XREVRANGE", space.events, position.description, "-", "COUNT", "\(asked)")
            try connection.send(writer)
            var reply = try connection.receive(within: XReadReply.bounds)
            bytes += reply.byteCount
            // Ids of entries that were not kept.
            guard reply.isComplete else { return nil }
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
            atOnce = min(atOnce * 2, 1_000)
        }
        return nil
    }

    /// More than this is not read to find what may be trimmed.
    private static let surplusBytes = 64 << 20

    /// HMGET ingest cursor entries owner released.
    private func readBeginning(over connection: inout RedisConnection) throws(RedisError) -> FoldedBatch {
        var reply = try connection.call(
            "HMGET", space.ingest, IngestField.cursor, IngestField.entries, IngestField.owner, IngestField.released)
        if let error = reply.error { throw error.of(space.ingest, holds: "no hash") }
        let fields = try reply.strings()
        var first = FoldedBatch(
            place: StreamPosition(cursor: try cursor(fields[0]), text: fields[0] == nil ? nil : fields[1]))
        if let last = fields[2], last != lease.owner, last != fields[3] {
            announcer.note(.notice, "taking over from \(printable(last)), which did not give the partition back")
            first.isTakeover = true
        }
        return first
    }

    /// HGET ingest cursor; zero when nothing was ever applied.
    private func readCursor(over connection: inout RedisConnection) throws(RedisError) -> StreamID {
        var reply = try connection.call("HGET", space.ingest, IngestField.cursor)
        if let error = reply.error { throw error.of(space.ingest, holds: "no hash") }
        return try cursor(try reply.string())
    }

    private func cursor(_ text: String?) throws(RedisError) -> StreamID {
        guard let text else { return .zero }
        guard let cursor = StreamID(text) else {
            throw RedisError(
                .other, "the cursor in \(space.ingest) is not a stream id: set it to the last applied id")
        }
        return cursor
    }

    private func apply(over connection: inout RedisConnection) throws(RedisError) -> PartitionOwner.Event {
        guard var pipeline = pipeline.take() else { return .leaseLost }
        let step = try pipeline.step(over: &connection, &marks, &debts, patience)
        if step == .applied || step == .drained { reached = pipeline.cursor }
        switch step {
        case .applied:
            self.pipeline = consume pipeline
            return .applied
        case .drained: return .drained
        case .leaseLost: return .leaseLost
        case .disturbed: return .disturbed
        }
    }

    /// Gives a server without memory back what it can do without, kept for people to look at or not.
    ///
    /// By the cursor in Redis and not by what was applied here: this may be an ingest that has just begun, and the one that
    /// could make room.
    private func trimEverything(over connection: inout RedisConnection) {
        guard let cursor = try? readCursor(over: &connection), cursor != .zero else { return }
        announcer.note(.warning, "Redis is out of memory: trimming all applied entries")
        _ = try? connection.call("XTRIM", space.events, "MINID", "~", cursor.next.description)
    }
}

extension RedisConnection {
    /// XINFO STREAM; nil when the account may not ask.
    fileprivate mutating func streamInfo(of key: String) throws(RedisError) -> StreamInfo? {
        var writer = RESPWriter(capacity: 256)
        writer.command("XINFO", "STREAM", key)
        try send(writer)
        var reply = try receive(within: XReadReply.bounds)
        if let error = reply.error, error.code != .noSuchKey {
            guard error.category != .denied else { return nil }
            throw error.of(key, holds: "no stream")
        }
        return try StreamInfo(&reply)
    }
}
