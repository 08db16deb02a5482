/// How calls are spread over time.
struct Pace: Sendable {
    let threads: Int
    /// Calls a second of all threads together.
    let perSecond: Int
    /// How long.
    let duration: Duration

    /// Calls the body on each thread until the time is over.
    ///
    /// One thread looks at the clock until the next call is due, as a training computes. More of them than there are
    /// cores would then measure how long they wait for a core, so several sleep until it is due.
    func run<Result: Sendable>(
        _ make: @escaping @Sendable (_ thread: Int) -> Result,
        _ call: @escaping @Sendable (inout Result, _ number: Int) -> Void
    ) throws -> [Result] {
        let gap = 1_000_000_000 * Int64(threads) / Int64(perSecond)
        let length = Int64(duration / .nanoseconds(1))
        let isAlone = threads == 1
        let start = Clock.now
        return try ThreadGroup(threads) { thread in
            var result = make(thread)
            var next = start + gap * Int64(thread) / Int64(threads)
            var number = 0
            while true {
                call(&result, number)
                number += 1
                next += gap
                let now = Clock.now
                guard now - start < length else { return result }
                // What was missed is not made up for: a burst would be another load.
                next = max(next, now)
                if isAlone { while Clock.now < next {} } else { Clock.sleep(until: next) }
            }
        }.results()
    }
}
