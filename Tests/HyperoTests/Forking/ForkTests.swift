import Foundation
import Glibc
import HyperoCore
import HyperoRedis
import HyperoSchema
import TestSupport
import Testing

@testable import Hypero

// Each in a process of its own: a fork copies whatever else the tests' process has under way.
@Suite("A process that forks", .serialized)
struct ForkTests {
    @Test("A child that logs is a producer of its own, with its own experiments and its parent's")
    func childLogs() async {
        await #expect(processExitsWith: .success) {
            let server = try RedisServer(appendOnly: false)
            let bench = try ClientFixture()
            let client = try bench.client(server.url)
            let hypero = Hypero(client)
            let battery = hypero.battery("b")
            let experiment = battery.experiment()
            experiment.log(epoch: 1, train: 1)
            let child = Fork.child {
                guard client.counters == Counters() else { return false }
                experiment.log(epoch: 2, train: 2)
                let own = battery.experiment()
                own.log(epoch: 1, train: 3)
                let grandchild = Fork.child {
                    experiment.log(epoch: 3, train: 4)
                    own.log(epoch: 2, train: 5)
                    battery.experiment().finish()
                    return hypero.close(timeout: .seconds(60)) && client.counters.accepted == 5
                }
                return Fork.wait(for: grandchild, seconds: 60) == 0 && hypero.close(timeout: .seconds(60))
                    && client.counters.accepted == 4 && client.counters.sent == 4
            }
            #expect(Fork.wait(for: child, seconds: 60) == 0)
            experiment.finish()
            #expect(hypero.close(timeout: .seconds(60)))
            #expect(client.counters.accepted == 4)

            let events = try server.entries().compactMap(\.event)
            var families: [ProducerID: [Event]] = [:]
            for event in events { families[try #require(event.origin).producer, default: []].append(event) }
            #expect(families.count == 3)
            for family in families.values {
                #expect(family.compactMap(\.origin?.seq) == (1...UInt64(family.count)).map { $0 })
            }
            // Of each producer, how many of its events are of which experiment.
            let parent = client.producer
            let parents = ExperimentID(producer: parent, number: 1)
            for (producer, events) in families where producer != parent {
                #expect(events.contains { $0.experiment == parents })
                let firstOwn = ExperimentID(producer: producer, number: 1)
                #expect(events.contains { $0.experiment == firstOwn })
            }
            // Each begins its own, and no two draw the same.
            let starts = events.compactMap { event in
                if case .start(let start) = event.body { (event.experiment, start) } else { nil }
            }
            #expect(starts.count == 3)
            #expect(Set(starts.map(\.0)).count == 3)
            #expect(Set(starts.map(\.1.seed)).count == 3)
            #expect(Set(starts.map(\.1.pid)).count == 3)
        }
    }

    @Test("A child that does not log touches nothing, however it ends")
    func silentChild() async {
        await #expect(processExitsWith: .success) {
            let server = try RedisServer(appendOnly: false)
            let bench = try ClientFixture()
            let client = try bench.client(server.url)
            let experiment = Hypero(client).battery("b").experiment()
            #expect(client.flush(until: .sent, deadline: .now + .seconds(60)))
            let before = bench.journals
            #expect(Fork.wait(for: Fork.child { true }, seconds: 60) == 0)
            #expect(Fork.wait(for: Fork.child { Fork.killSelf() }, seconds: 60) == nil)
            #expect(Fork.wait(for: Fork.child { Fork.exitSelf() }, seconds: 60) == 0)
            #expect(Fork.wait(for: Fork.child { client.counters == Counters() }, seconds: 60) == 0)
            #expect(Fork.wait(for: Fork.child { client.close(timeout: .seconds(60)) }, seconds: 60) == 0)
            let deadline = MonotonicTime.now + .seconds(60)
            let flushing = Fork.child { client.flush(until: .applied, deadline: deadline) }
            #expect(Fork.wait(for: flushing, seconds: 60) == 0)
            #expect(bench.journals == before)
            experiment.finish()
            #expect(client.flush(until: .sent, deadline: .now + .seconds(60)))
            #expect(try server.seqs() == [1, 2, 3])
            #expect(server.cli("CLIENT", "LIST").components(separatedBy: "name=hypero-").count == 2)
            // The lock is the parent's, and goes with it.
            let root = try JournalRoot(existing: bench.folder.file("journal"), environment: { _ in nil })
            #expect(JournalFolder(locking: client.producer.text, in: root) == nil)
            #expect(client.close(timeout: .seconds(60)))
        }
    }

