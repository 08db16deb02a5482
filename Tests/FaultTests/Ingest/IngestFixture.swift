import Foundation
import HyperoQuery
import HyperoRedis
import HyperoSchema
import TestSupport
import Testing

/// A private Redis, and what is done to the ingest on it.
final class IngestFixture {
    let server: RedisServer
    let keyspace: Keyspace

    init(appendOnly: Bool = false, tcp: Bool = false, configuration: [String] = []) throws {
        server = try RedisServer(appendOnly: appendOnly, tcp: tcp, configuration: configuration)
        keyspace = try Keyspace.all()[0]
    }

    func connect() throws -> RedisConnection {
        try RedisConnection.open(to: RedisURL(server.url), name: "test", timeout: .seconds(60))
    }

    /// Starts an ingest with a short lease, that keeps the stream for the model to look at.
    func ingest(
        _ arguments: String..., lease: String = "0.5", retain: String = "100000000", url: String? = nil,
        environment: [String: String] = [:]
    ) throws -> ChildProcess {
        try ChildProcess(
            "hypero-ingest",
            ["--redis", url ?? server.url, "--lease", lease, "--retain", retain] + arguments, environment: environment)
    }

    /// Applies all there is, and keeps the stream.
    func drain() throws {
        let outcome = try ChildProcess.run(
            "hypero-ingest", ["--redis", server.url, "--lease", "0.5", "--retain", "100000000", "--drain"])
        guard outcome.succeeded else { throw TestFailure("the drain failed: \(outcome.stderr)") }
    }

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

    /// Adds an entry, and returns its id.
    @discardableResult
    func add(_ fields: String...) -> String { server.cli(["XADD", keyspace.events, "*"] + fields) }

    /// Adds a declaration of the battery `b`.
    func declareBattery() { add("event", "battery", "battery", "b", "name", "B", "version", "1", "description", "") }

    /// Adds an epoch of the experiment, whose number is its objective too.
    @discardableResult
    func addRow(_ epoch: Int, of experiment: String = "e-1", by producer: (id: String, seq: Int)? = nil) -> String {
        let origin = producer.map { ["producer", $0.id, "seq", "\($0.seq)"] } ?? []
        return server.cli(
            ["XADD", keyspace.events, "*", "event", "epoch", "experiment", experiment, "battery", "b"] + origin
                + ["epoch", "\(epoch)", "curve.valid", "\(epoch)"])
    }

    /// A count in the ingest's hash; 0 when it is not there.
    func count(_ field: String) -> Int { Int(server.cli("HGET", keyspace.ingest, field)) ?? 0 }

    /// Entries that are done with, however.
    var consumed: Int { count(IngestField.applied) + count(IngestField.duplicates) + count(IngestField.dead) }

    /// Waits until so many are.
    func waitUntilConsumed(_ number: Int, _ location: SourceLocation = #_sourceLocation) {
        #expect(eventually { consumed == number }, "\(consumed) of \(number)", sourceLocation: location)
    }

    /// What the naive model makes of the entries, beside what the ingest made of them; empty when they are the same.
    func differences(from entries: [StreamEntry]) throws -> String {
        var connection = try connect()
        let found = try PartitionContent.read(from: &connection, keyspace)
        return found.differences(fromExpected: NaiveModel.content(of: entries, in: keyspace))
    }

    /// What it makes of the entries that are in the stream.
    func differences() throws -> String {
        var connection = try connect()
        return try differences(from: StreamEntry.all(of: keyspace.events, from: &connection))
    }

    func status() throws -> StoreStatus { try Store(server.url).status() }

    /// Whether a warning of `hypero-query status`, in the table and in JSON, holds the text.
    func statusContains(_ text: String) throws -> Bool {
        try ["table", "json"].allSatisfy { format in
            try ChildProcess.run("hypero-query", ["status", "--redis", server.url, "--format", format])
                .stdout.contains(text)
        }
    }

    /// Whether the ingest owns the partition.
    func isOwned(by ingest: ChildProcess) -> Bool {
        server.cli("GET", keyspace.lease).contains(":\(ingest.pid):")
    }

    /// How many clients wait for a command, as while writes are paused.
    func blockedClientCount() -> Int { info("blocked_clients") }

    /// A field of `INFO`.
    func info(_ field: String) -> Int {
        server.cli("INFO").split(whereSeparator: \.isNewline).first { $0.hasPrefix("\(field):") }
            .flatMap { Int($0.dropFirst(field.count + 1)) } ?? -1
    }
}

extension ChildProcess {
    /// Open descriptors.
    var descriptorCount: Int {
        (try? FileManager.default.contentsOfDirectory(atPath: "/proc/\(pid)/fd").count) ?? 0
    }

    /// The most memory it ever had, in MiB.
    var peakMemoryMiB: Int {
        let status = (try? String(contentsOfFile: "/proc/\(pid)/status", encoding: .utf8)) ?? ""
        let line = status.split(separator: "\n").first { $0.hasPrefix("VmHWM:") } ?? ""
        return (Int(line.split(separator: " ").dropFirst().first ?? "") ?? 0) / 1_024
    }

    /// How many lines it wrote to standard error.
    var logLineCount: Int { stderr.split(separator: "\n").count }
}
