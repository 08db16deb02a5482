import Foundation
import Hypero
import TestSupport

/// The connections of thousands of trainings that log a row every ten seconds: the memory of Redis for each, the delay until an event
/// is applied meanwhile, and the connections per second after a restart of Redis.
///
/// All clients lose their connections at once. Those that have an event to send connect again after random waits, which spread them.
struct ConnectionsSection: Section {
    private static let interval = 10.0
    private static let processes = 8

    func run(_ plan: Plan, report: Report) throws {
        for count in [5_000, 10_000] { try run(plan.divided(count, atLeast: 16), report) }
    }

    private func run(_ count: Int, _ report: Report) throws {
        try OpenFiles.raiseLimit(to: count + 1_000)
        let server = try BenchServer(configuration: ["maxclients \(count + 200)"])
        let ingest = try ChildProcess("hypero-ingest", ["--redis", server.url, "--log-level", "warning"])
        defer { ingest.kill() }
        let empty = try server.info("used_memory", in: "memory")
        let parts = (0..<Self.processes).map { count / Self.processes + ($0 < count % Self.processes ? 1 : 0) }
        let folder = try TemporaryFolder()
        let clients = try parts.enumerated().map { index, part in
            try Clients(part, of: server, tally: folder.file("\(index)"), interval: Self.interval)
        }
        defer { for client in clients { client.child.kill() } }
        report.progress("connections: \(count) clients connect")
        try waitUntilConnected(count, to: server, clients)
        // The buffers of new connections shrink within seconds.
        sleep(15)
        let rows = report.rows(of: "\(count) clients, a row each per \(Int(Self.interval)) s", in: .connections)
        rows.add(
            "memory of a connection", value: try server.info("mem_clients_normal", in: "memory") / Double(count),
            unit: .bytes)
        rows.add(
            "memory of Redis per client", value: (try server.info("used_memory", in: "memory") - empty) / Double(count),
            unit: .bytes, note: "with its experiment")
        rows.add("until an event is applied, p50", value: try delay(at: server), unit: .milliseconds)

        report.progress("connections: restart of Redis")
        let storm = try ReconnectStorm.observe(server, clients: count)
        rows.add("connects per second after a restart, peak", value: storm.peak, unit: .perSecond)
        rows.add("until all are connected again", value: storm.duration, unit: .seconds)
        rows.add("until an event is applied, p50, afterwards", value: try delay(at: server), unit: .milliseconds)
        let dropped = clients.reduce(0) { $0 + $1.tally[.dropped] }
        rows.add("events dropped", value: Double(dropped), unit: .events, targets: [Targets.lost])
    }

    private func waitUntilConnected(_ count: Int, to server: BenchServer, _ clients: [Clients]) throws {
        let areConnected = try eventually(within: .seconds(300)) {
            if let ended = clients.first(where: { !$0.child.isRunning }) {
                throw BenchError("clients have ended: \(ended.child.stderr)")
            }
            return try server.info("connected_clients", in: "clients") >= Double(count)
        }
        guard areConnected else {
            throw BenchError("only \(try server.info("connected_clients", in: "clients")) clients are connected")
        }
    }

    /// Returns the median time from a log call until its event is applied, in milliseconds.
    private func delay(at server: BenchServer) throws -> Double {
        let client = try BenchClient(server.url)
        defer { try? client.close() }
        let experiment = client.hypero.battery("probe").experiment()
        var latencies = Latencies()
        for epoch in 0..<50 {
            let start = Clock.now
            experiment.log(epoch: epoch, train: 0.5, valid: 0.5, test: 0.5)
            guard client.hypero.flush(until: .applied, timeout: .seconds(60)) else {
                throw BenchError("an event was not applied within 60 s")
            }
            latencies.record(Clock.now - start)
        }
        return Double(latencies.median) / 1e6
    }
}

/// A process with some of the clients.
private struct Clients {
    let child: ChildProcess
    let tally: Tally

    init(_ count: Int, of server: BenchServer, tally path: String, interval: Double) throws {
        tally = try Tally(path: path)
        child = try ChildProcess(
            "hypero-bench",
            ["clients", "--redis", server.url, "--count", "\(count)", "--interval", "\(interval)", "--tally", path])
    }
}

/// The connections after a restart of Redis.
private enum ReconnectStorm {
    /// Kills Redis, starts it again after five seconds, and counts its connections until all clients have one.
    ///
    /// - Returns: the largest number of connections within a second, and the time until all were connected in seconds.
    static func observe(_ server: BenchServer, clients: Int) throws -> (peak: Double, duration: Double) {
        server.server.kill()
        sleep(5)
        try server.restart()
        let start = ContinuousClock.now
        var counts: [(time: Duration, count: Double)] = [(.zero, 0)]
        while try server.info("connected_clients", in: "clients") < Double(clients) {
            let elapsed = ContinuousClock.now - start
            guard elapsed < .seconds(300) else { throw BenchError("not all clients connect again within 300 s") }
            counts.append((elapsed, try server.info("total_connections_received", in: "stats")))
            usleep(50_000)
        }
        var peak = 0.0
        for (index, end) in counts.enumerated() {
            let begin = counts[..<index].last { end.time - $0.time >= .seconds(1) } ?? counts[0]
            peak = max(peak, end.count - begin.count)
        }
        return (peak, (ContinuousClock.now - start) / .seconds(1))
    }
}
