import Foundation
import HyperoRedis
import HyperoSchema
import TestSupport

/// What redis-benchmark makes of an XADD of the fields that the client sends.
struct BenchmarkedXADD {
    let perSecond: Double
    /// Microseconds of Redis' main thread an entry.
    let redisMicroseconds: Double

    /// - Parameters:
    ///   - fields: names and values in turn.
    ///   - count: how many are sent.
    init(_ fields: [String], count: Int) throws {
        let server = try BenchServer()
        let redisBefore = try server.mainThreadSeconds()
        let outcome = try ChildProcess.run(
            "redis-benchmark",
            ["-s", server.socket, "-c", "1", "-P", "256", "-n", "\(count)", "--csv"]
                + ["XADD", server.keyspace.events, "*"] + fields, within: .seconds(600))
        // "test","rps","avg_latency_ms",…
        let columns = outcome.stdout.split(whereSeparator: \.isNewline).last.map { line in
            line.split(separator: "\",\"").map { $0.trimmingCharacters(in: ["\""]) }
        }
        guard outcome.succeeded, let rate = columns?.dropFirst().first.flatMap({ Double($0) }) else {
            throw BenchError("redis-benchmark says no rate: \(outcome.stdout)\(outcome.stderr)")
        }
        perSecond = rate
        redisMicroseconds = (try server.mainThreadSeconds() - redisBefore) * 1e6 / Double(count)
    }
}
