import TestSupport

/// A fixed rate of calls from one or several threads.
struct Pace: Sendable {
    let threads: Int
    /// Calls per second of all threads together.
    let perSecond: Int
    let duration: Duration

    /// Repeats a call on each thread until the duration has passed.
    ///
    /// A single thread waits for the next call in a busy loop, because a training computes between its calls. Several
    /// threads sleep, because busy threads that outnumber the cores would measure their wait for a core.
    ///
    /// - Parameters:
    ///   - makeState: creates the state of a thread.
    ///   - call: called with the thread's state and the index of the call.
    /// - Returns: the final states of all threads.
    func run<State: Sendable>(
        makeState: @escaping @Sendable (_ thread: Int) -> State,
        call: @escaping @Sendable (inout State, _ index: Int) -> Void
    ) throws -> [State] {
        let interval = 1_000_000_000 * Int64(threads) / Int64(perSecond)
        let nanoseconds = Int64(duration / .nanoseconds(1))
        let isAlone = threads == 1
        let start = Clock.now
        return try ThreadGroup(threads) { thread in
            var state = makeState(thread)
            var next = start + interval * Int64(thread) / Int64(threads)
            var index = 0
            while true {
                call(&state, index)
                index += 1
                next += interval
                let now = Clock.now
                guard now - start < nanoseconds else { return state }
                // Missed calls are skipped, because making them later would be a burst, which is a different load.
                next = max(next, now)
                if isAlone { while Clock.now < next {} } else { Clock.sleep(until: next) }
            }
        }.results()
    }
}
