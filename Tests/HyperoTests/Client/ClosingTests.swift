import Foundation
import Glibc
import HyperoCore
import HyperoRedis
import TestSupport
import Testing

@testable import Hypero

@Suite("The end of a client", .serialized)
struct ClosingTests {
    @Test func `A second close returns true, and log calls after it are counted as dropped`() throws {
        let server = try RedisServer(appendOnly: false)
        let fixture = try ClientFixture()
        let client = try fixture.client(server.url)
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

    @Test func `A client without events closes without a connection to Redis`() throws {
        let fixture = try ClientFixture()
        let client = try fixture.client()
        #expect(client.flush(until: .sent, deadline: .now + .seconds(60)))
        #expect(client.flush(until: .applied, deadline: .now + .seconds(60)))
        #expect(client.close(timeout: .seconds(60)))
        #expect(fixture.recorder.notices == [])
        #expect(fixture.journals == [])
    }

    @Test(arguments: [
        Duration.seconds(Int64.max), .nanoseconds(Int64.max), .seconds(9_223_372_036) + .milliseconds(900), .zero,
        .seconds(-1), .seconds(Int64.min),
    ])
    func `flush and close accept any timeout`(timeout: Duration) throws {
        let fixture = try ClientFixture()
        let hypero = try fixture.hypero()
        _ = hypero.flush(until: .sent, timeout: timeout)
        _ = hypero.close(timeout: timeout)
        #expect(hypero.counters.accepted == 0)
    }

    @Test func `A client whose journal was removed reports its unsent events as lost`() throws {
        let fixture = try ClientFixture()
        let client = try fixture.client()
        Hypero(client).battery("b").experiment().log(epoch: 1, train: 1)
        let journal = fixture.folder.file("journal/\(client.producer.text)")
        try FileManager.default.removeItem(atPath: journal)
        #expect(!client.close(timeout: .milliseconds(50)))
        let notice =
            "events not sent: 3. The journal \(journal) was removed or moved: if it was removed, they are lost"
        #expect(eventually(within: .seconds(60)) { fixture.recorder.notices.contains { $0.contains(notice) } })
    }

    @Test func `Several threads can close a client while others log`() throws {
        let server = try RedisServer(appendOnly: false)
        let fixture = try ClientFixture()
        let client = try fixture.client(server.url)
        let experiment = Hypero(client).battery("b").experiment()
        let workers = ThreadGroup(6) { thread in
            for epoch in 0..<500 { experiment.log(epoch: epoch, train: 1) }
            if thread % 2 == 0 { _ = client.close(timeout: .seconds(60)) }
            for epoch in 0..<500 { experiment.log(epoch: epoch, train: 1) }
        }
        #expect(eventually(within: .seconds(120)) { !workers.isWorking })
        let counters = client.counters
        #expect(counters.accepted + counters.dropped.closed == 6_002)
        #expect(try server.seqs() == Array(1...counters.accepted))
    }

    @Test func `A closed client leaves no thread, descriptor or mapping, and its handles remain usable`() async {
        // Runs in its own process, because concurrent tests have clients too.
        await #expect(processExitsWith: .success) {
            let server = try RedisServer(appendOnly: false)
            let fixture = try ClientFixture()
            let descriptors = CurrentProcess.descriptors
            let client = try fixture.client(server.url) { $0.segmentSize = 64 << 10 }
            let experiment = Hypero(client).battery("b").experiment()
            for epoch in 0..<3_000 { experiment.log(epoch: epoch, train: 1) }
            #expect(client.flush(until: .sent, deadline: .now + .seconds(60)))
            #expect(CurrentProcess.senderCount == 1)
            #expect(fixture.mappingCount > 0)
            // The two descriptors are the connection and the lock of the journal.
            #expect(Set(CurrentProcess.descriptors).subtracting(descriptors).count == 2)

            #expect(client.close(timeout: .seconds(60)))
            // A joined thread stays in /proc for a moment.
            #expect(eventually(within: .seconds(60)) { CurrentProcess.senderCount == 0 })
            #expect(Set(CurrentProcess.descriptors).subtracting(descriptors) == [])
            #expect(fixture.mappingCount == 0)
            experiment.log(epoch: 1, train: 1)
            #expect(client.counters.dropped.closed == 1)
        }
    }

