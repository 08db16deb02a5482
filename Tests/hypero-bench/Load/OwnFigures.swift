import Glibc
import Hypero
import HyperoQuery
import TestSupport

/// What hypero takes for the peers' workload.
struct OwnFigures {
    private let workload: PeerWorkload
    private static let battery = "workload"

    init(_ workload: PeerWorkload) {
        self.workload = workload
    }

    func measured(progress: (String) -> Void) throws -> PeerFigures {
        var figures = PeerFigures(peer: "hypero")
        progress("hypero: top ten")
        figures.topTenMilliseconds = try topTen()
        progress("hypero: calls and exit")
        try measureCalls(&figures)
        progress("hypero: kills")
        let killings = try KillRuns(workload.kills, [.marathon])
        figures.killed = PeerFigures.Killed(accepted: killings.accepted, lost: killings.lost)
        return figures
    }

    /// Logs all runs, and asks for the best as a program does that has not asked before: connecting is part of it.
    private func topTen() throws -> Double {
        let server = try BenchServer()
        let ingest = try ChildProcess("hypero-ingest", ["--redis", server.url, "--log-level", "error"])
        defer { ingest.kill() }
        let client = try BenchClient(server.url)
        let battery = client.hypero.battery(Self.battery)
        for run in 0..<workload.runs {
            let experiment = battery.experiment()
            experiment.insertParameters(ofRun: run)
            for epoch in 0..<workload.rowsPerRun { experiment.log(workload.row(run, epoch: epoch)) }
            experiment.finish()
        }
        guard client.hypero.flush(until: .applied, timeout: .seconds(120)) else {
            throw BenchError("the workload was not applied within two minutes")
        }
        try client.close()
        let times = try (0..<3).map { _ in
            let start = Clock.now
            let board = try Store(server.url).leaderboard(of: Self.battery, limit: 10)
            let time = Double(Clock.now - start) / 1e6
            guard board.rows.map(\.value) == workload.topTen else {
                throw BenchError("the top ten are \(board.rows.map(\.value)) instead of \(workload.topTen)")
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
        let life = try process.run()
        figures.callTimes = PeerFigures.Call(
            p50: Double(tally[.median]), p99: Double(tally[.p99]), p999: Double(tally[.p999]))
        figures.rowsPerSecond = Double(workload.latencyRows) * 1e9 / Double(tally[.loop])
        figures.exitSeconds = Double(Int(life.end) - tally[.lastCall]) / 1e9
    }
}
