import Glibc
import Hypero
import HyperoCore
import Synchronization

/// The waits for the trials of a search, in parts, between which the caller may act.
///
/// A wait of ``Search/next(timeout:)`` that ends without a trial does not tell whether the ingest has not answered, or has no trial
/// now. Claims that are applied and give no trial are the latter: the next claim then follows after a growing time.
///
/// Atomics and no lock, because a forked child could inherit the lock of another thread. Threads that wait at once share the times.
final class TrialWaits: Sendable {
    private let search: Search
    private let hypero: Hypero
    private let notify: @Sendable (String) -> Void
    private let lease: Duration

    /// The time of the next claim, and the time between two claims, in nanoseconds.
    private let nextClaim = Atomic<Int64>(0)
    private let interval = Atomic<Int64>(0)
    /// The time of the first claim that gave no trial; 0 for none.
    private let emptySince = Atomic<Int64>(0)
    /// The time of the first look at a claim that is not applied; 0 for none, and -1 if that is reported.
    private let unansweredSince = Atomic<Int64>(0)

    init(_ search: Search, lease: Duration, client: ClientHandle) {
        self.search = search
        self.lease = lease
        hypero = client.hypero
        notify = client.notify
    }

    /// The result of a wait.
    enum Outcome {
        case trial(Experiment)
        /// No trial is left for this process.
        case end
        /// There is none before the deadline.
        case timeout
    }

    /// Waits for a trial.
    func next(until deadline: MonotonicTime) -> Outcome {
        while !search.isFinished {
            let start = max(.now, MonotonicTime(nanoseconds: nextClaim.load(ordering: .relaxed)))
            Self.sleep(until: min(start, deadline))
            guard start <= deadline else { return .timeout }
            let remaining = min(max(deadline - MonotonicTime.now, .zero), Self.part)
            // The last part of the wait is for the look at the claim.
            let end = MonotonicTime.now + (remaining - min(remaining / 4, Self.look))
            if let experiment = search.next(timeout: end - MonotonicTime.now) {
                begin()
                if unansweredSince.load(ordering: .relaxed) > 0 { unansweredSince.store(0, ordering: .relaxed) }
                return .trial(experiment)
            }
            // A call that ends before its time cannot claim: the client is closed, or the claim is refused.
            guard MonotonicTime.now >= end, !noteEmptyPart(of: remaining) else { return .end }
            if MonotonicTime.now >= deadline { return .timeout }
        }
        return .end
    }

    /// Notes a part of a wait that ended without a trial.
    ///
    /// - Parameter time: The part.
    /// - Returns: true if a trial of each process that was silent at the first such part would have been given again since.
    private func noteEmptyPart(of time: Duration) -> Bool {
        let isApplied = hypero.flushInPart(until: .applied, timeout: min(time / 4, Self.look))
        let now = MonotonicTime.now
        guard isApplied else {
            reportUnanswered(at: now)
            // A short part is too short for an answer, and the next call may be a new claim.
            if time < Self.part { delayNextClaim(at: now, longest: Self.shortest * 4) }
            return false
        }
        unansweredSince.store(unansweredSince.load(ordering: .relaxed) < 0 ? -1 : 0, ordering: .relaxed)
        let since = emptySince.compareExchange(expected: 0, desired: now.nanoseconds, ordering: .relaxed).original
        if since != 0, now > MonotonicTime(nanoseconds: since) + lease + lease / 8 + .seconds(1) {
            begin()
            notify(
                "search \(search.id): all trials are given out, and other processes run some of them. A trial whose process is lost "
                    + "is given to the next process that runs the search")
            return true
        }
        delayNextClaim(at: now, longest: min(lease / 4, .seconds(15)))
        return false
    }

    /// Doubles the time between two claims.
    private func delayNextClaim(at now: MonotonicTime, longest: Duration) {
        let wait = min(max(interval.load(ordering: .relaxed) * 2, Self.shortest.nanoseconds), longest.nanoseconds)
        interval.store(wait, ordering: .relaxed)
        nextClaim.store(now.nanoseconds + wait, ordering: .relaxed)
    }

    /// Reports once that the ingest does not answer.
    private func reportUnanswered(at now: MonotonicTime) {
        let since = unansweredSince.compareExchange(expected: 0, desired: now.nanoseconds, ordering: .relaxed).original
        guard since > 0, now > MonotonicTime(nanoseconds: since) + Self.patience else { return }
        guard unansweredSince.compareExchange(expected: since, desired: -1, ordering: .relaxed).exchanged else {
            return
        }
        notify(
            "search \(search.id) waits for a trial: no answer for \(Self.patience.components.seconds) s. Whether Redis and hypero-ingest "
                + "run shows `hypero-query status`")
    }

    /// Begins a new wait: the next claim follows at once.
    private func begin() {
        nextClaim.store(0, ordering: .relaxed)
        interval.store(0, ordering: .relaxed)
        emptySince.store(0, ordering: .relaxed)
    }

    private static let part = Duration.milliseconds(100)
    private static let look = Duration.milliseconds(20)
    private static let shortest = Duration.milliseconds(60)
    private static let patience = Duration.seconds(10)

    /// Sleeps, also after a signal.
    private static func sleep(until time: MonotonicTime) {
        while true {
            let now = MonotonicTime.now
            guard now < time else { return }
            let nanoseconds = min(time.nanoseconds - now.nanoseconds, 1_000_000_000)
            var duration = timespec(tv_sec: Int(nanoseconds / 1_000_000_000), tv_nsec: Int(nanoseconds % 1_000_000_000))
            nanosleep(&duration, nil)
        }
    }
}

extension Duration {
    fileprivate var nanoseconds: Int64 { components.seconds * 1_000_000_000 + components.attoseconds / 1_000_000_000 }
}
