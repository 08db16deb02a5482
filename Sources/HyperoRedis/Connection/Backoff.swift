/// Delays between attempts: exponential with full jitter.
///
/// Full jitter spreads the reconnections of a thousand clients after a server restart. Source: Brooker, "Exponential
/// backoff and jitter", AWS Architecture Blog, 2015.
package struct Backoff: Sendable {
    package static let initialDelay: Duration = .milliseconds(50)
    package static let maxDelay: Duration = .seconds(10)

    /// The number of consecutive failures.
    package private(set) var failures = 0

    package init() {}

    /// Restarts at the initial delay. Called after a success.
    package mutating func reset() {
        failures = 0
    }

    /// Counts a failure and returns the delay before the next attempt: between 0 and a bound that doubles from 50 ms to 10 s.
    ///
    /// - Parameter random: a random number from `0..<1`.
    package mutating func nextDelay(random: Double) -> Duration {
        let bound = min(Self.initialDelay * (1 << min(failures, 10)), Self.maxDelay)
        failures += 1
        return bound * random
    }

    /// Returns the delay after a failure that a quick retry cannot fix, such as a wrong password: 5 to 10 s.
    ///
    /// - Parameter random: a random number from `0..<1`.
    package static func slowDelay(random: Double) -> Duration {
        maxDelay / 2 + maxDelay / 2 * random
    }
}
