/// What one peer took for the workload: a line of `Scripts/peers/run`.
struct PeerFigures: Decodable {
    struct Call: Decodable {
        let p50: Double
        let p99: Double
        let p999: Double
    }

    struct Killed: Decodable {
        let accepted: Int
        let lost: Int
    }

    let peer: String
    var version: String?
    /// Why there are no figures.
    var failed: String?
    /// Nanoseconds.
    var callTimes: Call?
    /// Rows over the time of the loop that logs them.
    var rowsPerSecond: Double?
    /// From the last call's return until the process has ended with everything handed over.
    var exitSeconds: Double?
    var topTenMilliseconds: Double?
    var killed: Killed?
    var note: String?

    var title: String { version.map { "\(peer) \($0)" } ?? peer }

    private enum CodingKeys: String, CodingKey {
        case peer, version, failed, killed, note
        case callTimes = "call_ns"
        case rowsPerSecond = "rows_per_second"
        case exitSeconds = "exit_seconds"
        case topTenMilliseconds = "top_ten_ms"
    }
}
