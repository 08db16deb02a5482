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
        /// The cursor or the stream is not as it was left: look again where to go on.
        case disturbed
        /// Nothing is left to read, or the goal of a drain is reached.
        case drained
    }

    private let space: Keyspace
    private let lease: Lease
    private let announcer: Announcer
    /// Where a drain ends; nil when there is no end.
    private let goal: StreamID?
    private var cache = StateCache()
    private var loader = StateLoader()
    private var size = BatchSize()

    /// Applied so far.
    private(set) var cursor: StreamID
    /// Read so far.
    private var place: StreamPlace
    /// Read and not folded.
    private var read = Read()
    /// Where the stream is read with `read`.
    private var placeOfRead: StreamPlace
    /// Whether the stream may have more than `read`.
    private var mayHaveMore = true
    /// The events of `read`, once they are decoded.
    private var batch: Batch?
    /// Folded, and written into `transaction`.
    private var pending: Commit
    private var transaction = Transaction()
    /// Takes what is folded while `transaction` is under way.
    private var spare = Transaction()
    /// Why no dead letter can be written at present.
    private var deadProblem: RedisError?
    /// Why the dead letters took none when the pipeline began. It is not looked at again: XINFO may answer a lot.
    private let fullDead: RedisError?
    /// Whether a transaction applied more than where the stream is read.
    private(set) var hasAppliedSome = false
    /// The cursor that Redis has.
    private var written: StreamID
    /// Since when the next transaction is fenced.
    private var fenced: MonotonicTime
    /// When the stream was asked last what it says of itself.
    private var looked = MonotonicTime.now

    /// How often that is, at most: its answer holds the first and the last entry, which may be large.
    private static let lookPause: Duration = .seconds(1)

    /// - Parameters:
    ///   - first: what the first transaction writes; its place is where reading begins.
    ///   - deadProblem: why no dead letter can be written.
    ///   - fullDead: why not, though they are a stream.
    ///   - found: the cursor that Redis has, which is another one when reading goes back.
    ///   - fenced: when WATCH was sent.
    init(
        space: Keyspace, lease: Lease, announcer: Announcer, first: Commit, goal: StreamID?, deadProblem: RedisError?,
        fullDead: RedisError?, found: StreamID, fenced: MonotonicTime
    ) throws(RedisError) {
        self.space = space
        self.lease = lease
        self.announcer = announcer
        self.goal = goal
        self.deadProblem = deadProblem ?? fullDead
        self.fullDead = fullDead
        self.fenced = fenced
        written = found
        cursor = first.cursor
        place = first.place
        placeOfRead = first.place
        pending = first
        try transaction.write(pending, in: space, lease)
    }

    /// Commits what is folded, folds what is read, and reads on.
    ///
    /// With nothing to do it waits a third of the lease for entries, and renews the lease by an empty transaction.
    ///
    /// - Parameter debts: what applied transactions owe to the dead letters; outlives the pipeline.
    /// - Throws: an error after which the pipeline must not be used again.
    mutating func step(
        over connection: inout RedisConnection, _ marks: inout TrimMarks, _ debts: inout [OwedLetters],
        _ patience: Patience
    ) throws(RedisError) -> Step {
        // Without a backlog there is nothing to read ahead, and an empty transaction would delay the entries.
        if pending.isEmpty, !read.isEmpty, !mayHaveMore {
            pending = try foldOrLoad(over: &connection)
            try transaction.write(pending, in: space, lease)
        }
        // The entries must not be done with while their letters cannot be written.
        if pending.hasLetters, let deadProblem { throw deadProblem }
        patience.isFinishing = true
        defer { patience.isFinishing = false }
        // Reading may have taken longer than the lease lasts. To read again would take as long again.
        if fenced + lease.duration / 2 < .now {
            guard try lease.renew(over: &connection, cursor: written, in: space) else { return .disturbed }
        }
        if let id = marks.next() { transaction.writeTrim(below: id, in: space) }
        let block = read.isEmpty && goal == nil ? lease.duration / 3 : nil
        let looks = block != nil && looked + Self.lookPause <= .now
        let asked = size.count
        transaction.writeLook(in: space)
        transaction.writeReading(after: place.id, count: asked, block: block, looks: looks, in: space)
        let sent = MonotonicTime.now
        fenced = sent
        try transaction.send(over: &connection)

        var early: Commit?
        if case .folded(let commit) = try fold(onto: nil) {
            try spare.write(commit, in: space, lease)
            early = commit
        }

        let outcome: Transaction.Outcome
        do {
            outcome = try transaction.receive(from: &connection, owner: lease.owner, in: space)
            // Before XREAD is waited for: its reply may never come, and what failed must not be forgotten then.
            try take(outcome, sent: sent, &marks, &debts, takingBack: &early)
        } catch {
            // XREAD and XINFO answer all the same, and their replies must not be taken for those of the next commands.
            if error.class != .broken {
                _ = try connection.receive(patience: block ?? .zero, within: Read.bounds)
                if looks { _ = try connection.receive(within: Read.bounds) }
            }
            throw error
        }
        patience.isFinishing = false
        let reply = try connection.receive(patience: block ?? .zero, within: Read.bounds)
        let stream = looks ? try look(over: &connection) : nil
        guard outcome.isOwner else { return .leaseLost }
        guard case .applied = outcome.ending else { return .disturbed }
        guard outcome.isCursorOurs else { return .disturbed }
        if let error = reply.error { throw error.of(space.events, holds: "no stream") }
        let next = try Read(reply)

        if let early {
            pending = early
            swap(&transaction, &spare)
        } else {
            pending = try foldOrLoad(over: &connection)
            pending.owed = debts
            try transaction.write(pending, in: space, lease)
        }
        read = next
        mayHaveMore = next.mayHaveMore(asked: asked)
        let before = place.id
        place.pass(next.count, to: next.last)
        size.read(entries: next.received, bytes: next.bytes)
        if let stream {
            switch place.look(at: stream) {
            case .otherStream: return .disturbed
            case .missed(let count):
                // It looks only with nothing in hand, so that what is pending is at the place before `next`.
                pending.place = place.back(to: before, next.count)
                pending.missed = count
                if count > 0 { announcer.noteMissed(count, from: space.events) }
                try transaction.write(pending, in: space, lease)
            }
        }
        placeOfRead = place
        return isDrained ? .drained : .applied
    }

    /// Commits what is owed to the dead letters and reads nothing: the last transaction before the lease is given back.
    mutating func settle(
        over connection: inout RedisConnection, _ marks: inout TrimMarks, _ debts: inout [OwedLetters]
    ) throws(RedisError) {
        if let deadProblem { throw deadProblem }
        let sent = MonotonicTime.now
        transaction.writeLook(in: space)
        try transaction.send(over: &connection)
        var nothing: Commit?
        try take(
            try transaction.receive(from: &connection, owner: lease.owner, in: space), sent: sent, &marks, &debts,
            takingBack: &nothing)
    }

    private var isDrained: Bool {
        guard let goal else { return false }
        return pending.owed.isEmpty && (cursor >= goal || pending.isEmpty && read.isEmpty)
    }

    /// Whether all that was read is applied.
    var isCaughtUp: Bool { pending.isEmpty && read.isEmpty }
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
            let commit = Commit(batch: batch, folded: folded, read: read, place: placeOfRead)
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
                try loader.load(needs, of: batch, into: &incomplete, over: &connection, in: space, announcer)
                known = incomplete
            }
        }
    }

    /// The reply of XINFO; nil when the account may not ask.
    private mutating func look(over connection: inout RedisConnection) throws(RedisError) -> StreamInfo? {
        looked = .now
        var reply = try connection.receive(within: Read.bounds)
        // What is wrong with the stream is in XREAD's reply too.
        if let error = reply.error, !error.description.contains("no such key") { return nil }
        return try StreamInfo(&reply)
    }

    private func noteTrimming(_ trimmed: Result<Int, RedisError>, _ marks: inout TrimMarks) {
        switch trimmed {
        case .success(0): break
        case .success: marks.mayTrimMore()
        case .failure(let error):
            if error.class != .passing { announcer.note(.error, "cannot trim \(space.events): \(error.description)") }
        }
    }
}

