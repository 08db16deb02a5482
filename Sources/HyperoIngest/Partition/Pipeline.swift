import HyperoRedis
import HyperoSchema
import Logging

/// From the stream to the indexes: read, decode, dedupe, fold, commit.
///
///     XREAD ----> Read ----> Batch ---------------> Folded ---------> Transaction ----> EXEC
///                     decode      dedupe and fold           write              commit
///
/// While Redis applies one batch and reads the one after the next, the next one is decoded and folded here, onto what the
/// first will have made of the state. When it was not applied after all, everything in hand is thrown away.
struct Pipeline: ~Copyable {
    /// What a step came to.
    enum Step {
        case applied
        case leaseLost
        /// Nothing is left to read, or the goal of a drain is reached.
        case drained
    }

    private let space: Keyspace
    private let lease: Lease
    private var announcer: Announcer
    /// Where a drain ends; nil when there is no end.
    private let goal: StreamID?
    private var cache = StateCache()
    private var loader = StateLoader()
    private var size = BatchSize()

    /// Applied so far.
    private var cursor: StreamID
    /// Read so far.
    private var position: StreamID
    /// Read and not folded.
    private var read = Read()
    /// How many entries `read` could have had: so many mean that there are more.
    private var asked = 0
    /// The events of `read`, once they are decoded.
    private var batch: Batch?
    /// Folded, and written into `transaction`.
    private var pending: Commit
    private var transaction = Transaction()
    /// Takes what is folded while `transaction` is under way.
    private var spare = Transaction()

    init(space: Keyspace, lease: Lease, logger: Logger, cursor: StreamID, goal: StreamID?) throws(RedisError) {
        self.space = space
        self.lease = lease
        announcer = Announcer(logger)
        self.goal = goal
        self.cursor = cursor
        position = cursor
        pending = Commit(cursor: cursor)
        try transaction.write(pending, in: space, lease)
    }

    /// Commits what is folded, folds what is read, and reads on.
    ///
    /// With nothing to do it waits a third of the lease for entries, and renews the lease by an empty transaction.
    ///
    /// - Throws: an error after which the pipeline must not be used again.
    mutating func step(
        over connection: inout RedisConnection, _ marks: inout TrimMarks, _ patience: Patience
    ) throws(RedisError) -> Step {
        // Without a backlog there is nothing to read ahead, and an empty transaction would delay the entries.
        if pending.isEmpty, !read.isEmpty, read.count < asked {
            pending = try foldOrLoad(over: &connection)
            try transaction.write(pending, in: space, lease)
        }
        patience.isFinishing = true
        defer { patience.isFinishing = false }
        if let id = marks.next() { transaction.writeTrim(below: id, in: space) }
        let block = read.isEmpty && goal == nil ? lease.duration / 3 : nil
        let asking = size.count
        transaction.writeReading(after: position, count: asking, block: block, in: space)
        let sent = MonotonicTime.now
        try transaction.send(over: &connection)

        var early: Commit?
        if case .folded(let commit) = try fold(onto: nil) {
            try spare.write(commit, in: space, lease)
            early = commit
        }

        let (ending, trimmed): (Transaction.Ending, Int)
        do {
            (ending, trimmed) = try transaction.receive(from: &connection, owner: lease.owner)
        } catch {
            // XREAD answers all the same, and its reply must not be taken for the next command's.
            if error.class != .broken { _ = try connection.receive(patience: block ?? .zero) }
            throw error
        }
        if trimmed > 0 { marks.mayTrimMore() }
        patience.isFinishing = false
        let next = try Read(try connection.receive(patience: block ?? .zero))
        guard case .applied(let serverTime, let failures) = ending else { return .leaseLost }
        finish(in: serverTime ?? (.now - sent), &marks)
        if !failures.isEmpty { report(failures, takingBack: &early) }

        if let early {
            pending = early
            swap(&transaction, &spare)
        } else {
            pending = try foldOrLoad(over: &connection)
            try transaction.write(pending, in: space, lease)
        }
        read = next
        asked = asking
        position = next.last ?? position
        size.read(entries: next.count, bytes: next.bytes)
        return isDrained ? .drained : .applied
    }

    private var isDrained: Bool {
        guard let goal else { return false }
        return cursor >= goal || pending.isEmpty && read.isEmpty
    }
}

extension Pipeline {
    private enum Attempt {
        case folded(Commit)
        /// This must be read first; the batch stays in hand.
        case needs(Needs, Batch, Known)
    }

    /// Decodes and folds what is in hand.
    ///
    /// - Parameter known: what is known of it; nil for what the cache knows.
    private mutating func fold(onto known: Known?) throws(RedisError) -> Attempt {
        let batch = if let batch { batch } else { try read.decoded() }
        let known = known ?? cache.known(of: batch)
        switch Fold.fold(batch, onto: known, in: space) {
        case .needs(let needs):
            self.batch = batch
            return .needs(needs, batch, known)
        case .folded(let folded):
            cache.take(folded, of: batch)
            let commit = Commit(batch: batch, folded: folded, read: read, cursor: read.last ?? pending.cursor)
            read = Read()
            self.batch = nil
            return .folded(commit)
        }
    }

    /// Folds what is in hand, and reads what that takes: first subjects, then rows, then whole curves.
    private mutating func foldOrLoad(over connection: inout RedisConnection) throws(RedisError) -> Commit {
        var known: Known?
        while true {
            switch try fold(onto: known) {
            case .folded(let commit): return commit
            case .needs(let needs, let batch, var incomplete):
                try loader.load(needs, of: batch, into: &incomplete, over: &connection, in: space)
                known = incomplete
            }
        }
    }

    private mutating func finish(in time: Duration, _ marks: inout TrimMarks) {
        cursor = pending.cursor
        for item in pending.batch.items { marks.passed(item.id) }
        size.applied(entries: pending.batch.items.count, in: time)
    }

    /// What failed inside an applied transaction is not as the cache has it, nor as what was folded since assumed.
    private mutating func report(_ failures: [Transaction.Failure], takingBack early: inout Commit?) {
        cache.removeAll()
        if let taken = early {
            read = taken.read
            batch = taken.batch
            early = nil
        }
        for failure in failures {
            announcer.say(.error, "Redis does not change \(failure.key): \(failure.error.description)")
        }
    }
}
