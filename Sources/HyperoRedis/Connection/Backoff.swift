/// How long to wait after failures: exponential with full jitter, so that a thousand clients of a server that comes back
/// do not all come at once.
///
/// Source: Brooker, "Exponential backoff and jitter", AWS Architecture Blog, 2015.
package struct Backoff: Sendable {
    package static let initialDelay: Duration = .milliseconds(50)
    package static let maxDelay: Duration = .seconds(10)

    /// In a row.
    package private(set) var failures = 0

    package init() {}

    package mutating func reset() {
        failures = 0
    }

    /// Counts a failure, and says how long to wait: anything up to 50 ms, 100 ms, … 10 s.
    ///
    /// - Parameter random: from `0..<1`.
    package mutating func nextDelay(random: Double) -> Duration {
        let bound = min(Self.initialDelay * (1 << min(failures, 10)), Self.maxDelay)
        failures += 1
        return bound * random
    }

    /// How long to wait when trying soon is of no use: 5 to 10 s.
    package static func slowDelay(random: Double) -> Duration {
        maxDelay / 2 + maxDelay / 2 * random
    }
}
