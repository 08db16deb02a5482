import Hypero
import HyperoSchema
import TestSupport

/// The time from a log call until its value is in the ranking, at a fixed rate of events.
struct VisibleRows {
    let latencies: Latencies
    /// Logged events per second.
    let perSecond: Double

    /// Logs with two clients in up to 2,000 turns per second. In every second turn of the first client, one row is a probe.
    init(perSecond rate: Int, duration: Duration) throws {
        let server = try BenchServer()
        let ingest = try ChildProcess("hypero-ingest", ["--redis", server.url, "--log-level", "error"])
        defer { ingest.kill() }
        let clients = try (0..<2).map { _ in try BenchClient(server.url) }
        let batteries = clients.map { $0.hypero.battery("bench") }
        let probe = batteries[0].experiment()
        guard let id = BatteryID(batteries[0].id) else { throw BenchError("not a battery id: \(batteries[0].id)") }
        let probes = try Probes(server, key: server.keyspace.rank(of: id, by: "valid"), member: probe.id)
        let rows = Rows()
        let turns = min(rate, 2_000)
        let rowsPerTurn = rate / turns
        func logRows(for duration: Duration) throws -> Int {
            try Pace(threads: 2, perSecond: turns, duration: duration).run { thread in
                RowLogger(batteries[thread], probes: thread == 0 ? (probe, probes) : nil)
            } call: { logger, turn in
                logger.logRows(rowsPerTurn, of: rows, turn: turn)
            }.reduce(0) { $0 + $1.events }
        }
        // Warm-up.
        _ = try logRows(for: max(duration / 10, .milliseconds(300)))
        probes.removeLatencies()
        let start = Clock.now
        let events = try logRows(for: duration)
        perSecond = Double(events) * 1e9 / Double(Clock.now - start)
        latencies = try probes.stop()
        for client in clients { try client.close() }
    }
}
