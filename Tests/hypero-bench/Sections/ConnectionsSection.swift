import Foundation
import Hypero
import TestSupport

/// Thousands of trainings that log a row every ten seconds: the memory of Redis for each, the processor time of Redis, and the delay
/// until an event is applied meanwhile. Then a restart of Redis, whose clients all lose their connections at once: the connections
/// per second, and the time until all have one.
///
/// A thread does what thousands of idle trainings do over as many connections (``QuietTrainingsCommand``). The restart needs real
/// clients, whose threads wake up to 200 times a second: 150 per core.
struct ConnectionsSection: Section {
    private static let interval = 10.0
    private static let processes = 4
    /// Seconds of a measurement.
    private static let duration: UInt32 = 15

    func run(_ plan: Plan, report: Report) throws {
        for count in [1_000, 5_000, 10_000] { try measureQuiet(plan.divided(count, atLeast: 16), report) }
        try measureRestart(plan.divided(150 * ProcessInfo.processInfo.activeProcessorCount, atLeast: 16), report)
    }

    private func measureQuiet(_ count: Int, _ report: Report) throws {
        let server = try start(connections: count)
        let ingest = try ChildProcess("hypero-ingest", ["--redis", server.url, "--log-level", "warning"])
        defer { ingest.kill() }
        let empty = try server.info("used_memory", in: "memory")
        let folder = try TemporaryFolder()
        let load = try Load("quiet-trainings", count, of: server, tally: folder.file("0"), interval: Self.interval)
        defer { load.child.kill() }
        report.progress("connections: \(count) trainings connect")
        try waitUntilConnected(count, to: server, [load])
        // The buffers of new connections shrink within seconds.
        sleep(Self.duration)
        let (begin, busy) = (ContinuousClock.now, try server.mainThreadSeconds())
        sleep(Self.duration)
        let (elapsed, end) = ((ContinuousClock.now - begin) / .seconds(1), try server.mainThreadSeconds())
        let rows = report.rows(of: "\(count) trainings, a row each per \(Int(Self.interval)) s", in: .connections)
        rows.add(
            "memory of a connection", value: try server.info("mem_clients_normal", in: "memory") / Double(count),
            unit: .bytes)
        rows.add(
            "memory of Redis per training",
            value: (try server.info("used_memory", in: "memory") - empty) / Double(count),
            unit: .bytes, note: "with its experiment")
        rows.add("main thread of Redis", value: 100 * (end - busy) / elapsed, unit: .percent)
        rows.add("until an event is applied, p50", value: try delay(at: server), unit: .milliseconds)
        let late = Double(load.tally[.late]) / 1e9
        guard late < 1 else { throw BenchError("the load is \(late) s behind: this machine is too slow for it") }
    }

    private func measureRestart(_ count: Int, _ report: Report) throws {
        let server = try start(connections: count)
        let ingest = try ChildProcess("hypero-ingest", ["--redis", server.url, "--log-level", "warning"])
        defer { ingest.kill() }
        let parts = (0..<Self.processes).map { count / Self.processes + ($0 < count % Self.processes ? 1 : 0) }
        let folder = try TemporaryFolder()
        let clients = try parts.enumerated().map { index, part in
            try Load("clients", part, of: server, tally: folder.file("\(index)"), interval: Self.interval)
        }
        defer { for client in clients { client.child.kill() } }
        report.progress("connections: \(count) clients connect")
        try waitUntilConnected(count, to: server, clients)
        report.progress("connections: restart of Redis")
        let storm = try ReconnectStorm.observe(server, clients: count)
        let rows = report.rows(of: "\(count) clients, a restart of Redis", in: .connections)
        rows.add("connects per second, peak", value: storm.peak, unit: .perSecond)
        rows.add("until all are connected again", value: storm.duration, unit: .seconds)
        rows.add("until an event is applied, p50, afterwards", value: try delay(at: server), unit: .milliseconds)
        let dropped = clients.reduce(0) { $0 + $1.tally[.dropped] }
        rows.add("events dropped", value: Double(dropped), unit: .events, targets: [Targets.lost])
    }

    private func start(connections count: Int) throws -> BenchServer {
        try OpenFiles.raiseLimit(to: count + 1_000)
        return try BenchServer(configuration: ["maxclients \(count + 200)"])
    }

    private func waitUntilConnected(_ count: Int, to server: BenchServer, _ loads: [Load]) throws {
        let areConnected = try eventually(within: .seconds(300)) {
            if let ended = loads.first(where: { !$0.child.isRunning }) {
                throw BenchError("a load has ended: \(ended.child.stderr)")
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

/// A process with some of the connections.
private struct Load {
    let child: ChildProcess
    let tally: Tally

    init(_ command: String, _ count: Int, of server: BenchServer, tally path: String, interval: Double) throws {
        tally = try Tally(path: path)
        child = try ChildProcess(
            "hypero-bench",
            [command, "--redis", server.url, "--count", "\(count)", "--interval", "\(interval)", "--tally", path])
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
