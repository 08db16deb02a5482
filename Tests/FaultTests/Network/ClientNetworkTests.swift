import Hypero
import HyperoRedis
import HyperoSchema
import TestSupport
import Testing

@Suite("A client behind a bad network", .serialized)
struct ClientNetworkTests {
    @Test(
        arguments: [
            (NetworkCondition.slow(latency: .milliseconds(50)), 2_000), (.narrow(bytesPerSecond: 10_000), 200),
            (.sliced, 800),
        ], [false, true])
    func `A client behind a slow, narrow or fragmenting network delivers every event once`(
        scenario: (network: NetworkCondition, rows: Int), tcp: Bool
    ) throws {
        let fixture = try NetworkFixture(tcp: tcp)
        let ingest = try fixture.ingest(at: fixture.server.url)
        defer { ingest.kill() }
        fixture.proxy.network = scenario.network
        let hypero = try fixture.client()
        let experiment = hypero.battery("network").experiment()
        experiment.logRows(0..<scenario.rows)
        #expect(hypero.flush(until: .applied, timeout: NetworkFixture.timeout))
        #expect(hypero.counters.accepted == UInt64(scenario.rows) + 2)
        try fixture.expectIndexesMatchModel()
        #expect(try fixture.missingNumbers(through: hypero.counters.accepted) == [])
        #expect(fixture.proxy.traffic.connections == 1)
        #expect(fixture.notices == [])
    }

    @Test func `A client sends more data than a narrow network transmits within a timeout`() throws {
        let fixture = try NetworkFixture(tcp: true)
        let ingest = try fixture.ingest(at: fixture.server.url)
        defer { ingest.kill() }
        fixture.proxy.network = .narrow(bytesPerSecond: 10_000)
        let hypero = try fixture.client()
        let experiment = hypero.battery("network").experiment()
        // 300 KB take half a minute.
        let text = String(repeating: "x", count: 10_000)
        for number in 0..<30 { experiment.updateMeta("text \(number)", text) }
        #expect(hypero.flush(until: .applied, timeout: NetworkFixture.timeout))
        try fixture.expectIndexesMatchModel()
        #expect(fixture.notices == [])
    }

    @Test func `Connection resets in a request or a reply of a client lose no event and apply none twice`() throws {
        let fixture = try NetworkFixture(tcp: true)
        let ingest = try fixture.ingest(at: fixture.server.url)
        defer { ingest.kill() }
        let hypero = try fixture.client()
        let experiment = hypero.battery("network").experiment()
        var random = SeededGenerator(seed: 11)
        for round in 0..<30 {
            let count = Int.random(in: 1...3_000, using: &random)
            let resets = fixture.proxy.traffic.resets
            fixture.proxy.network =
                round % 2 == 0 ? .reset(afterReplyBytes: count) : .reset(afterRequestBytes: count * 10)
            experiment.logRows(round * 200..<round * 200 + 200)
            #expect(eventually(within: NetworkFixture.timeout) { fixture.proxy.traffic.resets > resets })
            fixture.proxy.network = .good
            #expect(hypero.flush(until: .sent, timeout: NetworkFixture.timeout))
        }
        #expect(hypero.flush(until: .applied, timeout: NetworkFixture.timeout))
        try fixture.expectIndexesMatchModel()
        #expect(try fixture.missingNumbers(through: hypero.counters.accepted) == [])
        #expect(fixture.notices.count <= 2 * 8)
    }

    @Test(arguments: [NetworkCondition.silent, .unreachable], [false, true])
    func `A client keeps its deadlines in a network black hole and delivers every event afterwards`(
        network: NetworkCondition, tcp: Bool
    ) throws {
        let fixture = try NetworkFixture(tcp: tcp)
        let ingest = try fixture.ingest(at: fixture.server.url)
        defer { ingest.kill() }
        // One client is connected before the fault, the other cannot connect.
        let connected = try fixture.client()
        let experiment = connected.battery("network").experiment()
        #expect(connected.flush(until: .applied, timeout: NetworkFixture.timeout))
        fixture.proxy.network = network
        let late = try fixture.client()
        let lateExperiment = late.battery("network").experiment()
        for (hypero, experiment) in [(connected, experiment), (late, lateExperiment)] {
            experiment.logRows(0..<5_000)
            for confirmation in [Hypero.Confirmation.sent, .applied] {
                let start = ContinuousClock.now
                #expect(!hypero.flush(until: confirmation, timeout: .milliseconds(300)))
                #expect(ContinuousClock.now - start < .seconds(10))
            }
            #expect(hypero.counters.accepted == 5_002)
            #expect(hypero.counters.dropped.total == 0)
        }
        let closing = try fixture.client()
        closing.battery("network").experiment().logRows(0..<10)
        let start = ContinuousClock.now
        #expect(!closing.close(timeout: .milliseconds(500)))
        #expect(ContinuousClock.now - start < .seconds(10))

        fixture.proxy.network = .good
        #expect(connected.flush(until: .applied, timeout: NetworkFixture.timeout))
        #expect(late.flush(until: .applied, timeout: NetworkFixture.timeout))
        #expect(fixture.notices.count <= 2 * 10)
    }
}
