import HyperoSchema
import TestSupport
import Testing

/// Deletions of batteries some of whose keys another client has removed or replaced.
@Suite struct DamagedBatteryTests {
    private let fixture: DeletionFixture
    private let battery = EventSequence.battery
    private var server: RedisServer { fixture.server }
    private var keyspace: Keyspace { fixture.keyspace }

    init() throws {
        fixture = try DeletionFixture()
        try fixture.ingest.add(EventSequence.training(by: "p", experiments: 3, epochs: 2))
        // Another battery, which must stay as it is.
        server.cli(
            "XADD", keyspace.events, "*", "event", "battery", "battery", "digits.v1.00", "name", "other", "version",
            "1",
            "description", "")
        server.cli(
            "XADD", keyspace.events, "*", "event", "epoch", "experiment", "o-1", "battery", "digits.v1.00", "epoch",
            "1",
            "curve.valid", "1")
        try fixture.ingest.drain()
    }

    private func delete() throws -> String {
        fixture.command("event", "delete", "battery", battery.text)
        return try fixture.ingest.drain().stderr
    }

    /// The indexes of the other battery.
    private static let rest: Set = [
        ":batteries", ":battery:digits.v1.00", ":battery:digits.v1.00:columns", ":battery:digits.v1.00:experiments",
        ":battery:digits.v1.00:rank:valid", ":experiment:o-1", ":experiment:o-1:curve",
    ]

    @Test(arguments: [["columns"], ["experiments"], ["columns", "experiments"]], [true, false])
    func `A deleted battery leaves nothing, although a list of it is missing or has another type`(
        lists: [String], isReplaced: Bool
    ) throws {
        for list in lists {
            let key = keyspace.battery(battery) + ":" + list
            server.cli("DEL", key)
            if isReplaced { server.cli("SET", key, "text") }
        }
        let log = try delete()
        #expect(log.contains("deleted battery digits.v1.0 with 3 experiments"))
        #expect(Set(try fixture.indexes().keys) == Self.rest)
        #expect(server.cli("KEYS", keyspace.battery(battery) + ":*") == "")
        // Their processes may log further events.
        #expect(
            server.cli("ZRANGE", keyspace.deleted, "0", "-1").split(separator: "\n").sorted()
                == ["digits.v1.0", "p-1", "p-2", "p-3"])
    }

    @Test func `A deleted battery leaves no experiment that its restored list lacks`() throws {
        server.cli("DEL", keyspace.experiments(of: battery), keyspace.columns(of: battery))
        fixture.addRow(5, of: "p-2")
        try fixture.ingest.drain()
        #expect(server.cli("ZRANGE", keyspace.experiments(of: battery), "0", "-1") == "p-2")
        _ = try delete()
        #expect(Set(try fixture.indexes().keys) == Self.rest)
    }

    @Test(arguments: [true, false])
    func
        `A deleted experiment leaves no rank, although the columns of its battery are missing and its hash is unreadable`(
            isReplaced: Bool
        ) throws
    {
        server.cli("DEL", keyspace.columns(of: battery), keyspace.experiment(fixture.experiment))
        if isReplaced { server.cli("SET", keyspace.experiment(fixture.experiment), "text") }
        fixture.addRow(9, of: "p-1")
        try fixture.ingest.drain()
        if isReplaced {
            server.cli("DEL", keyspace.experiment(fixture.experiment))
            server.cli("HSET", keyspace.experiment(fixture.experiment), ExperimentField.battery, battery.text)
        }
        fixture.command("event", "delete", "experiment", "p-1")
        try fixture.ingest.drain()
        #expect(try fixture.places(of: fixture.experiment) == [])
        #expect(server.cli("ZCARD", keyspace.rank(of: battery, by: "train")) == "2")
    }
}
