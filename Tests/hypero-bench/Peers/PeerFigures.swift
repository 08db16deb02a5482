/// The figures of one peer: a line of the output of `Scripts/bench-peers/run`.
struct PeerFigures: Decodable {
    /// Percentiles of the duration of a log call, in nanoseconds.
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
    /// The reason for missing figures; nil if the peer was measured.
    var failed: String?
    var callTimes: Call?
    /// The number of rows divided by the duration of the logging loop.
    var rowsPerSecond: Double?
    /// The time from the return of the last call until the process has ended and the peer has stored all rows.
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