    @Test func `A closing client removes its journal if every event is durable, or else keeps the records`() throws {
        let server = try RedisServer(appendOnly: false)
        let fixture = try ClientFixture()
        for isApplied in [false, true] {
            let client = try fixture.client(server.url) { $0.durabilityWindow = .zero }
            _ = Hypero(client).battery("b").experiment()
            #expect(client.flush(until: .sent, deadline: .now + .seconds(60)))
            if isApplied { server.cli("HSET", "{hypero}:producer:\(client.producer.text)", "seq", "2") }
            #expect(client.flush(until: .applied, deadline: .now + (isApplied ? .seconds(60) : .zero)) == isApplied)
            #expect(client.close(timeout: .seconds(60)))
            #expect(fixture.journals.contains(client.producer.text) == !isApplied)
        }
        // Only the part with records is kept, not the reserved blocks of the whole segment.
        let kept = fixture.folder.file("journal") + "/" + fixture.segments[0]
        #expect(fixture.segments.count == 1)
        var status = stat()
        #expect(stat(kept, &status) == 0)
        #expect(status.st_size == 1 << 20)
        #expect(status.st_blocks * 512 <= 64 << 10)
    }

    @Test func `A closing client keeps the files of unsent events and unmaps them`() throws {
        let fixture = try ClientFixture()
        let client = try fixture.client { $0.segmentSize = 64 << 10 }
        let experiment = Hypero(client).battery("b").experiment()
        for epoch in 0..<3_000 { experiment.log(epoch: epoch, train: 1) }
        #expect(!client.close(timeout: .milliseconds(200)))
        #expect(fixture.journals == [client.producer.text])
        #expect(fixture.segments.count > 2)
        #expect(eventually(within: .seconds(60)) { fixture.mappingCount == 0 })
    }

    @Test func `A closing client reports unsent events in memory as lost`() throws {
        let fixture = try ClientFixture()
        let client = try fixture.client(variables: ["HYPERO_JOURNAL": "/dev/null/x"])
        _ = Hypero(client).battery("b").experiment()
        #expect(!client.close(timeout: .milliseconds(200)))
        let last = "events not sent: 2. They were in memory and are lost"
        #expect(eventually(within: .seconds(60)) { fixture.recorder.notices.last == last })
    }

    @Test(arguments: ["/dev/null/x", "/proc/x"])
    func `A client without a usable journal folder sends its events from memory after one notice`(path: String) throws {
        let server = try RedisServer(appendOnly: false)
        let fixture = try ClientFixture()
        let client = try fixture.client(server.url, variables: ["HYPERO_JOURNAL": path]) { $0.segmentSize = 64 << 10 }
        let experiment = Hypero(client).battery("b").experiment()
        for epoch in 0..<3_000 { experiment.log(epoch: epoch, train: 1) }
        #expect(client.close(timeout: .seconds(60)))
        #expect(try server.seqs() == Array(1...3_002))
        #expect(fixture.recorder.notices.count == 1)
        #expect(fixture.recorder.count(containing: "HYPERO_JOURNAL") == 1)
    }

    @Test func `A client whose last handle is released sends its events and ends its thread`() async {
        await #expect(processExitsWith: .success) {
            let server = try RedisServer(appendOnly: false)
            server.stop()
            let fixture = try ClientFixture()
            let descriptors = CurrentProcess.descriptors.count
            do {
                let experiment = Hypero(try fixture.client(server.url)).battery("b").experiment()
                for epoch in 0..<100 { experiment.log(epoch: epoch, train: 1) }
            }
            #expect(eventually(within: .seconds(60)) { CurrentProcess.senderCount == 1 })
            try server.restart()
            #expect(eventually(within: .seconds(60)) { CurrentProcess.senderCount == 0 })
            #expect(try server.seqs() == Array(1...102))
            #expect(fixture.mappingCount == 0)
            #expect(CurrentProcess.descriptors.count == descriptors)
        }
    }
}
