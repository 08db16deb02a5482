/// How long to wait after failures: exponential with full jitter, so that a thousand clients of a server that comes back
/// do not all come at once.
///
/// Source: Brooker, "Exponential backoff and jitter", AWS Architecture Blog, 2015.
package struct Backoff: Sendable {
    package static let first: Duration = .milliseconds(50)
    package static let longest: Duration = .seconds(10)

    /// In a row.
    package private(set) var failures = 0

    package init() {}

    package mutating func reset() {
        failures = 0
    }

    /// Counts a failure, and says how long to wait: anything up to 50 ms, 100 ms, … 10 s.
    ///
    /// - Parameter draw: from `0..<1`.
    package mutating func next(draw: Double) -> Duration {
        let bound = min(Self.first * (1 << min(failures, 10)), Self.longest)
        failures += 1
        return bound * draw
    }

    /// How long to wait when trying soon is of no use: 5 to 10 s.
    package static func slow(draw: Double) -> Duration {
        longest / 2 + longest / 2 * draw
    }
}
