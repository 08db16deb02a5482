import Foundation
import HyperoRedis
import HyperoSchema
import TestSupport

/// A private Redis with the recommended settings, and a connection for commands of the benchmark.
///
/// Each compared measurement has a new server, so that none inherits the files and the memory of another.
final class BenchServer {
    let server: RedisServer
    let keyspace: Keyspace
    private(set) var control: RedisConnection
    /// The number of backlog entries written so far: the position of the next entry in the stream.
    var written = 0

    /// The settings. Rewrites of the append-only file are off, because a rewrite uses a core for seconds at a random time.
    static let description = "appendonly yes, appendfsync everysec, no rewriting of the file, on a unix socket"

    /// - Parameters:
    ///   - rewritesFile: true if Redis rewrites a large append-only file, so that the file does not fill the disk.
    ///   - configuration: further lines of the configuration.
    init(rewritesFile: Bool = false, configuration: [String] = []) throws {
        server = try RedisServer(
            configuration: ["auto-aof-rewrite-percentage \(rewritesFile ? 100 : 0)"] + configuration)
        keyspace = try Keyspace.all()[0]
        control = try Self.open(server.url)
    }

    /// Starts the server again after it was killed.
    func restart() throws {
        try server.restart()
        control = try Self.open(server.url)
    }

    var url: String { server.url }
    var socket: String { server.socket }

    /// Opens another connection.
    func connect() throws -> RedisConnection { try Self.open(server.url) }

    /// Sends a command and returns its reply as a text.
    @discardableResult
    func string(_ arguments: String...) throws -> String? {
        var reply = try reply(to: arguments)
        return try reply.string()
    }

    /// Sends a command and returns its reply as an integer.
    func integer(_ arguments: String...) throws -> Int {
        var reply = try reply(to: arguments)
        return try reply.integer()
    }

    private func reply(to arguments: [String]) throws -> Reply {
        var writer = RESPWriter(capacity: 256)
        writer.begin(arguments: arguments.count)
        for argument in arguments { writer.add(argument) }
        try control.send(writer)
        return try control.receive()
    }

    /// Returns a number from a section of INFO.
    func info(_ name: String, in section: String) throws -> Double {
        let text = try string("INFO", section) ?? ""
        let line = text.split(whereSeparator: \.isNewline).first { $0.hasPrefix(name + ":") }
        guard let number = line.flatMap({ Double($0.dropFirst(name.count + 1)) }) else {
            throw BenchError("INFO \(section): field not found: \(name)")
        }
        return number
    }

    /// Returns the processor time of the thread that executes commands, in seconds.
    func mainThreadSeconds() throws -> Double {
        try info("used_cpu_user_main_thread", in: "cpu") + info("used_cpu_sys_main_thread", in: "cpu")
    }

    /// Returns the time that the main thread has waited for a core, in seconds. Returns 0 if the kernel does not report the
    /// time.
    func mainThreadWaiting() -> Double {
        guard let pid = server.pid,
            let text = try? String(contentsOfFile: "/proc/\(pid)/task/\(pid)/schedstat", encoding: .utf8)
        else { return 0 }
        // Fields: nanoseconds on a core, nanoseconds waiting for a core, number of time slices.
        return text.split(separator: " ").dropFirst().first.flatMap { Double($0) }.map { $0 / 1e9 } ?? 0
    }

    /// Returns the number of entries that the ingest has applied.
    func applied() throws -> Int {
        try string("HGET", keyspace.ingest, IngestField.applied).flatMap { Int($0) } ?? 0
    }

    private static func open(_ url: String) throws -> RedisConnection {
        try RedisConnection.open(to: try RedisURL(url), name: "bench", timeout: .seconds(120))
    }
}
