import Foundation
import HyperoRedis
import HyperoSchema
import TestSupport

/// A private Redis server, and one partition of an ingest on it.
final class IngestFixture: Sendable {
    let server: RedisServer
    let keyspace: Keyspace

    init(partitions: Int = 1, partition: Int = 0, server: RedisServer? = nil) throws {
        self.server = try server ?? RedisServer()
        keyspace = try Keyspace.all(partitions: partitions)[partition]
    }

    /// Starts an ingest, by default with a short lease.
    func ingest(_ arguments: String..., lease: String = "0.5") throws -> ChildProcess {
        try ChildProcess("hypero-ingest", ["--redis", server.url, "--lease", lease] + arguments)
    }

    /// Runs an ingest until all entries of the streams are applied.
    @discardableResult
    func drain(_ arguments: String...) throws -> ChildProcess.Outcome {
        let outcome = try ChildProcess.run(
            "hypero-ingest", ["--redis", server.url, "--lease", "0.5", "--drain"] + arguments)
        guard outcome.succeeded else { throw TestFailure("the drain failed: \(outcome.stderr)") }
        return outcome
    }

    /// Runs commands, one per line, in the notation of redis-cli.
    func run(_ commands: String) throws {
        let file = server.folder.file("commands")
        try Data(commands.utf8).write(to: URL(fileURLWithPath: file))
        let outcome = try ChildProcess.run(
            "bash", ["-c", "redis-cli -s '\(server.socket)' < '\(file)'"], within: .seconds(60))
        guard outcome.succeeded, !outcome.stdout.contains("ERR") else {
            throw TestFailure("a command failed: \(outcome.stdout.suffix(500)) \(outcome.stderr)")
        }
    }

    func connect() throws -> RedisConnection {
        try RedisConnection.open(to: RedisURL(server.url), name: "test")
    }

    /// Adds events to the stream, in one write.
    func add(_ events: [Event]) throws {
        var connection = try connect()
        var writer = RESPWriter()
        for event in events {
            var fields: [String] = []
            event.forEachField { fields += [$0, $1] }
            writer.begin(arguments: 3 + fields.count)
            for argument in ["XADD", keyspace.events, "*"] + fields { writer.add(argument) }
        }
        try connection.send(writer)
        for _ in events {
            var reply = try connection.receive()
            _ = try reply.string()
        }
    }

    /// Returns a field of the ingest's hash; nil if it is missing.
    func metric(_ field: String) throws -> String? {
        var connection = try connect()
        var reply = try connection.call("HGET", keyspace.ingest, field)
        return try reply.string()
    }

    /// Returns the number of entries that were applied, skipped as duplicates, written to the dead letters or dropped.
    ///
    /// Read by one command: a dead letter moves an entry from one counter to another.
    func consumed() throws -> Int {
        var connection = try connect()
        var reply = try connection.call(
            "HMGET", keyspace.ingest, IngestField.applied, IngestField.duplicates, IngestField.dead,
            IngestField.deleted)
        return try reply.strings().reduce(0) { $0 + ($1.flatMap { Int($0) } ?? 0) }
    }

    /// Returns all hashes and sorted sets except the ingest's own hash, by their names without the hash tag.
    func indexes() throws -> [String: [String: String]] {
        var connection = try connect()
        var indexes: [String: [String: String]] = [:]
        var names = try connection.call("KEYS", keyspace.tag + "*")
        for key in try names.strings().compactMap({ $0 }) where key != keyspace.ingest {
            var type = try connection.call("TYPE", key)
            var reply: Reply
            switch try type.string() {
            case "hash": reply = try connection.call("HGETALL", key)
            case "zset": reply = try connection.call("ZRANGE", key, "0", "-1", "WITHSCORES")
            default: continue
            }
            indexes[String(key.dropFirst(keyspace.tag.count))] = Dictionary(
                try reply.pairs().map { ($0.name, $0.value) }, uniquingKeysWith: { $1 })
        }
        return indexes
    }
}
