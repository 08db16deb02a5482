import HyperoSchema
import TestSupport
import Testing

/// Counters whose values depend on what is in Redis.
@Suite struct CounterTests {
    private let fixture: DeletionFixture
    private var server: RedisServer { fixture.server }
    private var keyspace: Keyspace { fixture.keyspace }

    init() throws {
        fixture = try DeletionFixture()
    }

    private func addRow(seq: Int) {
        server.cli(
            "XADD", keyspace.events, "*", "event", "epoch", "experiment", "a-1", "battery", EventSequence.battery.text,
            "producer", "a", "seq", "\(seq)", "epoch", "\(seq)", "curve.valid", "1")
    }

    @Test func `The counter of gaps does not stay below 0 after its hash was removed`() throws {
        fixture.declare()
        addRow(seq: 100)
        try fixture.ingest.drain()
        #expect(try fixture.ingest.metric(IngestField.gaps) == "99")
        server.cli("DEL", keyspace.ingest)
        for seq in 1...3 { addRow(seq: seq) }
        try fixture.ingest.drain()
        #expect(server.cli("HGET", keyspace.producer(ProducerID("a")!), "missing") == "4-99")
        #expect(try fixture.ingest.metric(IngestField.gaps) == "0")
    }

    @Test func `Dead letters that are removed because there are too many are counted`() throws {
        let limit = Limits.deadLetters
        server.cli(
            "EVAL", "for i = 1, \(limit) do redis.call('XADD', KEYS[1], '*', 'event', 'x') end", "1", keyspace.dead)
        server.cli(
            "EVAL", "for i = 1, 1000 do redis.call('XADD', KEYS[1], '*', 'event', 'surprise') end", "1",
            keyspace.events)
        let ingest = try fixture.ingest.ingest()
        try fixture.waitUntilConsumed(1_000)
        let kept = Int(server.cli("XLEN", keyspace.dead)) ?? 0
        #expect(kept < limit + 1_000)
        // While the ingest runs, not only at its end.
        #expect(try eventually { try fixture.ingest.metric(IngestField.trimmed) == String(limit + 1_000 - kept) })
        #expect(
            eventually {
                ingest.stderr.contains(
                    "the oldest dead letters of {hypero}:dead were removed: there are more than 100000")
            })
    }

    @Test func `A counter that cannot be written is reported with its key`() throws {
        let ingest = try fixture.ingest.ingest()
        fixture.declare()
        addRow(seq: 1)
        try fixture.waitUntilConsumed(2)
        server.cli("SET", keyspace.producer(ProducerID("a")!), "text")
        server.cli("XADD", keyspace.events, "*", "event", "surprise", "producer", "a", "seq", "2")
        let message = "cannot write a counter: {hypero}:producer:a must be a hash: WRONGTYPE. Rename or delete the key"
        #expect(eventually { ingest.stderr.contains(message) }, "\(ingest.stderr)")
    }
}
