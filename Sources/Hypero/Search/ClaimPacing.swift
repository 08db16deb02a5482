import HyperoCore

/// The times of the claims of a process that get no trial, because others run the last ones.
///
/// All threads that wait for a trial of the search share them: an answer to one is an answer to all.
struct ClaimPacing {
    /// The earliest time of the next claim.
    private(set) var next = MonotonicTime(nanoseconds: 0)
    private var interval = Self.shortest
    /// The time of the first claim that got no trial.
    private var emptySince: MonotonicTime?

    /// The number of claims that were applied without an answer since the last trial.
    private var losses = 0

    private static let shortest = Duration.milliseconds(250)
    private static let longest = Duration.seconds(4)

    /// true if the claims have got no trial for two seconds.
    var isLong: Bool { emptySince.map { .now > $0 + .seconds(2) } ?? false }

    /// Begins again after a claim that got a trial.
    mutating func begin() { self = ClaimPacing() }

    /// Plans the next claim after one that got no trial, at growing intervals.
    ///
    /// - Parameter lease: The lease of the search.
    mutating func delay(lease: Duration) {
        interval = min(interval * 2, max(lease / 4, .milliseconds(1)), Self.longest)
        next = .now + interval
    }

    /// Plans the next claim after one that was applied without an answer.
    ///
    /// - Returns: true after three of them: the reason does not pass. They count together in a wait of several calls.
    mutating func delayOrEndAfterLoss(lease: Duration) -> Bool {
        losses += 1
        guard losses < 3 else {
            begin()
            return true
        }
        delay(lease: lease)
        return false
    }

    /// Plans the next claim after one that got no trial, because other processes run the last ones.
    ///
    /// - Returns: true if the trial of each process that was silent at the first such claim would have been given again since.
    mutating func delayOrEnd(lease: Duration) -> Bool {
        let first = emptySince ?? .now
        emptySince = first
        guard MonotonicTime.now < first + lease + lease / 8 + .seconds(1) else {
            begin()
            return true
        }
        delay(lease: lease)
        return false
    }
}
