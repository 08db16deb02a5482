import HyperoRedis
import HyperoSchema

/// The attempts of an owner to carry out one command that requests a rebuild.
///
/// Each attempt that ends at an error is followed by another connection and another attempt, before further events are applied. An
/// error that always comes at the same place, for example because the account lacks a right, would stop the partition. The rebuild is
/// therefore given up after some attempts that got no further.
struct RebuildAttempts {
    /// The number of attempts that end at one error, after which the rebuild is given up.
    static let limit = 5

    private var command: StreamID?
    private var error = ""
    private var parts = 0
    private var count = 0
    private var numbers = RebuildSummary()

    /// Returns the numbers of the attempts at a command so far.
    func numbers(of command: StreamID) -> RebuildSummary {
        self.command == command ? numbers : RebuildSummary()
    }

    /// Returns the error after which a command is given up; nil if it is to be tried again.
    func lastError(of command: StreamID) -> String? {
        self.command == command && count >= Self.limit ? error : nil
    }

    /// Records the numbers of a rebuild.
    mutating func record(_ rebuild: Rebuild) {
        if command != rebuild.command { self = RebuildAttempts() }
        command = rebuild.command
        numbers.raise(to: rebuild.summary)
    }

    /// Records an attempt that has ended at an error. A server that asks to wait, or that is not the one with the keys, has not
    /// refused the work.
    mutating func record(_ rebuild: Rebuild, endedAt error: RedisError) {
        record(rebuild)
        switch error.category {
        case .transient, .migrating, .moved, .elsewhere: return
        case .denied, .connection, .refused: break
        }
        let isFurther = rebuild.parts > parts
        count = error.description == self.error && !isFurther ? count + 1 : 1
        parts = max(parts, rebuild.parts)
        self.error = error.description
    }
}
