import Glibc
import Hypero
import HyperoQuery
import TestSupport

/// The figures of hypero for the peers' workload.
struct OwnFigures {
    private let workload: PeerWorkload
    private static let battery = "workload"

    init(_ workload: PeerWorkload) {
        self.workload = workload
    }

    func measure(progress: (String) -> Void) throws -> PeerFigures {
        var figures = PeerFigures(peer: "hypero from Swift")
        progress("hypero: top ten")
        figures.topTenMilliseconds = try topTen()
        progress("hypero: calls and exit")
        try measureCalls(&figures)
        progress("hypero: kills")
        let kills = try KillRuns(workload.kills, scenarios: [.sustainedRedisSpeed])
        figures.killed = PeerFigures.Killed(accepted: kills.accepted, lost: kills.lost)
        return figures
    }

    /// Logs all runs, and measures the first top-ten query of a new store, which includes connecting to Redis.
    ///
    /// - Returns: the median time of three queries, in milliseconds.
    private func topTen() throws -> Double {
        let server = try BenchServer()
        let ingest = try ChildProcess("hypero-ingest", ["--redis", server.url, "--log-level", "error"])
        defer { ingest.kill() }
        let client = try BenchClient(server.url)
        let battery = client.hypero.battery(Self.battery)
        for run in 0..<workload.runs {
            let experiment = battery.experiment()
            experiment.insertParameters(ofRun: run)
            for epoch in 0..<workload.rowsPerRun { experiment.log(workload.row(ofRun: run, epoch: epoch)) }
            experiment.finish()
        }
        guard client.hypero.flush(until: .applied, timeout: .seconds(120)) else {
            throw BenchError("the workload was not applied within 120 s")
        }
        try client.close()
        let times = try (0..<3).map { _ in
            let start = Clock.now
            let board = try Store(server.url).leaderboard(of: Self.battery, limit: 10)
            let time = Double(Clock.now - start) / 1e6
            guard board.rows.map(\.value) == workload.topTen else {
                throw BenchError("wrong top ten: \(board.rows.map(\.value)) instead of \(workload.topTen)")
            }
            return time
        }
        return times.median
    }

    private func measureCalls(_ figures: inout PeerFigures) throws {
        let server = try BenchServer()
        let folder = try TemporaryFolder()
        let tally = try Tally(path: folder.file("tally"))
        let process = TimedProcess(
            "hypero-bench",
            [
                "workload", "--redis", server.url, "--journal", folder.file("journal"), "--tally", folder.file("tally"),
                "--runs", "\(workload.runs)", "--rows-per-run", "\(workload.rowsPerRun)", "--rows",
                "\(workload.latencyRows)",
            ])
        let times = try process.run()
        figures.callTimes = PeerFigures.Call(
            p50: Double(tally[.median]), p99: Double(tally[.p99]), p999: Double(tally[.p999]))
        figures.rowsPerSecond = Double(workload.latencyRows) * 1e9 / Double(tally[.loop])
        figures.exitSeconds = Double(Int(times.end) - tally[.lastCall]) / 1e9
    }
}
