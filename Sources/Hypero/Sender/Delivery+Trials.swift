import HyperoCore
import HyperoRedis
import HyperoSchema

// The answers to claims, and the orders to stop.
extension Delivery {
    /// The times of the looks for the answers to what was sent: soon, then at growing intervals while there are none.
    ///
    /// The ingest answers within milliseconds, if it runs. A search of thousands of trainings must not ask all the time.
    struct AnswerSchedule {
        private let first: Duration
        private let longest: Duration
        private var interval: Duration
        private var next: MonotonicTime?

        init(first: Duration, longest: Duration) {
            (self.first, self.longest, interval) = (first, longest, first)
        }

        /// Plans a look after something was sent. One that is planned already stays: else a training that sends more often would
        /// never look.
        mutating func begin(at now: MonotonicTime) {
            guard next == nil else { return }
            interval = first
            next = now + first
        }

        /// Plans the next look.
        ///
        /// - Parameter hasAnswer: true if this look had an answer, so that the ingest runs.
        mutating func lookAgain(at now: MonotonicTime, hasAnswer: Bool) {
            interval = hasAnswer ? first : min(interval * 3 / 2, longest)
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
        var hasAnswer = false
        do {
            guard let answers = try link.readAnswers(to: claims) else {
                for (claim, _) in claims {
                    board.answer(claim, with: .refused("the account may not read the answers to claims"))
                }
                return
            }
            for ((claim, seq), answer) in zip(claims, answers) {
                guard let outcome = try outcome(of: claim, seq: seq, answer) else { continue }
                board.answer(claim, with: outcome)
                hasAnswer = true
            }
        } catch {
            fail(with: error)
        }
        claimSchedule.lookAgain(at: .now, hasAnswer: hasAnswer)
    }

    /// Returns the outcome of a claim; nil while the ingest has not applied it.
    private mutating func outcome(
        of claim: Claim, seq: UInt64, _ answer: Link.ClaimAnswer
    ) throws(RedisError) -> Claim.Outcome? {
        if let text = answer.grant {
            let token = Event.Origin(producer: journal.identity.producer, seq: seq)
            guard let grant = TrialGrant(text, token: token) else { return .lost(nil) }
            return .granted(try completed(grant, for: claim))
        }
        if let open = answer.open { return .none(open: open) }
        let watermark = answer.watermark
        guard watermark.seq >= seq, !watermark.missing.contains(where: { $0.contains(seq) }) else { return nil }
        // Applied without an answer. A dead letter and a deletion give none, and neither does a server that has lost its data since.
        if watermark.dead > 0 { return .lost("an event of this process became a dead letter: `hypero-query dead`") }
        return .lost(watermark.deleted > 0 ? "its battery was deleted" : nil)
    }

    /// Reads what the training and the sampler need of a granted trial.
    private mutating func completed(_ grant: TrialGrant, for claim: Claim) throws(RedisError) -> TrialGrant {
        var grant = grant
        let keyspace = configuration.keyspace
        if grant.attempt > 1 {
            let experiment = claim.search.experiment(ofTrial: grant.number)
            grant.experiment = try link.readHash(keyspace.experiment(experiment)) ?? []
        }
        // After the claim, so that the search is declared. The history is read before its distributions: an entry that is added
        // meanwhile may have a hyper-parameter that none had before.
        let settings = [SearchField.sampler, SearchField.stopping, SearchField.created]
        let values = try link.readFields(settings, of: keyspace.search(claim.search)) ?? []
        if values.count == settings.count, values[2] != nil {
            // The first declaration counts, and it may be that of another program.
            grant.sampler = values[0].flatMap { Search.Sampler(rawValue: $0) }
            grant.isStoppable = values[1] != nil
        }
        guard grant.sampler ?? claim.sampler == .tpe else { return grant }
        var last = claim.lastEntry
        if last == SearchKnowledge.noEntry {
            let text = try link.readFields([BatteryField.direction], of: keyspace.battery(claim.battery))?[0]
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
        guard !grant.history.isEmpty else { return grant }
        for (name, value) in try link.readHash(keyspace.search(claim.search)) ?? [] {
            if let name = name.dropping(prefix: Prefix.space) { grant.spaces[ExactText(name)] = value }
        }
        return grant
    }

    /// The number of entries of the history that are read at once.
    private static var historyCount: Int { 250 }

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
        guard applied < outbox.sent, board.hasStoppableTrials else { return }
        stopSchedule.lookAgain(at: .now, hasAnswer: applied > lastJudged)
        lastJudged = applied
    }

    /// Plans the looks for the answers to a batch that was sent.
    mutating func planAnswers() {
        guard let board = configuration.board else { return }
        if board.hasClaims { claimSchedule.begin(at: .now) }
        if board.hasStoppableTrials { stopSchedule.begin(at: .now) }
    }
}
