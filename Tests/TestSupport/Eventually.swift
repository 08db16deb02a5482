import Glibc

/// Waits until a condition holds. Another thread, a process or a server makes the condition true.
///
/// The condition is polled every few milliseconds. A fixed sleep would be too short on a loaded machine and too long on
/// other machines. A timeout records no test issue: write `#expect(eventually { … })`.
///
/// - Parameters:
///   - limit: the longest wait. A generous limit also suffices on a loaded machine.
///   - condition: evaluated on the calling thread at least once, and once more after the limit.
/// - Returns: whether the condition held before the limit.
@discardableResult
package func eventually(
    within limit: Duration = .seconds(60), _ condition: () throws -> Bool
) rethrows -> Bool {
    var remaining = limit
    var pause: UInt32 = 500
    while remaining > .zero {
        let start = ContinuousClock.now
        if try condition() { return true }
        usleep(pause)
        remaining -= min(ContinuousClock.now - start, maxStep)
        pause = min(pause * 2, 8_000)
    }
    return try condition()
}

/// The time of one look that counts at most. A machine that is overloaded or stands still does not use up the limit of a wait, because
/// the process that is waited for does not run either.
private let maxStep = Duration.milliseconds(100)
