import HyperoRedis
import HyperoSchema
import TestSupport

/// A private Redis with what the tests of the ingest do to it.
final class Bench {
    let server: RedisServer
    let space: Keyspace

    init(partitions: Int = 1, partition: Int = 0, server: RedisServer? = nil) throws {
        self.server = try server ?? RedisServer()
        space = try Keyspace.all(partitions: partitions)[partition]
    }

    /// Starts an ingest with a short lease.
    func ingest(_ arguments: String..., lease: String = "0.5") throws -> ChildProcess {
        try ChildProcess("hypero-ingest", ["--redis", server.url, "--lease", lease] + arguments)
    }

    /// Applies all there is.
    @discardableResult
    func drain(_ arguments: String...) throws -> ChildProcess.Outcome {
        let outcome = try ChildProcess.run(
            "hypero-ingest", ["--redis", server.url, "--lease", "0.5", "--drain"] + arguments)
        guard outcome.succeeded else { throw TestFailure("the drain failed: \(outcome.stderr)") }
        return outcome
    }

    func connect() throws -> RedisConnection {
        try RedisConnection.open(to: RedisURL(server.url), name: "test")
    }

    /// Adds the events to the stream, in one write.
    func add(_ events: [Event]) throws {
        var connection = try connect()
        var writer = RESPWriter()
        for event in events {
            var fields: [String] = []
            event.forEachField { fields += [$0, $1] }
            writer.begin(arguments: 3 + fields.count)
            for argument in ["XADD", space.events, "*"] + fields { writer.add(argument) }
        }
        try connection.send(writer)
        for _ in events {
            var reply = try connection.receive()
            _ = try reply.string()
        }
    }

    /// A field of the ingest's hash.
    func metric(_ field: String) throws -> String? {
        var connection = try connect()
        var reply = try connection.call("HGET", space.ingest, field)
        return try reply.string()
    }

    /// Entries consumed, however they were judged.
    func consumed() throws -> Int {
        try [IngestField.applied, IngestField.duplicates, IngestField.dead]
            .reduce(0) { $0 + (Int(try metric($1) ?? "0") ?? 0) }
    }

    /// All hashes and sorted sets but those that tell how the ingest got on, without the hash tag in their names.
    func indexes() throws -> [String: [String: String]] {
        var connection = try connect()
        var indexes: [String: [String: String]] = [:]
        var keys = try connection.call("KEYS", space.tag + "*")
        for key in try keys.strings().compactMap({ $0 }) where key != space.ingest {
            var type = try connection.call("TYPE", key)
            var reply: Reply
            switch try type.string() {
            case "hash": reply = try connection.call("HGETALL", key)
            case "zset": reply = try connection.call("ZRANGE", key, "0", "-1", "WITHSCORES")
            default: continue
            }
            indexes[String(key.dropFirst(space.tag.count))] = Dictionary(
                try reply.pairs().map { ($0.name, $0.value) }, uniquingKeysWith: { $1 })
        }
        return indexes
    }
}
