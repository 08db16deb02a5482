import Foundation
import HyperoRedis
import Synchronization

/// Log calls that measure the time until their value is in a ranking.
///
/// Each probe logs a higher value of one experiment than the previous probe. The score in the ranking therefore
/// identifies the latest probe that has arrived. A separate connection polls the score with short sleeps. Without the
/// sleeps, the polling would use half of the time of Redis.
final class Probes: Sendable {
    private struct State {
        /// The times of the log calls, in nanoseconds. Probe n has index n - 1.
        var logTimes: [Int64] = []
        /// The number of probes that have arrived.
        var arrived = 0
        var latencies = Latencies()
        var failure: String?
    }

    private let state = Mutex(State())
    private let isStopping = Atomic<Bool>(false)

    /// Starts to poll.
    ///
    /// - Parameters:
    ///   - key: the key of the ranking.
    ///   - member: the experiment of the probes.
    init(_ server: BenchServer, key: String, member: String) throws {
        let url = try RedisURL(server.url)
        Thread.detachNewThread { [self] in
            do {
                var connection = try RedisConnection.open(to: url, name: "probes")
                while !isStopping.load(ordering: .relaxed) {
                    var reply = try connection.call("ZSCORE", key, member)
                    let now = Clock.now
                    let count = try reply.string().flatMap { Double($0) }.map { Int($0.rounded()) } ?? 0
                    record(arrived: count, at: now)
                    usleep(100)
                }
            } catch {
                state.withLock { $0.failure = "\(error)" }
            }
        }
    }

    /// Records the time of the next probe. Must be called immediately before its log call.
    ///
    /// - Returns: the value to log.
    func next() -> Double {
        state.withLock { state in
            state.logTimes.append(Clock.now)
            return Double(state.logTimes.count)
        }
    }

    /// Removes the measured times, but not the probes in flight.
    func removeLatencies() { state.withLock { $0.latencies.removeAll() } }

    /// Waits until all probes have arrived, stops polling, and returns the measured times.
    func stop() throws -> Latencies {
        defer { isStopping.store(true, ordering: .relaxed) }
        let deadline = Clock.now + 30_000_000_000
        while Clock.now < deadline {
            let (latencies, failure, haveAllArrived) = state.withLock { state in
                (state.latencies, state.failure, state.arrived == state.logTimes.count)
            }
            if let failure { throw BenchError("ZSCORE of the ranking failed: \(failure)") }
            if haveAllArrived { return latencies }
            usleep(5_000)
        }
        throw BenchError("a logged value was not in the ranking after 30 s")
    }

    private func record(arrived count: Int, at now: Int64) {
        state.withLock { state in
            for index in state.arrived..<max(count, state.arrived) {
                state.latencies.record(now - state.logTimes[index])
            }
            state.arrived = max(count, state.arrived)
        }
    }
}
