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
    let deadline = ContinuousClock.now + limit
    var pause: UInt32 = 500
    while ContinuousClock.now < deadline {
        if try condition() { return true }
        usleep(pause)
        pause = min(pause * 2, 8_000)
    }
    return try condition()
}
