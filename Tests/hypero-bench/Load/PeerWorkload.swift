/// What `Scripts/peers/run --workload` says that each peer is given to log.
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

    /// A row of three channels: `valid` rises to the run's best and falls again, so a run's last value says little.
    func row(_ run: Int, epoch: Int) -> Rows.Row {
        let peak = run * 7 % rowsPerRun
        let distance = Double(epoch % rowsPerRun - peak) / Double(rowsPerRun)
        let valid = best(run) - 0.3 * distance * distance
        return (epoch, valid + 0.05, valid, valid - 0.02)
    }

    /// The highest `valid` of a run, another for each.
    func best(_ run: Int) -> Double { 0.5 + 0.4 * Double(run * 73 % runs) / Double(runs) }

    /// The best values over the runs, best first.
    var topTen: [Double] { Array((0..<runs).map { best($0) }.sorted(by: >).prefix(10)) }
}
