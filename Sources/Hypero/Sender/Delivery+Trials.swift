import HyperoCore
import HyperoRedis
import HyperoSchema

// The answers to claims, and the orders to stop.
extension Delivery {
    /// The times of the looks for the answer to what was sent: soon, then at growing intervals.
    ///
    /// The ingest answers within milliseconds, if it runs. A search of thousands of trainings must not ask all the time.
    struct AnswerSchedule {
        private let first: Duration
        private let longest: Duration
        private var interval: Duration
        private(set) var next: MonotonicTime?

        init(first: Duration, longest: Duration) {
            (self.first, self.longest, interval) = (first, longest, first)
        }

        /// Begins again after something was sent.
        mutating func begin(at now: MonotonicTime) {
            interval = first
            next = now + first
        }

        /// Plans the next look after one without an answer.
        mutating func lookAgain(at now: MonotonicTime) {
            interval = min(interval * 3 / 2, longest)
            next = now + interval
        }

        mutating func end() { next = nil }

        func isDue(at now: MonotonicTime) -> Bool { next.map { now >= $0 } ?? false }
    }

    /// Reads the answers to the claims that are sent.
    mutating func readClaims() {
        guard let board = configuration.board else { return claimSchedule.end() }
        let claims = board.sentClaims(through: outbox.sent)
        guard !claims.isEmpty else { return claimSchedule.end() }
        do {
            guard let answers = try link.readAnswers(to: claims) else {
                for (claim, _) in claims {
                    board.answer(claim, with: .refused("the account may not read the answers to claims"))
                }
                return
            }
            for ((claim, seq), answer) in zip(claims, answers) {
                if let outcome = try outcome(of: claim, seq: seq, answer) { board.answer(claim, with: outcome) }
            }
        } catch {
            fail(with: error)
        }
        claimSchedule.lookAgain(at: .now)
    }

    /// Returns the outcome of a claim; nil while the ingest has not applied it.
    private mutating func outcome(
        of claim: Claim, seq: UInt64, _ answer: Link.ClaimAnswer
    ) throws(RedisError) -> Claim.Outcome? {
        if let text = answer.grant {
            let token = Event.Origin(producer: journal.identity.producer, seq: seq)
            guard let grant = TrialGrant(text, token: token) else { return .lost }
            return .granted(try completed(grant, for: claim))
        }
        if let open = answer.open { return .none(open: open) }
        let watermark = answer.watermark
        guard watermark.seq >= seq, !watermark.missing.contains(where: { $0.contains(seq) }) else { return nil }
        // Applied without an answer. A dead letter and a deletion give none, and neither does a server that has lost its data since.
        if watermark.dead > 0 { return .refused("an event of this process became a dead letter: `hypero-query dead`") }
        if watermark.deleted > 0 { return .refused("its battery was deleted") }
        return .lost
    }

    /// Reads what the training and the sampler need of a granted trial.
    private mutating func completed(_ grant: TrialGrant, for claim: Claim) throws(RedisError) -> TrialGrant {
        var grant = grant
        let keyspace = configuration.keyspace
        if grant.attempt > 1 {
            let experiment = claim.search.experiment(ofTrial: grant.number)
            grant.experiment = try link.readHash(keyspace.experiment(experiment)) ?? []
        }
        // The first declaration counts, and it may be that of another program.
        for (name, value) in try link.readHash(keyspace.search(claim.search)) ?? [] {
            switch name {
            case SearchField.sampler: grant.sampler = Search.Sampler(rawValue: value)
            case SearchField.created: grant.isStoppable = grant.isStoppable ?? false
            case SearchField.stopping: grant.isStoppable = true
            default: if let name = name.dropping(prefix: Prefix.space) { grant.spaces[ExactText(name)] = value }
            }
        }
        guard grant.sampler ?? claim.sampler == .tpe else { return grant }
        var last = claim.lastEntry
        if last == SearchKnowledge.noEntry {
            let text = try link.readField(BatteryField.direction, of: keyspace.battery(claim.battery))
            grant.direction = text.flatMap { Direction(rawValue: $0) }
        }
        while callbacks.shouldContinue() {
            let entries = try link.readHistory(of: claim.search, after: last, count: Self.historyCount) ?? []
            for entry in entries {
                if let id = StreamID(entry.id) { grant.history.append((id, entry.fields)) }
            }
            last = entries.last?.id ?? last
            guard entries.count == Self.historyCount else { break }
        }
        grant.lastEntry = last
        return grant
    }

    /// The number of entries of the history that are read at once.
    private static var historyCount: Int { 1_000 }

    /// Reads whether trials must stop. Called after each watermark, because the ingest decides with the rows.
    mutating func readStopReasons() throws(RedisError) {
        // Else the watermark would be read again at once, and no event would be sent.
        stopSchedule.end()
        guard let board = configuration.board, board.hasTrials else { return }
        let trials = board.runningTrials
        guard !trials.isEmpty else { return }
        for (trial, reason) in zip(trials, try link.readStopReasons(of: trials.map(\.experiment))) {
            if let reason { board.stop(trial, because: reason) }
        }
        if applied < outbox.sent, board.hasStoppableTrials { stopSchedule.lookAgain(at: .now) }
    }

    /// Plans the looks for the answers to a batch that was sent.
    mutating func planAnswers() {
        guard let board = configuration.board else { return }
        if board.hasClaims { claimSchedule.begin(at: .now) }
        if board.hasStoppableTrials { stopSchedule.begin(at: .now) }
    }
}
