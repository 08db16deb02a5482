import Hypero

/// The rows that each peer logs: the output of `Scripts/bench-peers/run --workload`.
struct PeerWorkload: Decodable {
    let runs: Int
    let rowsPerRun: Int
    let latencyRows: Int
    let kills: Int

    private enum CodingKeys: String, CodingKey {
        case runs, kills
        case rowsPerRun = "rows_per_run"
        case latencyRows = "latency_rows"
    }

    /// Returns a row of three channels. `valid` rises to the best value of the run and then falls, so the last value of
    /// a run differs from its best value.
    func row(ofRun run: Int, epoch: Int) -> Rows.Row {
        let peak = run * 7 % rowsPerRun
        let distance = Double(epoch % rowsPerRun - peak) / Double(rowsPerRun)
        let valid = best(ofRun: run) - 0.3 * distance * distance
        return (epoch, valid + 0.05, valid, valid - 0.02)
    }

    /// Returns the highest `valid` of a run, which is different for each run.
    func best(ofRun run: Int) -> Double { 0.5 + 0.4 * Double(run * 73 % runs) / Double(runs) }

    /// The ten best values of all runs, best first.
    var topTen: [Double] { Array((0..<runs).map { best(ofRun: $0) }.sorted(by: >).prefix(10)) }
}

extension Experiment {
    /// Inserts the four hyper-parameters of a run of the workload.
    func insertParameters(ofRun run: Int) {
        insertHP("lr", 0.01 / Double(run + 1))
        insertHP("dropout", Double(run % 10) / 20)
        insertHP("depth", 1 + run % 7)
        insertHP("batch", 32 << (run % 3))
    }
}
