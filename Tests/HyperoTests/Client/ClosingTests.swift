import Foundation
import HyperoCore
import HyperoRedis
import TestSupport
import Testing

@testable import Hypero

@Suite("The end of a client", .serialized)
struct ClosingTests {
    @Test("Twice, and log calls after it")
    func twice() throws {
        let server = try RedisServer(appendOnly: false)
        let bench = try ClientFixture()
        let client = try bench.client(server.url)
        let hypero = Hypero(client)
        let experiment = hypero.battery("b").experiment()
        #expect(hypero.close(timeout: .seconds(60)))
        #expect(hypero.close(timeout: .seconds(60)))
        for epoch in 0..<100 { experiment.log(epoch: epoch, train: 1) }
        experiment.insertHP("x", 1)
        _ = hypero.battery("c").experiment()
        #expect(hypero.counters.dropped.closed == 103)
        #expect(hypero.counters.accepted == 2)
        #expect(hypero.flush(until: .sent, timeout: .seconds(60)))
        #expect(try server.seqs() == [1, 2])
    }

    @Test("With nothing logged, Redis is never asked")
    func nothing() throws {
        let bench = try ClientFixture()
        let client = try bench.client()
        #expect(client.flush(until: .sent, deadline: .now + .seconds(60)))
        #expect(client.flush(until: .applied, deadline: .now + .seconds(60)))
        #expect(client.close(timeout: .seconds(60)))
        #expect(bench.board.sentences == [])
        #expect(bench.journals == [])
    }

    @Test(
        "With any timeout, even one that no clock holds",
        arguments: [
            Duration.seconds(Int64.max), .nanoseconds(Int64.max), .seconds(9_223_372_036) + .milliseconds(900), .zero,
            .seconds(-1), .seconds(Int64.min),
        ])
    func timeouts(timeout: Duration) throws {
        let bench = try ClientFixture()
        let hypero = try bench.hypero()
        _ = hypero.flush(until: .sent, timeout: timeout)
        _ = hypero.close(timeout: timeout)
        #expect(hypero.counters.accepted == 0)
    }

    @Test("By several threads at once")
    func concurrent() throws {
        let server = try RedisServer(appendOnly: false)
        let bench = try ClientFixture()
        let client = try bench.client(server.url)
        let experiment = Hypero(client).battery("b").experiment()
        let crew = ThreadGroup(6) { thread in
            for epoch in 0..<500 { experiment.log(epoch: epoch, train: 1) }
            if thread % 2 == 0 { _ = client.close(timeout: .seconds(60)) }
            for epoch in 0..<500 { experiment.log(epoch: epoch, train: 1) }
        }
        #expect(eventually(within: .seconds(120)) { !crew.isWorking })
        let counters = client.counters
        #expect(counters.accepted + counters.dropped.closed == 6_002)
        #expect(try server.seqs() == Array(1...counters.accepted))
    }

