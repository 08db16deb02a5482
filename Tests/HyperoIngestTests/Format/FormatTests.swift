import Foundation
import HyperoSchema
import TestSupport
import Testing

@Suite struct FormatTests {
    private let fixture: IngestFixture
    private var server: RedisServer { fixture.server }
    private var keyspace: Keyspace { fixture.keyspace }

    init() throws {
        fixture = try IngestFixture()
    }

    /// The commands of `Fixtures/format-1.redis`: a stream, and the keys that an ingest of the first format wrote from it.
    private static func commands() throws -> [Substring] {
        let file = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
            .appendingPathComponent("../Fixtures/format-1.redis").standardized
        return try String(contentsOf: file, encoding: .utf8).split(separator: "\n").filter { !$0.hasPrefix("#") }
    }

    private func run(_ commands: [Substring]) throws {
        try fixture.run(commands.map { $0 + "\n" }.joined())
    }

    /// Returns the indexes without what is not known of experiments of the first format: the fields `since` and `producer`, and
    /// the order of the stated maxima.
    private func comparableIndexes() throws -> [String: [String: String]] {
        try fixture.indexes().mapValues { members in
            var members = members.filter { ![ExperimentField.since, ExperimentField.producer].contains($0.key) }
            members[ExperimentField.maxStated]?.sortWords()
            return members
        }
    }

    @Test func `The keys of the first format are migrated to those that this ingest writes from the same events`()
        throws
    {
        let commands = try Self.commands()
        try run(commands)
        #expect(try fixture.drain().stderr.contains("migrated 6 experiments to format 2"))
        #expect(try fixture.metric(IngestField.format) == "2")
        #expect(try fixture.metric(IngestField.applied) == "23")
        let migrated = try comparableIndexes()

        server.cli("FLUSHALL")
        try run(commands.filter { $0.hasPrefix("XADD") })
        try fixture.drain()
        let written = try comparableIndexes()
        for key in Set(migrated.keys).union(written.keys).sorted() {
            #expect(migrated[key] == written[key], "\(key)")
        }
        #expect(written[":experiment:stated"]?["max.source"] == "both")
    }

    @Test func `A second migration, for example after the loss of the ingest's hash, changes nothing`() throws {
        try run(try Self.commands())
        try fixture.drain()
        let migrated = try fixture.indexes()
        server.cli("HDEL", keyspace.ingest, IngestField.format)
        try fixture.drain()
        #expect(try fixture.metric(IngestField.format) == "2")
        #expect(try fixture.indexes() == migrated)
    }

    @Test func `The migration sets times far in the future to now, and only those`() throws {
        try run(try Self.commands())
        let battery = keyspace.battery(BatteryID("b")!)
        let (ahead, other) = (keyspace.experiment(ExperimentID("curve")!), keyspace.experiment(ExperimentID("stated")!))
        server.cli("HSET", battery, "updated", "99999999999999")
        server.cli("HSET", ahead, "updated", "99999999999999")
        let before = try #require(Int(server.cli("TIME").split(whereSeparator: \.isNewline)[0])) * 1_000
        try fixture.drain()
        for key in [battery, ahead] {
            let updated = try #require(Int(server.cli("HGET", key, "updated")))
            #expect(updated >= before && updated < before + 600_000)
        }
        #expect(server.cli("HGET", other, "updated") == "1763900000300")
    }

    @Test func `The next owner finishes a migration that was interrupted`() throws {
        try run(try Self.commands())
        let count = 20_000
        let battery = BatteryID("b")!
        let script = (1...count).map { number in
            let id = ExperimentID("x-\(number)")!
            return "HSET \(keyspace.experiment(id)) battery b status done updated 1 max.source user max.valid 1\n"
                + "ZADD \(keyspace.experiments(of: battery)) \(1_763_900_001_000 + number) x-\(number)\n"
        }.joined()
        try fixture.run(script)
        let first = try fixture.ingest()
        let key = keyspace.experiment(ExperimentID("stated")!)
        #expect(eventually { server.cli("HEXISTS", key, ExperimentField.maxStated) == "1" })
        first.terminate()
        #expect(first.wait() == .exited(0))
        try fixture.drain()
        #expect(try fixture.metric(IngestField.format) == "2")
        let last = keyspace.experiment(ExperimentID("x-\(count)")!)
        #expect(server.cli("HGET", last, ExperimentField.maxStated) == "valid=1")
    }

    @Test func `An ingest refuses keys of a newer format, and does not keep the lease`() throws {
        try fixture.add(EventSequence.training(by: "p", experiments: 1, epochs: 1))
        server.cli("HSET", keyspace.ingest, IngestField.format, "3")
        let drained = try ChildProcess.run("hypero-ingest", ["--redis", server.url, "--drain"])
        #expect(drained.ending == .exited(1))
        #expect(
            drained.stderr.contains(
                "unknown format of the keys: 3 in {hypero}:ingest, this ingest knows formats up to 2"))
        let ingest = try fixture.ingest()
        #expect(eventually { ingest.stderr.contains("unknown format of the keys: 3") })
        #expect(server.cli("EXISTS", keyspace.lease) == "0")
        #expect(try fixture.indexes().isEmpty)
        server.cli("HSET", keyspace.ingest, IngestField.format, "2")
        #expect(try eventually { try fixture.consumed() == 6 })
    }

    @Test func `A new partition gets the format of its ingest`() throws {
        try fixture.add(EventSequence.training(by: "p", experiments: 1, epochs: 1))
        #expect(try !fixture.drain().stderr.contains("migrated"))
        #expect(try fixture.metric(IngestField.format) == "2")
    }
}

extension String {
    fileprivate mutating func sortWords() { self = split(separator: " ").sorted().joined(separator: " ") }
}
