import HyperoCore
import HyperoRedis
import HyperoSchema
import Logging

/// From the stream to the indexes: read, decode, dedupe, fold, commit.
///
///     XREAD ----> Read ----> Batch ---------------> Folded ---------> Transaction ----> EXEC
///                     decode      dedupe and fold           write              commit
///
/// With a backlog all of it goes on at once, on four batches: while Redis applies the first, the second is folded here,
/// onto what the first will have made of the state; what the third needs is looked up; and the fourth is read and decoded
/// (``Prefetcher``). When the first was not applied after all, everything in hand is thrown away.
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
    private let announcer: RateLimitedLogger
    private let ahead: Prefetcher
    /// Where a drain ends; nil when there is no end.
    private let goal: StreamID?
    private var cache = StateCache()
    private var loader = StateLoader()
    private var size = BatchSize()

    /// Applied so far.
    private(set) var cursor: StreamID
    /// Read so far.
    private var place: StreamPosition
    /// Read and not folded.
    private var read = XReadReply()
    /// Where the stream is read with `read`.
    private var placeOfRead: StreamPosition
    /// Whether the stream may have more than `read`, as far as is known.
    private var mayHaveMore: Bool
    /// The events of `read`, once they are decoded.
    private var batch: DecodedBatch?
    /// What was read of their subjects.
    private var known: PriorState?
    /// Folded, and written into `transaction`.
    private var pending: FoldedBatch
    private var transaction = Transaction()
    /// Takes what is folded while `transaction` is under way.
    private var spare = Transaction()
    /// What Redis is asked before it comes to the transaction.
    private var questions = RESPWriter()
    /// What `questions` ask for of the batch in hand; nil when they are not of it.
    private var asked: MissingState?
    /// What was applied last. To give its memory back can wait until Redis has its next work.
    private var spent: FoldedBatch?
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

    /// While Redis applies a transaction there is nothing better to do than to wait for what is read ahead.
    private static let transactionTime: Duration = .milliseconds(20)

    /// How often the stream is asked, at most: its answer holds the first and the last entry, which may be large.
    private static let lookPause: Duration = .seconds(1)

    /// - Parameters:
    ///   - first: what the first transaction writes; its place is where reading begins.
    ///   - deadProblem: why no dead letter can be written.
    ///   - fullDead: why not, though they are a stream.
    ///   - found: the cursor that Redis has, which is another one when reading goes back.
    ///   - fenced: when WATCH was sent.
    init(
        space: Keyspace, lease: Lease, announcer: RateLimitedLogger, ahead: Prefetcher, first: FoldedBatch,
        goal: StreamID?,
        deadProblem: RedisError?, fullDead: RedisError?, found: StreamID, fenced: MonotonicTime
    ) throws(RedisError) {
        self.space = space
        self.lease = lease
        self.announcer = announcer
        self.ahead = ahead
        self.goal = goal
        // Where a drain ends is not known from waiting.
        mayHaveMore = goal != nil
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
    /// With nothing in hand it waits a third of the lease for entries, and renews the lease by an empty transaction.
    ///
    /// - Parameter debts: what applied transactions owe to the dead letters; outlives the pipeline.
    /// - Throws: an error after which the pipeline must not be used again.
    mutating func step(
        over connection: inout RedisConnection, _ marks: inout TrimPlan, _ debts: inout [PendingDeadLetters],
        _ patience: CancellationShield
    ) throws(RedisError) -> Step {
        // Without a backlog there is nothing to read ahead, and an empty transaction would delay the entries.
        if pending.isEmpty, !read.isEmpty, !mayHaveMore { try foldInHand(owing: [], over: &connection) }
        // The entries must not be done with while their letters cannot be written.
        if pending.hasLetters, let deadProblem { throw deadProblem }
        patience.isFinishing = true
        defer { patience.isFinishing = false }
        // Reading may have taken longer than the lease lasts. To read again would take as long again.
        if fenced + lease.duration / 2 < .now {
            guard try lease.renew(over: &connection, cursor: written, in: space) else { return .disturbed }
        }
        if let id = marks.next() { transaction.writeTrim(below: id, in: space) }
        transaction.writeLook(in: space)
        return read.isEmpty && !mayHaveMore && goal == nil
            ? try wait(over: &connection, &marks, &debts, patience)
            : try goAhead(over: &connection, &marks, &debts, patience)
    }

    /// With a backlog: folds what was read ahead, and has the next entries read.
    private mutating func goAhead(
        over connection: inout RedisConnection, _ marks: inout TrimPlan, _ debts: inout [PendingDeadLetters],
        _ patience: CancellationShield
    ) throws(RedisError) -> Step {
        // Redis gets its work first, if there is any. Without, the lease is renewed meanwhile.
        patience.isFinishing = !pending.isEmpty
        try fetch(atMost: pending.isEmpty ? lease.duration / 3 : .zero, patience)
        patience.isFinishing = true
        if asked == nil { try askAhead(except: pending.batch) }
        let needs = asked
        asked = nil
        try connection.send(questions)
        let sent = try send(over: &connection)

        // Whatever else goes wrong, the outcome is taken: what failed in it must not be forgotten.
        var trouble: RedisError?
        var early: FoldedBatch?
        do {
            if let needs, !needs.isEmpty, let batch, var known {
                try loader.readReplies(
                    for: needs, of: batch, into: &known, from: &connection, in: space, logger: announcer)
                self.known = known
            }
        } catch {
            if error.category == .connection { throw error }
            trouble = error
        }
        do {
            try fetch(atMost: Self.transactionTime, patience)
            if trouble == nil, case .folded(let commit) = try fold() {
                try spare.write(commit, in: space, lease)
                early = commit
                lookAhead(behind: commit.batch, patience)
            }
        } catch {
            trouble = trouble ?? error
        }
        let outcome = try transaction.receive(from: &connection, owner: lease.owner, in: space)
        try take(outcome, sent: sent, &marks, &debts, takingBack: &early)
        if let step = outcome.obstacle { return step }
        if let trouble { throw trouble }
        if let early {
            spent = pending
            pending = early
            swap(&transaction, &spare)
        } else {
            try foldInHand(owing: debts, over: &connection)
        }
        return isDrained ? .drained : .applied
    }

    /// Does before Redis is through with its work what must be done before it has the next: takes what was read ahead into
    /// the hand, and asks for what it needs.
    private mutating func lookAhead(behind latest: DecodedBatch, _ patience: CancellationShield) {
        do {
            try fetch(atMost: .zero, patience)
            if !read.isEmpty { try askAhead(except: latest) }
        } catch {
            // It comes again when that is needed, and nothing that is folded is lost by it.
            asked = nil
        }
    }

    /// Takes what was read ahead into the hand when that is empty, and has the next entries read.
    ///
    /// - Parameter duration: how long to wait for it.
    private mutating func fetch(atMost duration: Duration, _ patience: CancellationShield) throws(RedisError) {
        guard read.isEmpty, mayHaveMore else { return }
        try ahead.ask(after: place.id, count: size.count)
        guard let found = try ahead.take(atMost: duration, patience) else { return }
        take(found.read, asked: found.asked)
        batch = found.batch
        placeOfRead = place
        if mayHaveMore { try ahead.ask(after: place.id, count: size.count) }
    }

    /// With nothing in hand: waits for entries.
    private mutating func wait(
        over connection: inout RedisConnection, _ marks: inout TrimPlan, _ debts: inout [PendingDeadLetters],
        _ patience: CancellationShield
    ) throws(RedisError) -> Step {
        let asked = size.count
        let block = lease.duration / 3
        let looks = looked + Self.lookPause <= .now
        transaction.writeReading(after: place.id, count: asked, block: block, looks: looks, in: space)
        let sent = try send(over: &connection)
        let outcome: Transaction.Outcome
        do {
            outcome = try transaction.receive(from: &connection, owner: lease.owner, in: space)
            // Before XREAD is waited for: its reply may never come, and what failed must not be forgotten then.
            var nothing: FoldedBatch?
            try take(outcome, sent: sent, &marks, &debts, takingBack: &nothing)
        } catch {
            // XREAD and XINFO answer all the same, and their replies must not be taken for those of the next commands.
            if error.category != .connection {
                _ = try connection.receive(patience: block, within: XReadReply.bounds)
                if looks { _ = try connection.receive(within: XReadReply.bounds) }
            }
            throw error
        }
        patience.isFinishing = false
        let reply = try connection.receive(patience: block, within: XReadReply.bounds)
        let stream = looks ? try look(over: &connection) : nil
        if let step = outcome.obstacle { return step }
        if let error = reply.error { throw error.of(space.events, holds: "no stream") }
        let next = try XReadReply(reply)

        try foldInHand(owing: debts, over: &connection)
        let before = place
        take(next, asked: asked)
        if let stream {
            switch place.look(at: stream) {
            case .otherStream: return .disturbed
            case .missed(let count):
                // Nothing is in hand, so that what is pending is at the place before `next`.
                pending.place = place.back(to: before.id, next.count)
                pending.missed = count
                if count > 0 { announcer.noteMissed(count, from: space.events) }
                try transaction.write(pending, in: space, lease)
            }
        }
        placeOfRead = place
        return .applied
    }

    /// Sends the transaction, and the WATCH that fences the next one from now on.
    ///
    /// - Returns: when.
    private mutating func send(over connection: inout RedisConnection) throws(RedisError) -> MonotonicTime {
        fenced = .now
        try transaction.send(over: &connection)
        spent = nil
        return fenced
    }

    /// Takes what was read into the hand.
    private mutating func take(_ next: XReadReply, asked: Int) {
        read = next
        mayHaveMore = next.mayHaveMore(asked: asked)
        place.pass(next.count, to: next.last)
        size.read(entries: next.received, bytes: next.bytes)
    }

    /// Commits what is owed to the dead letters and reads nothing: the last transaction before the lease is given back.
    mutating func settle(
        over connection: inout RedisConnection, _ marks: inout TrimPlan, _ debts: inout [PendingDeadLetters]
    ) throws(RedisError) {
        if let deadProblem { throw deadProblem }
        transaction.writeLook(in: space)
        let sent = try send(over: &connection)
        var nothing: FoldedBatch?
        try take(
            try transaction.receive(from: &connection, owner: lease.owner, in: space), sent: sent, &marks, &debts,
            takingBack: &nothing)
    }

    private var isDrained: Bool {
        guard let goal else { return false }
        return pending.owed.isEmpty && (cursor >= goal || isCaughtUp)
    }

    /// Whether all that was read is applied.
    var isCaughtUp: Bool { pending.isEmpty && read.isEmpty && !mayHaveMore }
}

