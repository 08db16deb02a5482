import Foundation
import HyperoRedis
import HyperoSchema
import TestSupport

/// The rate of redis-benchmark with an XADD of the client's fields.
struct BenchmarkedXADD {
    let perSecond: Double
    /// Microseconds of the main thread of Redis per entry.
    let redisMicroseconds: Double

    /// Runs redis-benchmark on a new server.
    ///
    /// - Parameters:
    ///   - fields: alternating names and values.
    ///   - count: the number of commands.
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
            throw BenchError("redis-benchmark printed no rate: \(outcome.stdout)\(outcome.stderr)")
        }
        perSecond = rate
        redisMicroseconds = (try server.mainThreadSeconds() - redisBefore) * 1e6 / Double(count)
    }
}
