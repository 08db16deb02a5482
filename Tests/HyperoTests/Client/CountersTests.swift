import Synchronization
import HyperoCore
import HyperoRedis
import TestSupport
import Testing

@testable import Hypero

@Suite("The client's counters", .serialized)
struct CountersTests {
    /// The numbers of log calls that have begun and that have returned.
    private final class Calls: Sendable {
        let begun = Atomic<UInt64>(0)
        let done = Atomic<UInt64>(0)

        func log(_ experiment: Experiment, epoch: Int) {
            begun.add(1, ordering: .sequentiallyConsistent)
            experiment.log(epoch: epoch, train: 1)
            done.add(1, ordering: .sequentiallyConsistent)
        }
    }

    enum Condition: CaseIterable { case serverUnreachable, serverReachable, journalFull }

    @Test(arguments: Condition.allCases)
    func `The counters are consistent at every moment, with and without Redis and with a full journal`(
        condition: Condition
    ) throws {
        let server = try RedisServer(appendOnly: false)
        let fixture = try ClientFixture()
        let client = try fixture.client(condition == .serverReachable ? server.url : ClientFixture.unreachableURL) {
            $0.segmentSize = 64 << 10
            $0.journalLimit = condition == .journalFull ? 128 << 10 : 64 << 20
        }
        let experiment = Hypero(client).battery("b").experiment()
        let begun = client.counters.accepted
        let calls = Calls()
        let workers = ThreadGroup(4) { _ in
            for epoch in 0..<2_000 { calls.log(experiment, epoch: epoch) }
        }
        var isWorking = true
        var samples = 0
        var inconsistent: [Counters] = []
        while isWorking {
            isWorking = workers.isWorking
            let done = calls.done.load(ordering: .sequentiallyConsistent)
            let counters = client.counters
            let started = calls.begun.load(ordering: .sequentiallyConsistent)
            let counted = counters.accepted + counters.dropped.total - begun
            let isConsistent =
                (done...started).contains(counted) && counters.sent <= counters.accepted
                && counters.accepted == counters.sent + counters.queued && counters.applied <= counters.sent
            if !isConsistent { inconsistent.append(counters) }
            samples += 1
        }
        #expect(inconsistent == [])
        #expect(samples > 0)
        let counters = client.counters
        #expect(counters.accepted + counters.dropped.total - begun == 8_000)
        #expect((counters.dropped.journalFull > 0) == (condition == .journalFull))
        #expect(counters.dropped.total == counters.dropped.journalFull)
        if condition == .serverReachable {
            #expect(client.flush(until: .sent, deadline: .now + .seconds(60)))
            #expect(client.counters.sent == client.counters.accepted)
            #expect(client.counters.queued == 0)
        } else {
            #expect(counters.sent == 0)
        }
        _ = client.close(timeout: .milliseconds(50))
    }
}
