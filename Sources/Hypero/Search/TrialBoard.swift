import HyperoCore
import HyperoSchema
import Synchronization

/// The claims that wait for a trial and the trials that run, shared by the threads of the trainings and the sender's thread.
///
/// The journal's lock protects the lists, because a fork acquires it: the child finds them whole. A flag lets the sender's thread look
/// without the lock.
final class TrialBoard: @unchecked Sendable {
    // Protected by the journal's lock.
    private var claims: [Claim] = []
    private var signals: [StopSignal] = []
    private var lastClaim: UInt32 = 0

    private unowned let journal: Journal
    /// The number of claims that wait, and that of the trials that run.
    private let waiting = Atomic<Int>(0)
    private let running = Atomic<Int>(0)
    /// The shortest lease of all searches in milliseconds. An atomic, because the sender's thread reads it at each step.
    private let shortestLease = Atomic<Int64>(.max)
    /// The number of running trials that the search may stop.
    private let stoppable = Atomic<Int>(0)

    /// - Parameter journal: The journal of the client that owns the board.
    init(_ journal: Journal) {
        self.journal = journal
    }

    // MARK: The threads of the trainings

    /// Adds a claim.
    ///
    /// - Parameters:
    ///   - search: The declaration of the search.
    ///   - battery: The battery of the search.
    ///   - lastEntry: The id of the last known entry of the search's history.
    func addClaim(of search: Event.Search, in battery: BatteryID, after lastEntry: String) -> Claim {
        journal.withLock {
            lastClaim &+= 1
            let claim = Claim(
                number: lastClaim, generation: journal.generation, search: search, battery: battery,
                lastEntry: lastEntry)
            claims.append(claim)
            shortestLease.min(search.lease, ordering: .relaxed)
            waiting.add(1, ordering: .releasing)
            return claim
        }
    }

    /// Returns the outcome of a claim, once; nil while it waits.
    func takeOutcome(of claim: Claim) -> Claim.Outcome? {
        guard claim.isAnswered.load(ordering: .acquiring) else { return nil }
        return journal.withLock { claim.outcome }
    }

    /// Returns whether a claim has an outcome.
    func isAnswered(_ claim: Claim) -> Bool { claim.isAnswered.load(ordering: .acquiring) }

    /// Removes a claim without a caller that waits for it.
    func remove(_ claim: Claim) {
        journal.withLock { removeWaiting(claim) }
    }

    /// Forgets the claims of the parent process, at the first log call of a forked child. Called under the journal's lock.
    func forgetClaims() {
        waiting.subtract(claims.count, ordering: .releasing)
        claims.removeAll()
    }

    /// Adds a trial that runs.
    func add(_ signal: StopSignal) {
        journal.withLock {
            signals.append(signal)
            running.add(1, ordering: .releasing)
            if signal.isStoppable { stoppable.add(1, ordering: .releasing) }
        }
    }

    /// Removes a trial that has ended.
    func remove(_ signal: StopSignal) {
        journal.withLock {
            guard let index = signals.firstIndex(where: { $0 === signal }) else { return }
            signals.remove(at: index)
            running.subtract(1, ordering: .releasing)
            if signal.isStoppable { stoppable.subtract(1, ordering: .releasing) }
        }
    }

    /// Returns the reason why a trial must stop; nil while it may go on.
    func reason(of signal: StopSignal) -> String? {
        guard signal.isSet.load(ordering: .acquiring) else { return nil }
        return journal.withLock { signal.reason }
    }

    // MARK: The sender's thread

    /// true if a claim waits.
    var hasClaims: Bool { waiting.load(ordering: .acquiring) > 0 }
    /// true if a trial runs.
    var hasTrials: Bool { running.load(ordering: .acquiring) > 0 }
    /// true if a trial runs that the search may stop.
    var hasStoppableTrials: Bool { stoppable.load(ordering: .acquiring) > 0 }

    /// The shortest lease of all searches, in milliseconds; nil without a search.
    var lease: Int64? {
        let lease = shortestLease.load(ordering: .relaxed)
        return lease == .max ? nil : lease
    }

    /// Records the sequence number of a claim, when its event is sent.
    func setSeq(_ seq: UInt64, ofClaim number: UInt32) {
        journal.withLock { claims.first { $0.number == number && $0.generation == journal.generation }?.seq = seq }
    }

    /// Returns the claims of this process that are sent and not answered.
    func sentClaims(through seq: UInt64) -> [(claim: Claim, seq: UInt64)] {
        journal.withLock {
            claims.compactMap { claim in
                guard claim.generation == journal.generation, let sent = claim.seq, sent <= seq else { return nil }
                return (claim, sent)
            }
        }
    }

    /// Answers a claim.
    func answer(_ claim: Claim, with outcome: Claim.Outcome) {
        journal.withLock {
            claim.outcome = outcome
            removeWaiting(claim)
        }
        claim.isAnswered.store(true, ordering: .releasing)
    }

    /// Returns the trials that run and were not told to stop.
    var runningTrials: [StopSignal] {
        journal.withLock { signals.filter { !$0.isSet.load(ordering: .relaxed) } }
    }

    /// Tells a trial to stop.
    func stop(_ signal: StopSignal, because reason: String) {
        journal.withLock { signal.reason = reason }
        signal.isSet.store(true, ordering: .releasing)
    }

    private func removeWaiting(_ claim: Claim) {
        guard let index = claims.firstIndex(where: { $0 === claim }) else { return }
        claims.remove(at: index)
        waiting.subtract(1, ordering: .releasing)
    }
}

/// A claim of a trial, from its event until the ingest's answer.
final class Claim: @unchecked Sendable {
    /// The answer to a claim.
    enum Outcome {
        case granted(TrialGrant)
        /// All numbers are given out, and `open` trials have not ended. Another claim gets one that is lost.
        case none(open: Int)
        /// The grant was lost before its start, or the claim was applied without an answer, probably for the reason. The process claims
        /// again.
        case lost(String?)
        /// The claim was not applied.
        case refused(String)
    }

    /// The number of the claim among those of the process, as in its record.
    let number: UInt32
    /// The journal's generation.
    let generation: UInt32
    let search: SearchID
    /// The sampler of this process' declaration of the search.
    let sampler: Search.Sampler?
    let battery: BatteryID
    /// The id of the last known entry of the search's history.
    let lastEntry: String
    /// The time of the claim.
    let time = MonotonicTime.now
    // Protected by the journal's lock.
    var seq: UInt64?
    fileprivate(set) var outcome: Outcome?
    /// true once ``outcome`` is set.
    fileprivate let isAnswered = Atomic<Bool>(false)

    fileprivate init(
        number: UInt32, generation: UInt32, search: Event.Search, battery: BatteryID, lastEntry: String
    ) {
        self.number = number
        self.generation = generation
        self.search = search.id
        sampler = search.sampler.flatMap { Search.Sampler(rawValue: $0) }
        self.battery = battery
        self.lastEntry = lastEntry
    }
}

/// The order to a trial to stop, which the sender's thread reads from Redis.
final class StopSignal: @unchecked Sendable {
    /// The id of the experiment.
    let experiment: String
    /// true if the search stops bad trainings, so that the answer to a row is looked for at once.
    let isStoppable: Bool
    /// true once the trial must stop.
    let isSet = Atomic<Bool>(false)
    /// true once the training has read that it must stop.
    let isSeen = Atomic<Bool>(false)
    // Protected by the journal's lock.
    fileprivate var reason: String?

    init(experiment: String, isStoppable: Bool) {
        self.experiment = experiment
        self.isStoppable = isStoppable
    }
}
