import Glibc

/// Waits until something that happens elsewhere (a thread, a process, a server) has happened.
///
/// The condition is looked at every few milliseconds, so the wait ends when it holds and not when a guess runs out.
/// Nothing is recorded: write `#expect(eventually { … })`.
///
/// - Parameters:
///   - limit: how long the condition may take; on a loaded machine everything takes longer, so be generous.
///   - condition: looked at on the calling thread, at least once, and once more after the limit.
/// - Returns: whether the condition held in time.
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
