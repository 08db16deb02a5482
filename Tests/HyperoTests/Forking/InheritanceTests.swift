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
@Suite("State that a forked child inherits", .serialized, .forks)
struct InheritanceTests {
    @Test func `A child keeps the file that has the number of a closed standard stream`() async {
        await #expect(processExitsWith: .success) {
            let server = try RedisServer(appendOnly: false)
            let fixture = try ClientFixture()
            let sockets = CurrentProcess.descriptors.count { $0.hasPrefix("socket:") }
            let client = try fixture.client(server.url)
            // A daemon closes its standard input.
            close(0)
            let experiment = Hypero(client).battery("b").experiment()
            #expect(client.flush(until: .sent, deadline: .now + .seconds(60)))
            let file = open("/etc/hostname", O_RDONLY)
            #expect(file == 0)
            let child = Fork.child { fcntl(0, F_GETFD) >= 0 }
            #expect(Fork.wait(for: child, seconds: 60) == 0, "the child's file 0 is closed")
            let second = Fork.child { CurrentProcess.descriptors.count { $0.hasPrefix("socket:") } == sockets }
            #expect(Fork.wait(for: second, seconds: 60) == 0, "the child has the parent's connection open")
            experiment.finish()
            #expect(client.close(timeout: .seconds(60)))
        }
    }

    @Test func `A child closes the sockets by which its parent finds out which servers answer`() async {
        await #expect(processExitsWith: .success) {
            let socket = InheritedSocket()
            let files = (0...InheritedSocket.maxRaceSockets).map { _ in dup(2) }
            socket.set(files[0])
            socket.setRace(Array(files.dropFirst()))
            let first = Fork.child { files.allSatisfy { fcntl($0, F_GETFD) < 0 } }
            #expect(Fork.wait(for: first, seconds: 60) == 0)
            socket.setRace(Array(files[1...2]))
            socket.clear()
            let second = Fork.child {
                files.map { fcntl($0, F_GETFD) >= 0 } == files.indices.map { ![1, 2].contains($0) }
            }
            #expect(Fork.wait(for: second, seconds: 60) == 0)
        }
    }

    @Test func `A log call of another thread returns while the process forks`() async {
        await #expect(processExitsWith: .success) {
            // Registered before the handlers of the client, so it runs after they have prepared the fork.
            pthread_atfork({ ForkPause.run() }, nil, nil)
            let fixture = try ClientFixture()
            let client = try fixture.client()
            let experiment = Hypero(client).battery("b").experiment()
            experiment.log(epoch: 0, train: 1)
            experiment.uniform("u", 0, 1)
            let worker = ThreadGroup(1) { _ in
                while !ForkPause.isForking.load(ordering: .acquiring) { usleep(100) }
                experiment.log(epoch: 1, train: 1)
                experiment.uniform("u", 0, 1)
                _ = client.counters
                ForkPause.hasLogged.store(true, ordering: .releasing)
            }
            #expect(Fork.wait(for: Fork.child { true }, seconds: 120) == 0)
            let loggedDuringFork = ForkPause.loggedDuringFork.load(ordering: .acquiring)
            #expect(loggedDuringFork)
            #expect(eventually { !worker.isWorking })
            #expect(client.counters.accepted == 6)
        }
    }

    @Test func `A child can log after its parent has closed its client and removed its journal`() async {
        await #expect(processExitsWith: .success) {
            let fixture = try ClientFixture()
            let client = try fixture.client()
            let experiment = Hypero(client).battery("b").experiment()
            // The last record ends at the end of a page. The parent's file may end there too once it is closed, so that a
            // child that reads on would be killed by SIGBUS.
            let battery = "b.v1.00000000".utf8.count
            let overhead = RecordHeader.size + battery + RecordHeader.fieldHeader + "meta.m".utf8.count
            func remainder() -> Int { 4096 - client.journal.cursor.position().offset % 4096 }
            while remainder() < 200 { experiment.log(epoch: 1, train: 1) }
            experiment.updateMeta("m", String(repeating: "x", count: remainder() - overhead))
            #expect(remainder() == 4096)
            let accepted = client.counters.accepted
            #expect(eventually { client.journal.lastIsSealed })
            let isClosed = try ForkSignal()
            let child = Fork.child {
                guard isClosed.wait() == 1 else { return false }
                experiment.log(epoch: 2, train: 1)
                // The declaration of the battery and the row.
                return client.counters.accepted == 2 && !client.flush(until: .sent, deadline: .now + .milliseconds(100))
            }
            #expect(!client.close(timeout: .seconds(1)))
            #expect(client.counters.accepted == accepted)
            isClosed.send()
            #expect(Fork.wait(for: child, seconds: 120) == 0)
        }
    }

    @Test func `A child's sender reads only the child's records`() async {
        await #expect(processExitsWith: .success) {
            let fixture = try JournalFixture()
            let journal = fixture.journal
            ForkGuard.add(journal)
            for epoch in 0..<3 as Range<Int64> { fixture.append(epoch: epoch) }
            #expect(journal.published().accepted == 3)
            let child = Fork.child {
                // Creates the child's journal, which has no record yet.
                _ = journal.beginExperiment()
                guard journal.published().accepted == 0 else { return false }
                fixture.append(epoch: 3)
                var seqs: [UInt64] = []
                JournalFixture.forEachRecord(in: journal.published()) { seqs.append($0.seq) }
                return seqs == [1]
            }
            #expect(Fork.wait(for: child, seconds: 120) == 0)
            ForkGuard.remove(journal)
        }
    }

    @Test func `A child has none of its parent's segments mapped, and none of its parent's sockets open`() async {
        await #expect(processExitsWith: .success) {
            let server = try RedisServer(appendOnly: false)
            let fixture = try ClientFixture()
            let sockets = CurrentProcess.descriptors.count { $0.hasPrefix("socket:") }
            let client = try fixture.client(server.url)
            let experiment = Hypero(client).battery("b").experiment()
            #expect(client.flush(until: .sent, deadline: .now + .seconds(60)))
            #expect(CurrentProcess.descriptors.count { $0.hasPrefix("socket:") } == sockets + 1)
            #expect(fixture.mappingCount > 0)
            let child = Fork.child {
                CurrentProcess.descriptors.count { $0.hasPrefix("socket:") } == sockets && fixture.mappingCount == 0
            }
            #expect(Fork.wait(for: child, seconds: 120) == 0)
            // The parent's connection is not affected.
            experiment.finish()
            #expect(client.flush(until: .sent, deadline: .now + .seconds(60)))
            #expect(server.cli("CLIENT", "LIST").components(separatedBy: "name=hypero-").count == 2)
            #expect(client.close(timeout: .seconds(60)))
        }
    }

    @Test func `Redis sees the end of a killed process although its child lives on`() async {
        await #expect(processExitsWith: .success) {
            let server = try RedisServer(appendOnly: false)
            let fixture = try ClientFixture()
            let isForked = try ForkSignal()
            let end = try ForkSignal()
            let parent = Fork.child {
                guard let client = try? fixture.client(server.url) else { return false }
                _ = Hypero(client).battery("b").experiment()
                guard client.flush(until: .sent, deadline: .now + .seconds(60)) else { return false }
                _ = Fork.child {
                    isForked.send()
                    return end.wait() == 1
                }
                return isForked.wait() == 1 && Fork.killSelf()
            }
            #expect(Fork.wait(for: parent, seconds: 120) == nil)
            #expect(eventually { !server.cli("CLIENT", "LIST").contains("name=hypero-") })
            end.send()
        }
    }

    @Test(.enabled(if: !Sanitizer.isOn, "a sanitizer needs memory of its own"))
    func `A child sends its events although its parent could not start a sender`() async {
        await #expect(processExitsWith: .success) {
            let server = try RedisServer(appendOnly: false)
            let fixture = try ClientFixture()
            // Too little address space for the stack of a thread.
            var limit = rlimit()
            getrlimit(__rlimit_resource_t(RLIMIT_AS.rawValue), &limit)
            let unlimited = limit
            limit.rlim_cur = CurrentProcess.addressSpace + 5 << 20
            setrlimit(__rlimit_resource_t(RLIMIT_AS.rawValue), &limit)
            let created = Result { try fixture.client(server.url) { $0.segmentSize = 1 << 16 } }
            var restored = unlimited
            setrlimit(__rlimit_resource_t(RLIMIT_AS.rawValue), &restored)
            let client = try created.get()
            #expect(fixture.recorder.count(containing: "cannot start the sender thread") == 1)
            let experiment = Hypero(client).battery("b").experiment()
            #expect(!client.flush(until: .sent, deadline: .now + .seconds(60)))
            let child = Fork.child {
                experiment.log(epoch: 1, train: 1)
                return client.flush(until: .sent, deadline: .now + .seconds(60)) && client.close(timeout: .seconds(60))
            }
            #expect(Fork.wait(for: child, seconds: 120) == 0)
            #expect(try server.seqs() == [1, 2])
        }
    }

    @Test func `A child's first event of an inherited battery is its declaration, also after a fork of a fork`() async {
        await #expect(processExitsWith: .success) {
            let server = try RedisServer(appendOnly: false)
            let fixture = try ClientFixture()
            let client = try fixture.client(server.url)
            let hypero = Hypero(client)
            let (first, second) = (hypero.battery("first").experiment(), hypero.battery("second").experiment())
            let child = Fork.child {
                first.log(epoch: 1, train: 1)
                first.insertHP("p", 1)
                // The grandchild inherits one battery from its parent and the other from a process that logged nothing.
                let silent = Fork.child {
                    let grandchild = Fork.child {
                        second.updateMaxima(valid: 1)
                        first.updateLearningCurve(["valid": [1, 2]])
                        second.log(epoch: 1, ["valid": 1])
                        second.finish()
                        return client.close(timeout: .seconds(60)) && client.counters.accepted == 6
                    }
                    return Fork.wait(for: grandchild, seconds: 120) == 0
                }
                guard Fork.wait(for: silent, seconds: 120) == 0 else { return false }
                second.finish()
                return client.close(timeout: .seconds(60)) && client.counters.accepted == 5
            }
            #expect(Fork.wait(for: child, seconds: 120) == 0)
            #expect(client.close(timeout: .seconds(60)))

            let events = try server.entries().compactMap(\.event)
            var kinds: [ProducerID: [EventKind]] = [:]
            var declared: [ProducerID: Set<BatteryID>] = [:]
            for event in events {
                let producer = try #require(event.origin).producer
                kinds[producer, default: []].append(event.body.kind)
                if event.body.kind == .battery { declared[producer, default: []].insert(try #require(event.battery)) }
                #expect(declared[producer]?.contains(try #require(event.battery)) == true)
                // The experiments are the first process's.
                #expect(event.experiment.map { $0.text.hasPrefix(client.producer.text) } ?? true)
            }
            #expect(kinds[client.producer] == [.battery, .start, .battery, .start])
            #expect(
                Set(kinds.values) == [
                    [.battery, .start, .battery, .start], [.battery, .epoch, .param, .battery, .end],
                    [.battery, .maxima, .battery, .curve, .epoch, .end],
                ])
        }
    }

    @Test func `A child does not touch the list of an inherited experiment's channels, which the fork may have cut`()
        async
    {
        await #expect(processExitsWith: .success) {
            let fixture = try ClientFixture()
            let client = try fixture.client()
            let battery = Hypero(client).battery("b")
            let experiment = battery.experiment()
            experiment.log(epoch: 1, ["a": 1])
            let child = Fork.child {
                experiment.log(epoch: 2, ["b": 1])
                experiment.log(epoch: 2, train: 1)
                let own = battery.experiment()
                own.log(epoch: 1, ["c": 1])
                return experiment.loggedChannels == ["a"] && own.loggedChannels == ["c"]
                    && client.counters.accepted == 6
            }
            #expect(Fork.wait(for: child, seconds: 120) == 0)
            experiment.log(epoch: 2, ["d": 1])
            #expect(experiment.loggedChannels == ["a", "d"])
        }
    }

    @Test func `The first event after a full journal has dropped a declaration declares the battery`() throws {
        let server = try RedisServer(appendOnly: false)
        server.stop()
        let fixture = try ClientFixture()
        let client = try fixture.client(server.url) {
            $0.segmentSize = 1 << 14
            $0.journalLimit = 2 << 14
        }
        let hypero = Hypero(client)
        let first = hypero.battery("first").experiment()
        while client.counters.dropped.journalFull == 0 { first.log(epoch: 1, train: 1) }
        // A segment that the sender still creates makes room again, so some batteries may be accepted.
        var experiment = first
        var number = 0
        let isDropped = eventually(within: .seconds(60)) {
            number += 1
            let dropped = client.counters.dropped.journalFull
            experiment = hypero.battery("second \(number)").experiment()
            experiment.log(epoch: 1, train: 1)
            // The declaration, the start and the row.
            return client.counters.dropped.journalFull == dropped + 3
        }
        try #require(isDropped)
        try server.restart()
        #expect(
            eventually(within: .seconds(120)) {
                let accepted = client.counters.accepted
                experiment.log(epoch: 2, train: 1)
                return client.counters.accepted > accepted
            })
        #expect(client.flush(until: .sent, deadline: .now + .seconds(60)))
        let events = try server.entries().compactMap(\.event)
        let second = try #require(events.first { $0.battery?.text.hasPrefix("second-\(number).") == true })
        #expect(second.body.kind == .battery)
        #expect(client.close(timeout: .seconds(60)))
    }
}

/// A handler that pauses a fork until another thread has made a log call.
private enum ForkPause {
    static let isForking = Atomic<Bool>(false)
    static let hasLogged = Atomic<Bool>(false)
    static let loggedDuringFork = Atomic<Bool>(false)

    static func run() {
        isForking.store(true, ordering: .releasing)
        let logged = eventually(within: .seconds(30)) { hasLogged.load(ordering: .acquiring) }
        loggedDuringFork.store(logged, ordering: .releasing)
    }
}

extension Journal {
    /// true if the sender has written the checksum of the last record in the first segment.
    fileprivate var lastIsSealed: Bool {
        let piece = withLock { currentPiece }
        var isSealed = false
        JournalFixture.forEachRecord(in: piece) { isSealed = $0.hasChecksum }
        return isSealed
    }
}
