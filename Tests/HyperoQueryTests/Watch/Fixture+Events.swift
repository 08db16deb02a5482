import HyperoSchema
import TestSupport

extension Fixture {
    /// Adds an event to a stream, writes its effects on the keys, and advances the cursor, as clients and the ingest do.
    ///
    /// - Parameters:
    ///   - text: the fields and values of the entry, separated by spaces.
    ///   - offset: the milliseconds of the entry's id after ``noon``.
    ///   - effects: adds the commands that change the keys.
    func log(_ text: String, at offset: Int64, effects: () -> Void = {}) throws {
        let experiment = text.split(separator: " ").first { $0.hasPrefix("experiment=") }?.dropFirst(11)
        let keyspace = experiment.map { self.keyspace(of: String($0)) } ?? keyspaces[0]
        let id = "\(Self.noon + offset)-0"
        let fields = text.split(separator: " ").flatMap { $0.split(separator: "=", maxSplits: 1).map(String.init) }
        write(["XADD", keyspace.events, id] + fields)
        effects()
        write("HSET", keyspace.ingest, IngestField.cursor, id, IngestField.control, "0-0")
        try commit()
    }

    /// Deletes the keys of a battery in one partition after its event, as the ingest does.
    func delete(_ battery: BatteryID) throws {
        let keyspace = keyspaces[0]
        write("XADD", keyspace.control, "\(Self.noon + 1_000)-0", "event", "delete", "battery", battery.text)
        write("DEL", keyspace.battery(battery), keyspace.rank(of: battery, by: "valid"))
        write("ZREM", keyspace.batteries, battery.text)
        write("HSET", keyspace.ingest, IngestField.cursor, "1-0", IngestField.control, "\(Self.noon + 1_000)-0")
        try commit()
    }

    /// The variables of a program that reads the keys.
    var environment: [String: String] {
        ["TZ": "UTC", "HYPERO_REDIS": server.url, "HYPERO_NAMESPACE": namespace]
    }

    /// Writes a battery `net` with two experiments.
    static func net(on server: RedisServer? = nil, partitions: Int = 1) throws -> (fixture: Fixture, battery: BatteryID)
    {
        let fixture = try Fixture(partitions: partitions, on: server)
        let battery = fixture.battery("net")
        fixture.experiment("a-1", of: battery, maxima: ["valid": "0.5"], params: ["lr": "0.1"], curve: [1: "valid=0.5"])
        fixture.experiment("b-1", of: battery, maxima: ["valid": "0.4"], params: ["lr": "0.2"])
        try fixture.commit()
        return (fixture, battery)
    }
}
