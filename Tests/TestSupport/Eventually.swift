import Glibc

/// Waits until a condition holds that another thread, a process or a server brings about.
///
/// The condition is polled every few milliseconds. A fixed sleep would be too short on a loaded machine and too long on
/// every other. A timeout records no test issue: write `#expect(eventually { … })`.
///
/// - Parameters:
///   - limit: the longest wait. Choose it generously, because everything takes longer on a loaded machine.
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