    @Test("Leaves no thread, no descriptor and no mapping behind, and the handles still work")
    func nothingLeft() async {
        // In a process of its own: other tests have clients too.
        await #expect(processExitsWith: .success) {
            let server = try RedisServer(appendOnly: false)
            let bench = try ClientFixture()
            let descriptors = OwnProcess.descriptors
            let client = try bench.client(server.url) { $0.segmentSize = 64 << 10 }
            let experiment = Hypero(client).battery("b").experiment()
            for epoch in 0..<3_000 { experiment.log(epoch: epoch, train: 1) }
            #expect(client.flush(until: .sent, deadline: .now + .seconds(60)))
            #expect(OwnProcess.senders == 1)
            #expect(bench.mappings > 0)
            // The connection, and the lock of the journal.
            #expect(Set(OwnProcess.descriptors).subtracting(descriptors).count == 2)

            #expect(client.close(timeout: .seconds(60)))
            // A joined thread stays in /proc for a moment.
            #expect(eventually(within: .seconds(60)) { OwnProcess.senders == 0 })
            #expect(Set(OwnProcess.descriptors).subtracting(descriptors) == [])
            #expect(bench.mappings == 0)
            experiment.log(epoch: 1, train: 1)
            #expect(client.counters.dropped.closed == 1)
        }
    }

    @Test("Removes the files when all was applied long enough ago, and else keeps what they hold")
    func files() throws {
        let server = try RedisServer(appendOnly: false)
        let bench = try ClientFixture()
        for isApplied in [false, true] {
            let client = try bench.client(server.url) { $0.durabilityWindow = .zero }
            _ = Hypero(client).battery("b").experiment()
            #expect(client.flush(until: .sent, deadline: .now + .seconds(60)))
            if isApplied { server.cli("HSET", "{hypero}:producer:\(client.producer.text)", "seq", "2") }
            #expect(client.flush(until: .applied, deadline: .now + (isApplied ? .seconds(60) : .zero)) == isApplied)
            #expect(client.close(timeout: .seconds(60)))
            #expect(bench.journals.contains(client.producer.text) == !isApplied)
        }
        // Only what holds records is kept, and nothing of the eight MiB that were reserved.
        let kept = bench.folder.file("journal") + "/" + bench.segments[0]
        #expect(bench.segments.count == 1)
        #expect(try FileManager.default.attributesOfItem(atPath: kept)[.size] as? Int ?? .max < 2_048)
    }

    @Test("Keeps the files of what was not sent, and no mapping of them")
    func unclean() throws {
        let bench = try ClientFixture()
        let client = try bench.client { $0.segmentSize = 64 << 10 }
        let experiment = Hypero(client).battery("b").experiment()
        for epoch in 0..<3_000 { experiment.log(epoch: epoch, train: 1) }
        #expect(!client.close(timeout: .milliseconds(200)))
        #expect(bench.journals == [client.producer.text])
        #expect(bench.segments.count > 2)
        #expect(eventually(within: .seconds(60)) { bench.mappings == 0 })
    }

    @Test("In memory, says that what was not sent is lost")
    func memoryLost() throws {
        let bench = try ClientFixture()
        let client = try bench.client(variables: ["HYPERO_JOURNAL": "/dev/null/x"])
        _ = Hypero(client).battery("b").experiment()
        #expect(!client.close(timeout: .milliseconds(200)))
        let last = "events not sent: 2. They were in memory and are lost"
        #expect(eventually(within: .seconds(60)) { bench.board.sentences.last == last })
    }

    @Test("In memory, sends as well, after one notice", arguments: ["/dev/null/x", "/proc/x"])
    func memory(place: String) throws {
        let server = try RedisServer(appendOnly: false)
        let bench = try ClientFixture()
        let client = try bench.client(server.url, variables: ["HYPERO_JOURNAL": place]) { $0.segmentSize = 64 << 10 }
        let experiment = Hypero(client).battery("b").experiment()
        for epoch in 0..<3_000 { experiment.log(epoch: epoch, train: 1) }
        #expect(client.close(timeout: .seconds(60)))
        #expect(try server.seqs() == Array(1...3_002))
        #expect(bench.board.sentences.count == 1)
        #expect(bench.board.count(containing: "HYPERO_JOURNAL") == 1)
    }

    @Test("Without close: when the last handle goes, all is still sent and the thread ends")
    func dropped() async {
        await #expect(processExitsWith: .success) {
            let server = try RedisServer(appendOnly: false)
            server.stop()
            let bench = try ClientFixture()
            let descriptors = OwnProcess.descriptors.count
            do {
                let experiment = Hypero(try bench.client(server.url)).battery("b").experiment()
                for epoch in 0..<100 { experiment.log(epoch: epoch, train: 1) }
            }
            #expect(eventually(within: .seconds(60)) { OwnProcess.senders == 1 })
            try server.restart()
            #expect(eventually(within: .seconds(60)) { OwnProcess.senders == 0 })
            #expect(try server.seqs() == Array(1...102))
            #expect(bench.mappings == 0)
            #expect(OwnProcess.descriptors.count == descriptors)
        }
    }
}
