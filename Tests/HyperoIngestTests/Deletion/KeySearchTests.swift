import HyperoSchema
import TestSupport
import Testing

/// The searches of a deletion for keys that no list contains.
@Suite struct KeySearchTests {
    private let battery = EventSequence.battery

    private func addStarts(_ count: Int, to fixture: DeletionFixture) throws {
        try fixture.ingest.add(
            [EventSequence.declaration]
                + (1...count).map { number in
                    Event(
                        experiment: ExperimentID("e-\(number)")!, battery: battery, time: nil,
                        body: .start(Event.Start(host: "h")))
                })
        try fixture.ingest.drain()
    }

    @Test func `The deletion of experiments of a battery without columns searches no key of the server`() throws {
        let fixture = try DeletionFixture()
        try addStarts(20, to: fixture)
        for number in 1...20 { fixture.command("event", "delete", "experiment", "e-\(number)") }
        let before = fixture.ingest.calls(of: "scan")
        try fixture.ingest.drain()
        #expect(fixture.ingest.calls(of: "scan") == before)
        #expect(fixture.server.cli("ZCARD", fixture.keyspace.experiments(of: battery)) == "0")
        #expect(fixture.server.cli("ZCARD", fixture.keyspace.deleted) == "20")
    }

    /// Expects that an ingest that cannot search deletes what the lists contain, goes on, and says so once.
    private func expectDeletion(
        _ fixture: DeletionFixture, url: String, reason: String, sourceLocation: SourceLocation = #_sourceLocation
    ) throws {
        let (server, keyspace) = (fixture.server, fixture.keyspace)
        server.cli("DEL", keyspace.columns(of: battery))
        fixture.command("event", "delete", "battery", battery.text)
        fixture.command("event", "delete", "experiment", "o-1")
        let outcome = try ChildProcess.run(
            "hypero-ingest", ["--redis", url, "--lease", "0.5", "--drain"], within: .seconds(20))
        #expect(outcome.succeeded, "\(outcome.stderr)", sourceLocation: sourceLocation)
        let lines = outcome.stderr.split(separator: "\n").filter { $0.contains("cannot search the keys of {hypero}") }
        #expect(lines.count == 1, "\(outcome.stderr)", sourceLocation: sourceLocation)
        #expect(
            lines.first?.contains("so those remain that no list contains: \(reason)") == true, "\(lines)",
            sourceLocation: sourceLocation)
        #expect(lines.first?.contains("Permit SCAN") == true, sourceLocation: sourceLocation)
        #expect(server.cli("EXISTS", keyspace.experiments(of: battery)) == "0", sourceLocation: sourceLocation)
        #expect(server.cli("EXISTS", keyspace.experiment(ExperimentID("e-1")!)) == "0", sourceLocation: sourceLocation)
        // The next command is carried out too.
        #expect(eventually { server.cli("XLEN", keyspace.control) == "0" }, sourceLocation: sourceLocation)
        #expect(fixture.score(keyspace.deleted, "o-1") != "", sourceLocation: sourceLocation)
    }

    @Test func `An account that must not run SCAN deletes what the lists contain, and says what remains`() throws {
        let fixture = try DeletionFixture()
        try addStarts(3, to: fixture)
        fixture.server.cli("ACL", "SETUSER", "ingest", "on", ">secret", "~*", "+@all", "-scan")
        let url = fixture.server.url.replacing("unix://", with: "unix://ingest:secret@")
        try expectDeletion(fixture, url: url, reason: "NOPERM")
    }

    @Test func `A server without SCAN does not stop the partition at the deletion of a battery`() throws {
        let fixture = try DeletionFixture(configuration: ["rename-command SCAN \"\""])
        try addStarts(3, to: fixture)
        try expectDeletion(fixture, url: fixture.server.url, reason: "ERR unknown command 'SCAN'")
    }

    @Test func `On a server without HSCAN a whole curve is read at once`() throws {
        let fixture = try DeletionFixture(configuration: ["rename-command HSCAN \"\""])
        try fixture.ingest.add(EventSequence.training(by: "p", experiments: 1, epochs: 5))
        try fixture.ingest.drain()
        let (server, keyspace) = (fixture.server, fixture.keyspace)
        let best = try #require(Int(server.cli("HGET", keyspace.experiment(fixture.experiment), "max.epoch")))
        // The best epoch gets worse, so that the next one is searched in the whole curve.
        server.cli(
            "XADD", keyspace.events, "*", "event", "epoch", "experiment", "p-1", "battery", battery.text, "epoch",
            "\(best)", "curve.valid", "-1")
        try fixture.ingest.drain()
        let next = server.cli("HGET", keyspace.experiment(fixture.experiment), "max.epoch")
        #expect(next != "" && next != "\(best)")
    }
}
