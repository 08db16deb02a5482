import HyperoCore
import HyperoSchema
import TestSupport
import Testing

@testable import Hypero

@Suite("Events that are not in the indexes")
struct UnappliedEventsTests {
    @Test func `A client whose experiment was deleted says so once, and flush does not confirm its events`() throws {
        let server = try RedisServer(appendOnly: false)
        let fixture = try ClientFixture()
        let client = try fixture.client(server.url)
        let experiment = Hypero(client).battery("b").experiment()
        experiment.log(epoch: 1, valid: 1)
        server.cli("HSET", "{hypero}:producer:\(client.producer.text)", "seq", "3", "deleted", "2")
        for _ in 0..<2 { #expect(!client.flush(until: .applied, deadline: MonotonicTime(nanoseconds: .max))) }
        #expect(client.counters.deleted == 2)
        #expect(client.counters.applied == 3)
        #expect(
            fixture.recorder.count(containing: "events not applied: 2 so far, their experiment or battery was deleted")
                == 1)
    }

    @Test func `A client whose events no ingest applies says so once`() throws {
        let server = try RedisServer(appendOnly: false)
        let fixture = try ClientFixture()
        let client = try fixture.client(server.url)
        Hypero(client).battery("b").experiment().log(epoch: 1, valid: 1)
        #expect(client.flush(until: .sent, deadline: .now + .seconds(60)))
        for _ in 0..<2 { #expect(!client.flush(until: .applied, deadline: .now + .milliseconds(10))) }
        #expect(fixture.recorder.count(containing: "events not applied in time: Redis has them") == 1)
    }
}