extension Pipeline {
    private enum Attempt {
        case folded(FoldedBatch)
        /// This must be read first; the batch stays in hand.
        case needs(MissingState, DecodedBatch, PriorState)
    }

    /// Decodes what is in hand, and asks for its subjects that are not known.
    ///
    /// - Parameter latest: the batch of the transaction that goes out behind the questions. Redis answers before it is
    ///   applied, so of its subjects the answer would be stale.
    private mutating func askAhead(except latest: DecodedBatch) throws(RedisError) {
        questions.removeAll()
        let batch = if let batch { batch } else { try read.decoded() }
        self.batch = batch
        let known = cache.priorState(of: batch)
        let needs = MissingState(subjectsOf: batch, given: known, except: latest)
        if !needs.isEmpty {
            loader.appendLookups(for: needs, of: batch, in: space, to: &questions)
            self.known = known
        }
        asked = needs
    }

    /// Decodes and folds what is in hand.
    private mutating func fold() throws(RedisError) -> Attempt {
        let batch = if let batch { batch } else { try read.decoded() }
        let known = known ?? cache.priorState(of: batch)
        switch Fold.fold(batch, onto: known, in: space) {
        case .missing(let needs):
            self.batch = batch
            return .needs(needs, batch, known)
        case .folded(let folded):
            cache.store(folded.posterior, of: batch)
            let commit = FoldedBatch(batch: batch, folded: folded, read: read, place: placeOfRead)
            read = XReadReply()
            self.batch = nil
            self.known = nil
            return .folded(commit)
        }
    }

