import Foundation

// Loss of acknowledged writes: a truncated append-only file, and a failover to a replica that lags.
extension RedisServer {
    /// Shuts the server down, truncates its append-only file, and starts the server again.
    ///
    /// Simulates a power loss of a host before the last seconds reached the disk. `redis-check-aof` repairs the end of the
    /// file, because Redis 7.0 does not repair it correctly. If a cut splits a command inside a MULTI, Redis keeps the
    /// commands before it in the file, and the next start executes these commands with the next EXEC.
    ///
    /// - Returns: the number of bytes cut off.
    @discardableResult
    package func restart(losingLastBytes count: Int) throws -> Int {
        stop()
        let file = try lastIncrement()
        let handle = try FileHandle(forUpdating: URL(fileURLWithPath: file))
        let size = Int(try handle.seekToEnd())
        let remaining = max(size - count, 0)
        try handle.truncate(atOffset: UInt64(remaining))
        try handle.close()
        if remaining > 0 {
            _ = try ChildProcess.run("/bin/sh", ["-c", "echo y | redis-check-aof --fix \"$0\"", file])
        }
        try restart()
        return size - remaining
    }

    /// A position in the append-only file.
    package struct AppendMark: Sendable {
        fileprivate var path: String
        fileprivate var size: Int
    }

    /// Returns the current end of the append-only file.
    package func appendMark() throws -> AppendMark {
        let path = try lastIncrement()
        let attributes = try FileManager.default.attributesOfItem(atPath: path)
        return AppendMark(path: path, size: (attributes[.size] as? Int) ?? 0)
    }

    /// Returns the number of bytes in the append-only file that were written after the mark.
    package func bytesAppended(since mark: AppendMark) throws -> Int {
        let end = try appendMark()
        // A rewrite has started a new file, in which all bytes are newer than the mark.
        return end.path == mark.path ? end.size - mark.size : end.size
    }

    /// Returns the path of the file to which Redis appends: the last increment in the manifest. A rewrite starts a new one.
    private func lastIncrement() throws -> String {
        let directory = folder.file("appendonlydir")
        let manifest = try String(contentsOfFile: "\(directory)/appendonly.aof.manifest", encoding: .utf8)
        let names = manifest.split(separator: "\n").compactMap { line -> Substring? in
            let words = line.split(separator: " ")
            return line.hasSuffix(" type i") && words.count > 1 ? words[1] : nil
        }
        guard let last = names.last else { throw TestFailure("\(directory) has no increment: \(manifest)") }
        return "\(directory)/\(last)"
    }

    /// Makes this server a replica, and waits until the replica has the primary's data in memory and in its append-only
    /// file. The primary must listen on a port.
    package func follow(_ primary: RedisServer) throws {
        guard let port = primary.port else { throw TestFailure("the primary must have a port: RedisServer(tcp: true)") }
        cli("REPLICAOF", "127.0.0.1", "\(port)")
        let isInSync = eventually(within: .seconds(60)) {
            let info = cli("INFO")
            return ["master_link_status:up", "aof_rewrite_in_progress:0", "aof_rewrite_scheduled:0"].allSatisfy {
                info.contains($0)
            }
        }
        guard isInSync else { throw TestFailure("the replica does not synchronize with its primary\n\(log)") }
    }

    /// Suspends a replica and cuts its link, so that the replica misses all later writes of the primary. A replica that
    /// is only suspended would find those writes in its socket buffer after it continues.
    package func fallBehind(_ primary: RedisServer) {
        suspend()
        primary.cli("CLIENT", "KILL", "TYPE", "replica")
    }

    /// Turns a replica after ``fallBehind(_:)`` into a primary. The former primary must have ended.
    package func promote() throws {
        resume()
        let isPrimary = eventually(within: .seconds(30)) { cli("REPLICAOF", "NO", "ONE") == "OK" }
        guard isPrimary else { throw TestFailure("the replica does not become a primary\n\(log)") }
    }
}
