import Foundation
import HyperoRedis
import HyperoSchema
import TestSupport

/// A Redis of its own, set up as users have it, and a connection to look at it.
///
/// Each measurement that is compared with another gets a fresh one, so that none inherits the other's files and memory.
final class BenchServer {
    let server: RedisServer
    let keyspace: Keyspace
    private(set) var control: RedisConnection
    /// How many entries of backlogs were written: the next one's place in the stream.
    var written = 0

    /// A rewrite of the append-only file forks and takes a core for seconds, at moments of its own choice.
    static let description = "appendonly yes, appendfsync everysec, no rewriting of the file, on a unix socket"

    /// - Parameter isRewriting: whether the append-only file is rewritten when it has grown, so that it fits the disk.
    init(rewriting isRewriting: Bool = false) throws {
        server = try RedisServer(configuration: ["auto-aof-rewrite-percentage \(isRewriting ? 100 : 0)"])
        keyspace = try Keyspace.all()[0]
        control = try Self.open(server.url)
    }

    var url: String { server.url }
    var socket: String { server.socket }

    /// A further connection.
    func connect() throws -> RedisConnection { try Self.open(server.url) }

    /// One command and its reply as a text.
    @discardableResult
    func ask(_ arguments: String...) throws -> String? {
        var reply = try reply(to: arguments)
        return try reply.string()
    }

    /// One command and its reply as a number.
    func count(_ arguments: String...) throws -> Int {
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

    /// A number of INFO.
    func info(_ section: String, _ name: String) throws -> Double {
        let text = try ask("INFO", section) ?? ""
        let line = text.split(whereSeparator: \.isNewline).first { $0.hasPrefix(name + ":") }
        guard let number = line.flatMap({ Double($0.dropFirst(name.count + 1)) }) else {
            throw BenchError("INFO \(section) of Redis says no \(name)")
        }
        return number
    }

    /// Seconds that the thread which executes commands has worked so far.
    func mainThreadSeconds() throws -> Double {
        try info("cpu", "used_cpu_user_main_thread") + info("cpu", "used_cpu_sys_main_thread")
    }

    /// Seconds that this thread would have worked but for others that had the cores; 0 where the kernel does not say.
    func mainThreadWaiting() -> Double {
        guard let pid = server.pid,
            let text = try? String(contentsOfFile: "/proc/\(pid)/task/\(pid)/schedstat", encoding: .utf8)
        else { return 0 }
        // Nanoseconds on a core, nanoseconds waiting for one, time slices.
        return text.split(separator: " ").dropFirst().first.flatMap { Double($0) }.map { $0 / 1e9 } ?? 0
    }

    /// How many entries the ingest has applied.
    func applied() throws -> Int {
        try ask("HGET", keyspace.ingest, IngestField.applied).flatMap { Int($0) } ?? 0
    }

    private static func open(_ url: String) throws -> RedisConnection {
        try RedisConnection.open(to: try RedisURL(url), name: "bench", timeout: .seconds(120))
    }
}
