import HyperoCore
import HyperoRedis

/// Which events are not only applied but have been for a while, so that no server forgets them any more.
///
/// A server that loses its power, or a replica that takes its place, may lack the last seconds of what was acknowledged
/// and applied. So an event is kept for a while after it was seen applied: as long as Redis' own
/// `min-replicas-max-lag` lets a replica lag, which is also several times what `appendfsync everysec` may lose.
package struct DurabilityWindow {
    /// How long.
    package static let usual: Duration = .seconds(10)

    /// All up to this number have been applied for long enough.
    private(set) var settled: UInt64 = 0
    let duration: Duration
    /// What was seen applied, and when; a second apart at least, so that there are but a few.
    private var seen: [(seq: UInt64, at: MonotonicTime)] = []

    private static let interval: Duration = .seconds(1)

    init(_ duration: Duration = Self.usual) {
        self.duration = duration
    }

    /// Takes note of what the server has just said to be applied: what it said before and says still, has settled.
    ///
    /// - Parameter applied: lower than before when Redis forgot something.
    mutating func note(applied: UInt64, now: MonotonicTime) {
        seen.removeAll { $0.seq > applied }
        settled = min(settled, applied)
        let last = seen.last
        if applied > max(settled, last?.seq ?? 0), last.map({ now - $0.at >= min(Self.interval, duration) }) ?? true {
            seen.append((applied, now))
        }
        guard let index = seen.lastIndex(where: { now - $0.at >= duration }) else { return }
        settled = seen[index].seq
        seen.removeFirst(index + 1)
    }

    /// Takes what is applied for settled: it was logged long ago.
    mutating func settle(_ applied: UInt64) {
        settled = max(settled, applied)
    }
}
