import Foundation
import HyperoRedis
import Synchronization

/// When probes were logged, and when each was seen in a ranking.
///
/// Each probe logs a higher value of one experiment than the one before it, so the score that the ranking has says which of
/// them have arrived. A connection of its own looks at the score all the time, with a little sleep in between: asking
/// without a pause would take half of Redis.
final class Probes: Sendable {
    private struct State {
        /// By their numbers, from 0.
        var logged: [Int64] = []
        var seen = 0
        var latencies = Latencies()
        var failure: String?
    }

    private let state = Mutex(State())
    private let isOver = Atomic<Bool>(false)

    /// - Parameters:
    ///   - key: the ranking.
    ///   - member: the experiment of the probes.
    init(_ server: BenchServer, key: String, member: String) throws {
        let url = try RedisURL(server.url)
        Thread.detachNewThread { [self] in
            do {
                var connection = try RedisConnection.open(to: url, name: "probes")
                while !isOver.load(ordering: .relaxed) {
                    var reply = try connection.call("ZSCORE", key, member)
                    let now = Clock.now
                    let count = try reply.string().flatMap { Double($0) }.map { Int($0.rounded()) } ?? 0
                    note(count, at: now)
                    usleep(100)
                }
            } catch {
                state.withLock { $0.failure = "\(error)" }
            }
        }
    }

    /// Takes the time of the next probe.
    ///
    /// - Returns: the value that it has to log.
    func next() -> Double {
        state.withLock { state in
            state.logged.append(Clock.now)
            return Double(state.logged.count)
        }
    }

    /// Forgets what was noted so far, but not what is still on its way.
    func forget() { state.withLock { $0.latencies.removeAll() } }

    /// Waits until all have been seen, and says how long each took.
    func end() throws -> Latencies {
        defer { isOver.store(true, ordering: .relaxed) }
        let deadline = Clock.now + 30_000_000_000
        while Clock.now < deadline {
            let (latencies, failure, isThrough) = state.withLock { state in
                (state.latencies, state.failure, state.seen == state.logged.count)
            }
            if let failure { throw BenchError("the ranking cannot be looked at: \(failure)") }
            if isThrough { return latencies }
            usleep(5_000)
        }
        throw BenchError("what was logged was not in the ranking after half a minute")
    }

    private func note(_ count: Int, at now: Int64) {
        state.withLock { state in
            for number in state.seen..<max(count, state.seen) { state.latencies.record(now - state.logged[number]) }
            state.seen = max(count, state.seen)
        }
    }
}
