import Foundation
import Glibc
import HyperoCore
import HyperoRedis
import HyperoSchema
import Synchronization
import TestSupport
import Testing

@testable import Hypero

// Each test runs in its own process, because a fork would copy the state of concurrent tests.
@Suite("Forked processes", .serialized, .forks)
struct ForkTests {
    @Test func `A forked child that logs is a producer of its own and can log to its parent's experiments`() async {
        await #expect(processExitsWith: .success) {
            let server = try RedisServer(appendOnly: false)
            let fixture = try ClientFixture()
            let client = try fixture.client(server.url)
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
                    return hypero.close(timeout: .seconds(60)) && client.counters.accepted == 6
                }
                return Fork.wait(for: grandchild, seconds: 60) == 0 && hypero.close(timeout: .seconds(60))
                    && client.counters.accepted == 5 && client.counters.sent == 5
            }
            #expect(Fork.wait(for: child, seconds: 60) == 0)
            experiment.finish()
            #expect(hypero.close(timeout: .seconds(60)))
            #expect(client.counters.accepted == 4)

            let events = try server.entries().compactMap(\.event)
            var eventsByProducer: [ProducerID: [Event]] = [:]
            for event in events { eventsByProducer[try #require(event.origin).producer, default: []].append(event) }
            #expect(eventsByProducer.count == 3)
            for events in eventsByProducer.values {
                #expect(events.compactMap(\.origin?.seq) == (1...UInt64(events.count)).map { $0 })
                // A child declares the inherited battery itself, because its events may arrive before its parent's.
                #expect(events.first?.experiment == nil)
            }
            // Each child logs to the parent's experiment and to one of its own.
            let parent = client.producer
            let inherited = ExperimentID(producer: parent, number: 1)
            for (producer, events) in eventsByProducer where producer != parent {
                #expect(events.contains { $0.experiment == inherited })
                let firstOwn = ExperimentID(producer: producer, number: 1)
                #expect(events.contains { $0.experiment == firstOwn })
            }
            // Each process starts one experiment, and no two have the same id, seed or pid.
            let starts = events.compactMap { event in
                if case .start(let start) = event.body { (event.experiment, start) } else { nil }
            }
            #expect(starts.count == 3)
            #expect(Set(starts.map(\.0)).count == 3)
            #expect(Set(starts.map(\.1.seed)).count == 3)
            #expect(Set(starts.map(\.1.pid)).count == 3)
        }
    }

    @Test func `Forks while other threads create clients and release them without close do not deadlock`() async {
        await #expect(processExitsWith: .success) {
            // Ends the process if `fork` never returns.
            alarm(120)
            let server = try RedisServer(appendOnly: false)
            let fixture = try ClientFixture()
            let forks = 60
            let forked = Atomic<Int>(0)
            let workers = ThreadGroup(3) { _ in
                while forked.load(ordering: .acquiring) < forks {
                    guard let client = try? fixture.client(server.url) else { continue }
                    Hypero(client).battery("b").experiment().log(epoch: 1, train: 1)
                }
            }
            for _ in 0..<forks {
                #expect(Fork.wait(for: Fork.child { true }, seconds: 60) == 0)
                forked.add(1, ordering: .acquiringAndReleasing)
            }
            #expect(eventually { !workers.isWorking })
        }
    }

    @Test func `A forked child that does not log changes neither the journal nor the stream`() async {
        await #expect(processExitsWith: .success) {
            let server = try RedisServer(appendOnly: false)
            let fixture = try ClientFixture()
            let client = try fixture.client(server.url)
            let experiment = Hypero(client).battery("b").experiment()
            #expect(client.flush(until: .sent, deadline: .now + .seconds(60)))
            let before = fixture.journals
            #expect(Fork.wait(for: Fork.child { true }, seconds: 60) == 0)
            #expect(Fork.wait(for: Fork.child { Fork.killSelf() }, seconds: 60) == nil)
            #expect(Fork.wait(for: Fork.child { Fork.exitSelf() }, seconds: 60) == 0)
            #expect(Fork.wait(for: Fork.child { client.counters == Counters() }, seconds: 60) == 0)
            #expect(Fork.wait(for: Fork.child { client.close(timeout: .seconds(60)) }, seconds: 60) == 0)
            let deadline = MonotonicTime.now + .seconds(60)
            let flushing = Fork.child { client.flush(until: .applied, deadline: deadline) }
            #expect(Fork.wait(for: flushing, seconds: 60) == 0)
            #expect(fixture.journals == before)
            experiment.finish()
            #expect(client.flush(until: .sent, deadline: .now + .seconds(60)))
            #expect(try server.seqs() == [1, 2, 3])
            #expect(server.cli("CLIENT", "LIST").components(separatedBy: "name=hypero-").count == 2)
            // The parent still holds the lock of its journal.
            let root = try JournalRoot(existing: fixture.folder.file("journal"), environment: { _ in nil })
            #expect((try? JournalFolder(locking: client.producer.text, in: root)) == nil)
            #expect(client.close(timeout: .seconds(60)))
        }
    }

    @Test func `A running child does not hold the lock of its parent's journal`() async {
        await #expect(processExitsWith: .success) {
            let fixture = try ClientFixture()
            let client = try fixture.client()
            _ = Hypero(client).battery("b").experiment()
            let child = Fork.child {
                sleep(600)
                return true
            }
            #expect(!client.close(timeout: .milliseconds(20)))
            let root = try JournalRoot(existing: fixture.folder.file("journal"), environment: { _ in nil })
            #expect(
                eventually(within: .seconds(60)) {
                    (try? JournalFolder(locking: client.producer.text, in: root)) != nil
                })
            kill(child, SIGKILL)
            _ = Fork.wait(for: child, seconds: 60)
        }
    }

    @Test func `A running child does not hold the locks of journals that its parent adopted`() async {
        await #expect(processExitsWith: .success) {
            let server = try RedisServer(appendOnly: false)
            let fixture = try ClientFixture()
            server.stop()
            let orphan = try fixture.client(server.url)
            _ = Hypero(orphan).battery("b").experiment()
            #expect(!orphan.close(timeout: .milliseconds(50)))
            try server.restart()
            let root = try JournalRoot(existing: fixture.folder.file("journal"), environment: { _ in nil })
            let client = try fixture.client(server.url)
            #expect(eventually(within: .seconds(60)) { client.counters.adopted == 2 })
            #expect((try? JournalFolder(locking: orphan.producer.text, in: root)) == nil)
            let child = Fork.child {
                sleep(600)
                return true
            }
            #expect(client.close(timeout: .seconds(60)))
            #expect(
                eventually(within: .seconds(60)) {
                    (try? JournalFolder(locking: orphan.producer.text, in: root)) != nil
                })
            kill(child, SIGKILL)
            _ = Fork.wait(for: child, seconds: 60)
        }
    }

    @Test func `Forks during concurrent logging lose no event of the parent or its children`() async {
        await #expect(processExitsWith: .success) {
            let server = try RedisServer(appendOnly: false)
            let fixture = try ClientFixture()
            let client = try fixture.client(server.url) { $0.journalLimit = 256 << 20 }
            let hypero = Hypero(client)
            let experiment = hypero.battery("b").experiment()
            try Fork.useTypesOnce()
            let first = ThreadGroup(1) { _ in }
            #expect(eventually { !first.isWorking })
            let workers = ThreadGroup(8) { thread in
                for epoch in 0..<20_000 {
                    experiment.log(epoch: epoch, ["t\(thread)": 1])
                    if epoch % 16 == 0 { experiment.uniform("u", 0, 1) }
                }
            }
            #expect(eventually(within: .seconds(120)) { client.counters.accepted > 8_000 })
            var children: [pid_t] = []
            for number in 0..<40 {
                children.append(
                    Fork.child {
                        // A quarter of the children do not log, a quarter log to the parent's experiment and half to
                        // their own.
                        if number % 4 == 0 { return true }
                        let target = number % 2 == 0 ? experiment : hypero.battery("b").experiment()
                        for epoch in 0..<100 {
                            target.log(epoch: epoch, train: 1)
                            target.randint("n", 1, 6)
                        }
                        return hypero.close(timeout: .seconds(120))
                    })
                usleep(500)
            }
            for child in children { #expect(Fork.wait(for: child, seconds: 120) == 0) }
            #expect(eventually(within: .seconds(120)) { !workers.isWorking })
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
                if producer != client.producer { #expect(seqs.count == 201 || seqs.count == 202) }
            }
            #expect(seqs[client.producer]?.count == 2 + 8 * (20_000 + 1_250))
        }
    }

    @Test func `A fork immediately after the creation of a client loses no event`() async {
        await #expect(processExitsWith: .success) {
            let server = try RedisServer(appendOnly: false)
            let fixture = try ClientFixture()
            for _ in 0..<50 {
                let client = try fixture.client(server.url)
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

    @Test func `The journal of a killed child is adopted like the journal of any process`() async {
        await #expect(processExitsWith: .success) {
            let server = try RedisServer(appendOnly: false)
            let fixture = try ClientFixture()
            let parent = try fixture.client(server.url)
            server.stop()
            let experiment = Hypero(parent).battery("b").experiment()
            let child = Fork.child {
                for epoch in 0..<500 { experiment.log(epoch: epoch, train: 1) }
                return Fork.killSelf()
            }
            #expect(Fork.wait(for: child, seconds: 60) == nil)
            try server.restart()
            let adopter = try fixture.client(server.url)
            #expect(eventually(within: .seconds(60)) { adopter.counters.adopted == 501 })
            #expect(parent.flush(until: .sent, deadline: .now + .seconds(60)))
            #expect(try server.entries().count == 503)
        }
    }

    @Test func `A client that was closed before a fork stays closed in the child`() async {
        await #expect(processExitsWith: .success) {
            let fixture = try ClientFixture()
            let client = try fixture.client()
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
