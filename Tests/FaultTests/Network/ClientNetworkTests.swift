import Hypero
import HyperoRedis
import HyperoSchema
import TestSupport
import Testing

@Suite("A client behind a bad network", .serialized)
struct ClientNetworkTests {
    @Test(
        "Latency of 50 ms, 10 KB/s, replies sliced to 1 byte: all arrives, and once",
        arguments: [
            (NetworkCondition.slow(latency: .milliseconds(50)), 5_000), (.narrow(bytesPerSecond: 10_000), 400),
            (.sliced, 2_000),
        ], [false, true])
    func slow(line: (condition: NetworkCondition, rows: Int), tcp: Bool) throws {
        let bench = try NetworkFixture(tcp: tcp)
        let ingest = try bench.ingest(at: bench.server.url)
        defer { ingest.kill() }
        bench.proxy.network = line.condition
        let hypero = try bench.client()
        let experiment = hypero.battery("network").experiment()
        experiment.logRows(0..<line.rows)
        #expect(hypero.flush(until: .applied, timeout: NetworkFixture.patience))
        #expect(hypero.counters.accepted == UInt64(line.rows) + 2)
        try bench.expectNoDifference()
        #expect(try bench.missing(through: hypero.counters.accepted) == [])
        #expect(bench.proxy.traffic.connections == 1)
        #expect(bench.notices == [])
    }

    @Test("More than a slow line takes in a timeout is sent all the same")
    func narrowForLong() throws {
        let bench = try NetworkFixture(tcp: true)
        let ingest = try bench.ingest(at: bench.server.url)
        defer { ingest.kill() }
        bench.proxy.network = .narrow(bytesPerSecond: 10_000)
        let hypero = try bench.client()
        let experiment = hypero.battery("network").experiment()
        // 300 KB, which is half a minute.
        let text = String(repeating: "x", count: 10_000)
        for number in 0..<30 { experiment.updateMeta("text \(number)", text) }
        #expect(hypero.flush(until: .applied, timeout: NetworkFixture.patience))
        try bench.expectNoDifference()
        #expect(bench.notices == [])
    }

    @Test("Connections reset in mid-reply and in mid-request: nothing is lost, nothing is applied twice")
    func resets() throws {
        let bench = try NetworkFixture(tcp: true)
        let ingest = try bench.ingest(at: bench.server.url)
        defer { ingest.kill() }
        let hypero = try bench.client()
        let experiment = hypero.battery("network").experiment()
        var random = SeededGenerator(seed: 11)
        for round in 0..<30 {
            let count = Int.random(in: 1...3_000, using: &random)
            let resets = bench.proxy.traffic.resets
            bench.proxy.network =
                round % 2 == 0 ? .reset(afterReplyBytes: count) : .reset(afterRequestBytes: count * 10)
            experiment.logRows(round * 200..<round * 200 + 200)
            #expect(eventually(within: NetworkFixture.patience) { bench.proxy.traffic.resets > resets })
            bench.proxy.network = .good
            #expect(hypero.flush(until: .sent, timeout: NetworkFixture.patience))
        }
        #expect(hypero.flush(until: .applied, timeout: NetworkFixture.patience))
        try bench.expectNoDifference()
        #expect(try bench.missing(through: hypero.counters.accepted) == [])
        #expect(bench.notices.count <= 2 * 8)
    }

    @Test(
        "A black hole: log calls are taken, flush and close keep their deadlines, and after it all arrives",
        arguments: [NetworkCondition.silent, .unreachable], [false, true])
    func blackHole(line: NetworkCondition, tcp: Bool) throws {
        let bench = try NetworkFixture(tcp: tcp)
        let ingest = try bench.ingest(at: bench.server.url)
        defer { ingest.kill() }
        // One client has its connection already, the other does not get one.
        let connected = try bench.client()
        let experiment = connected.battery("network").experiment()
        #expect(connected.flush(until: .applied, timeout: NetworkFixture.patience))
        bench.proxy.network = line
        let late = try bench.client()
        let lateExperiment = late.battery("network").experiment()
        for (hypero, experiment) in [(connected, experiment), (late, lateExperiment)] {
            experiment.logRows(0..<5_000)
            for confirmation in [Hypero.Confirmation.sent, .applied] {
                let begun = ContinuousClock.now
                #expect(!hypero.flush(until: confirmation, timeout: .milliseconds(300)))
                #expect(ContinuousClock.now - begun < .seconds(10))
            }
            #expect(hypero.counters.accepted == 5_002)
            #expect(hypero.counters.dropped.total == 0)
        }
        let closing = try bench.client()
        closing.battery("network").experiment().logRows(0..<10)
        let begun = ContinuousClock.now
        #expect(!closing.close(timeout: .milliseconds(500)))
        #expect(ContinuousClock.now - begun < .seconds(10))

        bench.proxy.network = .good
        #expect(connected.flush(until: .applied, timeout: NetworkFixture.patience))
        #expect(late.flush(until: .applied, timeout: NetworkFixture.patience))
        #expect(bench.notices.count <= 2 * 10)
    }
}
