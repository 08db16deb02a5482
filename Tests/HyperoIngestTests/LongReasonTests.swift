import HyperoRedis
import HyperoSchema
import TestSupport
import Testing

@Suite struct LongReasonTests {
    @Test(arguments: [70_000, 2_000_000, 20_000_000])
    func `A reason that makes its entry larger than the limit is cut, and ends the experiment`(size: Int) throws {
        let fixture = try IngestFixture()
        try fixture.add(EventSequence.training(by: "p", experiments: 1, epochs: 1))
        var connection = try fixture.connect()
        var writer = RESPWriter()
        writer.command(
            "XADD", fixture.keyspace.events, "*", "event", "end", "experiment", "p-1", "battery",
            EventSequence.battery.text, "status", "failed", "reason", String(repeating: "a", count: size))
        try connection.send(writer)
        #expect(try connection.receive().error == nil)
        try fixture.drain()
        let hash = try fixture.indexes()[":experiment:p-1"] ?? [:]
        #expect(hash["status"] == "failed")
        #expect(hash["reason"]?.utf8.count ?? 0 >= Limits.value - 3)
        #expect(hash["reason"]?.utf8.count ?? 0 <= Limits.value)
        #expect(hash["reason"]?.hasSuffix("…") == true)
        #expect(fixture.server.cli("XLEN", fixture.keyspace.dead) == "0")
    }
}