    /// Folds what is in hand, and reads what that takes: first subjects, then rows, then whole curves. Then it is pending.
    private mutating func foldInHand(
        owing debts: [PendingDeadLetters], over connection: inout RedisConnection
    ) throws(RedisError) {
        asked = nil
        while true {
            switch try fold() {
            case .folded(var commit):
                commit.owed = debts
                pending = commit
                try transaction.write(pending, in: space, lease)
                return
            case .needs(let needs, let batch, var incomplete):
                questions.removeAll()
                loader.appendLookups(for: needs, of: batch, in: space, to: &questions)
                try connection.send(questions)
                try loader.readReplies(
                    for: needs, of: batch, into: &incomplete, from: &connection, in: space, logger: announcer)
                known = incomplete
            }
        }
    }

    /// The reply of XINFO; nil when the account may not ask.
    private mutating func look(over connection: inout RedisConnection) throws(RedisError) -> StreamInfo? {
        looked = .now
        var reply = try connection.receive(within: XReadReply.bounds)
        // What is wrong with the stream is in XREAD's reply too.
        if let error = reply.error, error.code != .noSuchKey { return nil }
        return try StreamInfo(&reply)
    }

    private func noteTrimming(_ trimmed: Result<Int, RedisError>, _ marks: inout TrimPlan) {
        switch trimmed {
        case .success(0): break
        case .success: marks.mayTrimMore()
        case .failure(let error):
            if error.category != .transient {
                announcer.note(.error, "cannot trim \(space.events): \(error.description)")
            }
        }
    }
}

extension Pipeline {
    private mutating func take(
        _ outcome: Transaction.Outcome, sent: MonotonicTime, _ marks: inout TrimPlan,
        _ debts: inout [PendingDeadLetters],
        takingBack early: inout FoldedBatch?
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
        _ failures: [Transaction.Failure], in time: Duration, _ marks: inout TrimPlan,
        _ debts: inout [PendingDeadLetters],
        takingBack early: inout FoldedBatch?
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
        known = nil
        asked = nil
        if let taken = early {
            read = taken.read
            batch = taken.batch
            // What was read behind it is read again.
            (place, placeOfRead, mayHaveMore) = (taken.place, taken.place, true)
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
