import HyperoSchema
import TestSupport
import Testing

/// An ingest fixture whose tests delete experiments and batteries.
struct DeletionFixture {
    let ingest: IngestFixture
    var server: RedisServer { ingest.server }
    var keyspace: Keyspace { ingest.keyspace }
    /// The first experiment of the producer `p`.
    let experiment = ExperimentID("p-1")!

    /// - Parameter configuration: lines of the server's `redis.conf`.
    init(configuration: [String] = []) throws {
        ingest = try IngestFixture(server: RedisServer(configuration: configuration))
    }

    /// Adds a command to the control stream, and returns its id.
    @discardableResult
    func command(_ fields: String...) -> String { server.cli(["XADD", keyspace.control, "*"] + fields) }

    /// Waits until the commands up to an id are carried out.
    func waitForCommand(_ id: String, sourceLocation: SourceLocation = #_sourceLocation) {
        let isDone = eventually {
            StreamID(server.cli("HGET", keyspace.ingest, IngestField.control)).map { $0 >= StreamID(id)! } ?? false
        }
        #expect(isDone, "\(id) was not carried out", sourceLocation: sourceLocation)
    }

    /// Adds the events of a training by the producer `p`, and waits until they are applied.
    func train(experiments: Int, epochs: Int = 2) throws {
        let events = EventSequence.training(by: "p", experiments: experiments, epochs: epochs)
        try ingest.add(events)
        #expect(try eventually { try ingest.consumed() == events.count })
    }

    /// Adds a row of an experiment, whose time is now.
    func addRow(_ epoch: Int, of experiment: String) {
        server.cli(
            "XADD", keyspace.events, "*", "event", "epoch", "experiment", experiment, "battery",
            EventSequence.battery.text, "epoch", "\(epoch)", "curve.valid", "1")
    }

    /// Adds a declaration of the battery, whose time is now.
    func declare() {
        server.cli(
            "XADD", keyspace.events, "*", "event", "battery", "battery", EventSequence.battery.text, "name", "digits",
            "version", "1", "description", "")
    }

    func waitUntilConsumed(_ count: Int, sourceLocation: SourceLocation = #_sourceLocation) throws {
        #expect(try eventually { try ingest.consumed() == count }, sourceLocation: sourceLocation)
    }

    /// Returns the indexes, by their names without the hash tag, except the tombstones and the producers.
    func indexes() throws -> [String: [String: String]] {
        try ingest.indexes().filter { $0.key != ":deleted" && !$0.key.hasPrefix(":producer:") }
    }

    /// Returns the places where an experiment occurs: keys of its own, and members of other keys.
    func places(of experiment: ExperimentID) throws -> [String] {
        try indexes().flatMap { key, members in
            (key.hasPrefix(":experiment:\(experiment.text)") ? [key] : [])
                + members.keys.filter { $0 == experiment.text }.map { "\(key) \($0)" }
        }
    }

    func score(_ key: String, _ member: String) -> String { server.cli("ZSCORE", key, member) }
}
