import HyperoSchema
import TestSupport
import Testing

/// The state that the ingest reads of experiments that begin.
@Suite struct NewExperimentTests {
    private let fixture: IngestFixture
    private let battery = EventSequence.battery

    init() throws {
        fixture = try IngestFixture()
        try fixture.add([EventSequence.declaration])
        try fixture.drain()
    }

    private func start(_ number: Int, time: Int64, attempt: Int? = nil) -> Event {
        Event(
            experiment: ExperimentID("e-\(number)")!, battery: battery, time: time,
            body: .start(Event.Start(host: "h", attempt: attempt)))
    }

    @Test func `An experiment that begins costs one read of its hash, and one of its battery's list`() throws {
        try fixture.add((1...100).map { start($0, time: 1_700_000_001_000) })
        let reads = fixture.calls(of: "hmget")
        try fixture.drain()
        // The list shows whether the hash was removed by hand.
        #expect(fixture.calls(of: "zscore") == 100)
        // Those of the battery, the producer-less start of the ingest and its end are few.
        #expect(fixture.calls(of: "hmget") - reads < 110)
        #expect(fixture.server.cli("ZCARD", fixture.keyspace.experiments(of: battery)) == "100")
    }

    @Test func `An experiment that exists keeps its state if its start arrives again`() throws {
        try fixture.add(EventSequence.training(by: "p", experiments: 2, epochs: 5))
        try fixture.drain()
        let before = try fixture.indexes()
        // Without a sequence number, so that they are no duplicates.
        let events = EventSequence.training(by: "p", experiments: 2, epochs: 5).map { event in
            var event = event
            event.origin = nil
            return event
        }
        try fixture.add(events.filter { $0.body.kind == .start })
        let searches = fixture.calls(of: "zscore")
        try fixture.drain()
        // Two experiments, each read first as one that begins.
        #expect(fixture.calls(of: "zscore") == searches + 4)
        let after = try fixture.indexes()
        #expect(after == before)
    }

    @Test func `An experiment that exists is listed again if its start arrives again`() throws {
        try fixture.add([start(1, time: 1_700_000_001_000)])
        try fixture.drain()
        fixture.server.cli("DEL", fixture.keyspace.experiments(of: battery))
        try fixture.add([start(1, time: 1_700_000_002_000)])
        try fixture.drain()
        #expect(fixture.server.cli("ZRANGE", fixture.keyspace.experiments(of: battery), "0", "-1") == "e-1")
    }

    @Test func `What is left of a removed experiment does not become part of a new one`() throws {
        let key = fixture.keyspace.experiment(ExperimentID("e-1")!)
        fixture.server.cli("HSET", key, "updated", "1", "max.valid", "0.5")
        try fixture.add([start(1, time: 1_700_000_001_000)])
        try fixture.drain()
        #expect(fixture.server.cli("HGET", key, "max.valid") == "")
    }
}

extension IngestFixture {
    /// Returns the number of times that the server has run a command.
    func calls(of command: String) -> Int {
        let lines = server.cli("INFO", "commandstats").split(whereSeparator: \.isNewline)
        let prefix = "cmdstat_\(command):calls="
        let line = lines.first { $0.hasPrefix(prefix) } ?? ""
        return Int(line.dropFirst(prefix.count).prefix { $0.isNumber }) ?? 0
    }
}
