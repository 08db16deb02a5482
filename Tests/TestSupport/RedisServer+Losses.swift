import Foundation

// How a Redis forgets what it acknowledged.
extension RedisServer {
    /// Stops it in order, cuts the end off its append-only file, and starts it again: as a host that lost its power
    /// before the last seconds were on the disk.
    ///
    /// The cut is made clean as `redis-check-aof` does it: Redis 7.0 itself, when it cuts off half a command inside of a
    /// MULTI, leaves the rest of the transaction in the file, and the next start runs it with the next EXEC.
    ///
    /// - Returns: how many bytes were cut off.
    @discardableResult
    package func restart(losingLastBytes count: Int) throws -> Int {
        stop()
        let file = try lastIncrement()
        let handle = try FileHandle(forUpdating: URL(fileURLWithPath: file))
        let size = Int(try handle.seekToEnd())
        let left = max(size - count, 0)
        try handle.truncate(atOffset: UInt64(left))
        try handle.close()
        if left > 0 {
            _ = try ChildProcess.run("/bin/sh", ["-c", "echo y | redis-check-aof --fix \"$0\"", file])
        }
        try restart()
        return size - left
    }

    /// How far an append-only file has grown.
    package struct AppendMark: Sendable {
        fileprivate var path: String
        fileprivate var size: Int
    }

    /// Where its append-only file ends now.
    package func appendMark() throws -> AppendMark {
        let path = try lastIncrement()
        let attributes = try FileManager.default.attributesOfItem(atPath: path)
        return AppendMark(path: path, size: (attributes[.size] as? Int) ?? 0)
    }

    /// How many bytes at the end of its append-only file are younger than the mark.
    package func bytesAppended(since mark: AppendMark) throws -> Int {
        let now = try appendMark()
        // A file that was begun since then holds nothing older.
        return now.path == mark.path ? now.size - mark.size : now.size
    }

    /// The file that commands are appended to: the last increment that the manifest names. A rewrite begins a new one.
    private func lastIncrement() throws -> String {
        let directory = folder.file("appendonlydir")
        let manifest = try String(contentsOfFile: "\(directory)/appendonly.aof.manifest", encoding: .utf8)
        let names = manifest.split(separator: "\n").compactMap { line -> Substring? in
            let words = line.split(separator: " ")
            return line.hasSuffix(" type i") && words.count > 1 ? words[1] : nil
        }
        guard let last = names.last else { throw TestFailure("no increment in \(directory): \(manifest)") }
        return "\(directory)/\(last)"
    }

    /// Makes it a replica, and waits until it has all the primary has, in its append-only file too. The primary must
    /// listen on a port.
    package func follow(_ primary: RedisServer) throws {
        guard let port = primary.port else { throw TestFailure("a primary needs a port") }
        cli("REPLICAOF", "127.0.0.1", "\(port)")
        let isThere = eventually(within: .seconds(60)) {
            let info = cli("INFO")
            return ["master_link_status:up", "aof_rewrite_in_progress:0", "aof_rewrite_scheduled:0"].allSatisfy {
                info.contains($0)
            }
        }
        guard isThere else { throw TestFailure("the replica does not get to its primary\n\(log)") }
    }

    /// Stops a replica, and cuts its link: of what the primary takes from now on it gets nothing. Stopped alone it would
    /// find all of that in the socket's buffer when it goes on.
    package func fallBehind(_ primary: RedisServer) {
        suspend()
        primary.cli("CLIENT", "KILL", "TYPE", "replica")
    }

    /// Makes a replica that fell behind the primary, the old one being gone.
    package func promote() throws {
        resume()
        let isPrimary = eventually(within: .seconds(30)) { cli("REPLICAOF", "NO", "ONE") == "OK" }
        guard isPrimary else { throw TestFailure("the replica does not become a primary\n\(log)") }
    }
}
