import Hypero
import HyperoSchema
import TestSupport

/// How long it takes from a log call until the ranking shows it, at a rate of events.
struct VisibleRows {
    let latencies: Latencies
    /// Events a second that were logged.
    let perSecond: Double

    /// Two clients log some rows each millisecond; each other time one of the rows of the first is a probe.
    init(perSecond rate: Int, duration: Duration) throws {
        let server = try BenchServer()
        let ingest = try ChildProcess("hypero-ingest", ["--redis", server.url, "--log-level", "error"])
        defer { ingest.kill() }
        let clients = try (0..<2).map { _ in try BenchClient(server.url) }
        let batteries = clients.map { $0.hypero.battery("bench") }
        let probe = batteries[0].experiment()
        guard let id = BatteryID(batteries[0].id) else { throw BenchError("\(batteries[0].id) is no battery's id") }
        let probes = try Probes(server, key: server.keyspace.rank(of: id, by: "valid"), member: probe.id)
        let rows = Rows()
        let ticks = min(rate, 2_000)
        let atOnce = rate / ticks
        func load(_ duration: Duration) throws -> Int {
            try Pace(threads: 2, perSecond: ticks, duration: duration).run { thread in
                Trainee(batteries[thread], isProbing: thread == 0)
            } _: { trainee, number in
                trainee.turn(number, atOnce: atOnce, rows, probe, probes)
            }.reduce(0) { $0 + $1.events }
        }
        _ = try load(max(duration / 10, .milliseconds(300)))
        probes.forget()
        let start = Clock.now
        let events = try load(duration)
        perSecond = Double(events) * 1e9 / Double(Clock.now - start)
        latencies = try probes.end()
        for client in clients { try client.close() }
    }
}