extension Pipeline {
    private mutating func take(
        _ outcome: Transaction.Outcome, sent: MonotonicTime, _ marks: inout TrimMarks, _ debts: inout [OwedLetters],
        takingBack early: inout Commit?
    ) throws(RedisError) {
        noteTrimming(outcome.trimmed, &marks)
        deadProblem = outcome.deadProblem ?? fullDead
        guard case .applied(let serverTime, let failures) = outcome.ending else { return }
        try finish(failures, in: serverTime ?? (.now - sent), &marks, &debts, takingBack: &early)
    }

    /// Takes note of what is applied, and of what is not.
    ///
    /// - Throws: when the cursor was not written: then nothing may come after it.
    private mutating func finish(
        _ failures: [Transaction.Failure], in time: Duration, _ marks: inout TrimMarks, _ debts: inout [OwedLetters],
        takingBack early: inout Commit?
    ) throws(RedisError) {
        let cursorFailure = failures.first { if case .cursor = $0.command { true } else { false } }
        if cursorFailure == nil {
            cursor = pending.cursor
            written = cursor
            hasAppliedSome = hasAppliedSome || !pending.isEmpty
            for item in pending.batch.items { marks.passed(item.id) }
        }
        size.applied(entries: pending.batch.items.count, in: time)
        debts.removeFirst(min(pending.owed.count, debts.count))
        guard !failures.isEmpty else { return }
        // What failed is not as the cache has it, nor as what was folded since assumed.
        cache.removeAll()
        if let taken = early {
            read = taken.read
            batch = taken.batch
            early = nil
        }
        debts += Debt.letters(for: failures, in: pending, space, announcer)
        // What the next entries would come to owe, nobody could pay either.
        if let failed = failures.first(where: { $0.command.isLetter }) {
            deadProblem = failed.error.of(space.dead, holds: "no stream")
        }
        if let cursorFailure { throw cursorFailure.error.of(space.ingest, holds: "no hash") }
    }
}
