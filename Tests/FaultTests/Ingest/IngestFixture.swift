import Foundation
import HyperoQuery
import HyperoRedis
import HyperoSchema
import TestSupport
import Testing

/// A private Redis server, and ingest processes on it.
final class IngestFixture: Sendable {
    let server: RedisServer
    let keyspace: Keyspace

    init(appendOnly: Bool = false, tcp: Bool = false, configuration: [String] = []) throws {
        server = try RedisServer(appendOnly: appendOnly, tcp: tcp, configuration: configuration)
        keyspace = try Keyspace.all()[0]
    }

    func connect() throws -> RedisConnection {
        try RedisConnection.open(to: RedisURL(server.url), name: "test", timeout: .seconds(60))
    }

    /// Starts an ingest, by default with a short lease, that retains all entries for the naive model.
    func ingest(
        _ arguments: String..., lease: String = "0.5", retain: String = "100000000", url: String? = nil,
        environment: [String: String] = [:]
    ) throws -> ChildProcess {
        try ChildProcess(
            "hypero-ingest",
            ["--redis", url ?? server.url, "--lease", lease, "--retain", retain] + arguments, environment: environment)
    }

    /// Runs an ingest until all entries are applied. It retains all entries for the naive model.
    func drain() throws {
        let outcome = try ChildProcess.run(
            "hypero-ingest", ["--redis", server.url, "--lease", "0.5", "--retain", "100000000", "--drain"])
        guard outcome.succeeded else { throw TestFailure("the drain failed: \(outcome.stderr)") }
    }

    /// Runs `hypero-ingest requeue`.
    func requeue(_ arguments: String...) throws -> ChildProcess.Outcome {
        try ChildProcess.run("hypero-ingest", ["requeue", "--redis", server.url] + arguments)
    }

    /// Writes entries under their own ids, in one write.
    func write(_ entries: some Collection<StreamEntry>) throws {
        var connection = try connect()
        var writer = RESPWriter()
        for entry in entries { entry.add(to: keyspace.events, &writer) }
        try connection.send(writer)
        for _ in entries {
            var reply = try connection.receive()
            _ = try reply.string()
        }
    }

    /// Adds an entry with the fields and returns its id.
    @discardableResult
    func add(_ fields: String...) -> String { server.cli(["XADD", keyspace.events, "*"] + fields) }

    /// Adds a declaration of the battery `b`.
    func declareBattery() { add("event", "battery", "battery", "b", "name", "B", "version", "1", "description", "") }

    /// Adds a row of the experiment whose objective equals the epoch, and returns the id of the entry.
    @discardableResult
    func addRow(_ epoch: Int, of experiment: String = "e-1", by producer: (id: String, seq: Int)? = nil) -> String {
        let origin = producer.map { ["producer", $0.id, "seq", "\($0.seq)"] } ?? []
        return server.cli(
            ["XADD", keyspace.events, "*", "event", "epoch", "experiment", experiment, "battery", "b"] + origin
                + ["epoch", "\(epoch)", "curve.valid", "\(epoch)"])
    }

    /// Returns a counter of the ingest's hash; 0 if the field is missing.
    func count(_ field: String) -> Int { Int(server.cli("HGET", keyspace.ingest, field)) ?? 0 }

    /// The number of entries that were applied, skipped as duplicates or written to the dead letters.
    ///
    /// Read by one command: a dead letter moves an entry from one counter to another.
    var consumed: Int {
        server.cli("HMGET", keyspace.ingest, IngestField.applied, IngestField.duplicates, IngestField.dead)
            .split(separator: "\n").reduce(0) { $0 + (Int($1) ?? 0) }
    }

    /// Waits until this number of entries is consumed.
    func waitUntilConsumed(_ number: Int, sourceLocation: SourceLocation = #_sourceLocation) {
        #expect(eventually { consumed == number }, "\(consumed) of \(number)", sourceLocation: sourceLocation)
    }

    /// Returns the differences between the indexes and the naive model of the entries; empty if there are none.
    func differences(from entries: [StreamEntry]) throws -> String {
        var connection = try connect()
        let found = try PartitionContent.read(from: &connection, keyspace)
        return found.differences(fromExpected: NaiveModel.content(of: entries, in: keyspace))
    }

    /// Returns the differences between the indexes and the naive model of the stream's entries.
    func differences() throws -> String {
        var connection = try connect()
        return try differences(from: StreamEntry.all(of: keyspace.events, from: &connection))
    }

    func status() throws -> StoreStatus { try Store(server.url).status() }

    /// Returns whether `hypero-query status` prints the text both in the table and in JSON.
    func statusContains(_ text: String) throws -> Bool {
        try ["table", "json"].allSatisfy { format in
            try ChildProcess.run("hypero-query", ["status", "--redis", server.url, "--format", format])
                .stdout.contains(text)
        }
    }

    /// Returns whether the ingest holds the lease of the partition.
    func isOwned(by ingest: ChildProcess) -> Bool {
        server.cli("GET", keyspace.lease).contains(":\(ingest.pid):")
    }

    /// Returns the number of clients that are blocked by a command or a pause.
    func blockedClientCount() -> Int { info("blocked_clients") }

    /// Returns a number of `INFO`; -1 if the field is missing.
    func info(_ field: String) -> Int {
        server.cli("INFO").split(whereSeparator: \.isNewline).first { $0.hasPrefix("\(field):") }
            .flatMap { Int($0.dropFirst(field.count + 1)) } ?? -1
    }
}

extension ChildProcess {
    /// The number of open descriptors.
    var descriptorCount: Int {
        (try? FileManager.default.contentsOfDirectory(atPath: "/proc/\(pid)/fd").count) ?? 0
    }

    /// The peak resident memory in MiB.
    var peakMemoryMiB: Int {
        let status = (try? String(contentsOfFile: "/proc/\(pid)/status", encoding: .utf8)) ?? ""
        let line = status.split(separator: "\n").first { $0.hasPrefix("VmHWM:") } ?? ""
        return (Int(line.split(separator: " ").dropFirst().first ?? "") ?? 0) / 1_024
    }

    /// The number of lines on standard error.
    var logLineCount: Int { stderr.split(separator: "\n").count }
}
