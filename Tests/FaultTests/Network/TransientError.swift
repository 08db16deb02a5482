import Foundation
import TestSupport

/// The error codes of a Redis server that temporarily rejects commands.
enum TransientError: String, CaseIterable, Sendable {
    case loading = "LOADING"
    case busy = "BUSY"
    case misconfigured = "MISCONF"
    case noReplicas = "NOREPLICAS"

    /// Lines of `redis.conf` that make every error possible, for example a slow load of the data set.
    static let configuration = [
        "key-load-delay 1000", "loading-process-events-interval-bytes 1024", "busy-reply-threshold 100",
    ]

    /// Makes the server answer with the error while the body runs.
    func inject(into server: RedisServer, during body: () throws -> Void) throws {
        switch self {
        case .loading:
            server.cli("EVAL", "for i = 1, 7000 do redis.call('SET', 'ballast' .. i, i) end", "0")
            server.stop()
            try body()
            // `restart` returns when the data set is loaded, which takes some seconds.
            try server.restart()
        case .busy:
            let script = try ChildProcess("redis-cli", ["-s", server.socket, "EVAL", "while true do end", "0"])
            try body()
            eventually(within: .seconds(30)) { server.cli("SCRIPT", "KILL") == "OK" }
            script.wait()
        case .misconfigured:
            // A folder at the path of the snapshot makes the snapshot fail.
            try FileManager.default.createDirectory(
                atPath: server.folder.file("dump.rdb/obstacle"), withIntermediateDirectories: true)
            server.cli("CONFIG", "SET", "save", "1000000 1")
            let hasFailed = eventually(within: .seconds(30)) {
                server.cli("BGSAVE")
                return server.cli("INFO", "persistence").contains("rdb_last_bgsave_status:err")
            }
            guard hasFailed else { throw TestFailure("the snapshot did not fail\n\(server.log)") }
            try body()
            server.cli("CONFIG", "SET", "save", "")
        case .noReplicas:
            server.cli("CONFIG", "SET", "min-replicas-to-write", "1")
            try body()
            server.cli("CONFIG", "SET", "min-replicas-to-write", "0")
        }
    }
}