    @Test("The parent's lock is not kept by a child that lives on")
    func lock() async {
        await #expect(processExitsWith: .success) {
            let bench = try ClientFixture()
            let client = try bench.client()
            _ = Hypero(client).battery("b").experiment()
            let living = Fork.child {
                sleep(600)
                return true
            }
            #expect(!client.close(timeout: .milliseconds(20)))
            let root = try JournalRoot(existing: bench.folder.file("journal"), environment: { _ in nil })
            #expect(
                eventually(within: .seconds(60)) { JournalFolder(locking: client.producer.text, in: root) != nil })
            kill(living, SIGKILL)
            _ = Fork.wait(for: living, seconds: 60)
        }
    }

    @Test("The locks of journals that the parent took over are not kept by a child either")
    func adoptedLock() async {
        await #expect(processExitsWith: .success) {
            let server = try RedisServer(appendOnly: false)
            let bench = try ClientFixture()
            server.stop()
            let left = try bench.client(server.url)
            _ = Hypero(left).battery("b").experiment()
            #expect(!left.close(timeout: .milliseconds(50)))
            try server.restart()
            let root = try JournalRoot(existing: bench.folder.file("journal"), environment: { _ in nil })
            let client = try bench.client(server.url)
            #expect(eventually(within: .seconds(60)) { client.counters.adopted == 2 })
            #expect(JournalFolder(locking: left.producer.text, in: root) == nil)
            let living = Fork.child {
                sleep(600)
                return true
            }
            #expect(client.close(timeout: .seconds(60)))
            #expect(eventually(within: .seconds(60)) { JournalFolder(locking: left.producer.text, in: root) != nil })
            kill(living, SIGKILL)
            _ = Fork.wait(for: living, seconds: 60)
        }
    }

    @Test("Forks while eight threads log: nobody hangs, and everything of everybody arrives")
    func storm() async {
        await #expect(processExitsWith: .success) {
            let server = try RedisServer(appendOnly: false)
            let bench = try ClientFixture()
            let client = try bench.client(server.url) { $0.journalLimit = 256 << 20 }
            let hypero = Hypero(client)
            let experiment = hypero.battery("b").experiment()
            let crew = ThreadGroup(8) { thread in
                for epoch in 0..<20_000 {
                    experiment.log(epoch: epoch, ["t\(thread)": 1])
                    if epoch % 16 == 0 { experiment.uniform("u", 0, 1) }
                }
            }
            // What the runtime does at the first call of each kind is not this test's: the host's threads are its own.
            experiment.randint("n", 1, 6)
            _ = hypero.battery("b").experiment()
            #expect(eventually(within: .seconds(120)) { client.counters.accepted > 8_000 })
            var children: [pid_t] = []
            for number in 0..<40 {
                children.append(
                    Fork.child {
                        // Some do not log, some log to the parent's, some to their own, some draw.
                        if number % 4 == 0 { return true }
                        let mine = number % 2 == 0 ? experiment : hypero.battery("b").experiment()
                        for epoch in 0..<100 {
                            mine.log(epoch: epoch, train: 1)
                            mine.randint("n", 1, 6)
                        }
                        return hypero.close(timeout: .seconds(120))
                    })
                usleep(500)
            }
            for child in children { #expect(Fork.wait(for: child, seconds: 120) == 0) }
            #expect(eventually(within: .seconds(120)) { !crew.isWorking })
            #expect(hypero.close(timeout: .seconds(120)))
            #expect(client.counters.dropped.total == 0)

            var seqs: [ProducerID: [UInt64]] = [:]
            for entry in try server.entries() {
                let origin = try #require(entry.event?.origin)
                seqs[origin.producer, default: []].append(origin.seq)
            }
            #expect(seqs.count == 1 + 30)
            for (producer, seqs) in seqs {
                #expect(seqs == Array(1...UInt64(seqs.count)))
                if producer != client.producer { #expect(seqs.count == 200 || seqs.count == 202) }
            }
            #expect(seqs[client.producer]?.count == 5 + 8 * (20_000 + 1_250))
        }
    }

    @Test("Forked while its client has only just begun")
    func atOnce() async {
        await #expect(processExitsWith: .success) {
            let server = try RedisServer(appendOnly: false)
            let bench = try ClientFixture()
            for _ in 0..<50 {
                let client = try bench.client(server.url)
                let child = Fork.child {
                    Hypero(client).battery("b").experiment().finish()
                    return client.close(timeout: .seconds(60)) && client.counters.sent == 3
                }
                #expect(Fork.wait(for: child, seconds: 60) == 0)
                #expect(client.close(timeout: .seconds(60)))
            }
            #expect(server.cli("XLEN", "{hypero}:events") == "150")
        }
    }

    @Test("A child killed in the middle of its work leaves what it logged, as any process does")
    func killedChild() async {
        await #expect(processExitsWith: .success) {
            let server = try RedisServer(appendOnly: false)
            let bench = try ClientFixture()
            let away = try bench.client(server.url)
            server.stop()
            let experiment = Hypero(away).battery("b").experiment()
            let child = Fork.child {
                for epoch in 0..<500 { experiment.log(epoch: epoch, train: 1) }
                return Fork.killSelf()
            }
            #expect(Fork.wait(for: child, seconds: 60) == nil)
            try server.restart()
            let next = try bench.client(server.url)
            #expect(eventually(within: .seconds(60)) { next.counters.adopted == 500 })
            #expect(away.flush(until: .sent, deadline: .now + .seconds(60)))
            #expect(try server.entries().count == 502)
        }
    }

    @Test("A child of a client that was closed stays closed")
    func closed() async {
        await #expect(processExitsWith: .success) {
            let bench = try ClientFixture()
            let client = try bench.client()
            let experiment = Hypero(client).battery("b").experiment()
            #expect(!client.close(timeout: .zero))
            let child = Fork.child {
                experiment.log(epoch: 1, train: 1)
                return client.counters.dropped.closed == 1 && client.counters.accepted == 0
            }
            #expect(Fork.wait(for: child, seconds: 60) == 0)
        }
    }
}
