import HyperoCore
import HyperoRedis
import HyperoSchema
import TestSupport
import Testing

/// A private Redis server, and ingest processes on it.
struct CommandFixture {
    let server: RedisServer
    let keyspace: Keyspace

    /// Returns the size of a test from the environment variable, which `Scripts/soak` sets for the long run.
    static func size(from variable: String, default size: Int) -> Int {
        ProcessEnvironment.value(of: variable).flatMap(Int.init) ?? size
    }

    init(configuration: [String] = []) throws {
        server = try RedisServer(configuration: configuration)
        keyspace = try Keyspace.all()[0]
    }

    func connect() throws -> RedisConnection {
        try RedisConnection.open(to: try RedisURL(server.url), name: "test", timeout: .seconds(60))
    }

    /// Starts an ingest with a short lease, so that its successor can acquire the lease soon after a kill.
    func ingest(_ options: String...) throws -> ChildProcess {
        try ChildProcess("hypero-ingest", ["--redis", server.url, "--lease", "0.5"] + options)
    }

    /// Applies every entry with `hypero-ingest --drain`, and keeps the stream for the naive model.
    func drain() throws {
        let drained = try ChildProcess.run(
            "hypero-ingest", ["--redis", server.url, "--lease", "0.5", "--retain", "100000000", "--drain"],
            within: .seconds(600))
        try #require(drained.succeeded, "\(drained.stderr)")
    }

    /// Writes entries with their own ids, in one write.
    func write(_ entries: ArraySlice<StreamEntry>, over connection: inout RedisConnection) throws {
        var writer = RESPWriter()
        for entry in entries { entry.add(to: keyspace.events, &writer) }
        try connection.send(writer)
        for _ in entries {
            var reply = try connection.receive()
            _ = try reply.string()
        }
    }

    /// Returns the number of entries that were applied or counted as duplicates.
    func appliedCount(over connection: inout RedisConnection) throws -> Int {
        var reply = try connection.call("HMGET", keyspace.ingest, IngestField.applied, IngestField.duplicates)
        return try reply.strings().compactMap { $0.flatMap { Int($0) } }.reduce(0, +)
    }

    /// Returns the differences between the indexes and the naive model of the entries; empty if there are none.
    func differences(from entries: [StreamEntry]) throws -> String {
        var connection = try connect()
        let found = try PartitionContent.read(from: &connection, keyspace)
        return found.differences(fromExpected: NaiveModel.content(of: entries, in: keyspace))
    }
}
