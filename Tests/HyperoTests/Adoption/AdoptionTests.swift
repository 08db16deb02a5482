import Foundation
import HyperoCore
import HyperoRedis
import HyperoSchema
import TestSupport
import Testing

@testable import Hypero

@Suite("What a process left is sent by the next one on the host", .serialized)
struct AdoptionTests {
    private let server: RedisServer
    private let bench: ClientFixture

    init() throws {
        server = try RedisServer(appendOnly: false)
        bench = try ClientFixture()
    }

    /// A client that logged so many rows while the server was away, and is gone.
    private func leave(rows: Int, _ configure: (inout Client.Configuration) -> Void = { _ in }) throws -> Client {
        server.stop()
        let client = try bench.client(server.url, configure)
        let experiment = Hypero(client).battery("b").experiment()
        for epoch in 0..<rows { experiment.log(epoch: epoch, train: Double(epoch)) }
        #expect(!client.close(timeout: .milliseconds(50)))
        let folder = bench.folder.file("journal") + "/" + client.producer.text
        #expect(eventually(within: .seconds(60)) { OwnProcess.mappings(below: folder) == 0 })
        try server.restart()
        return client
    }

    private func seqs(of client: Client) throws -> [UInt64] {
        try server.entries().filter { $0.event?.origin?.producer == client.producer }.compactMap(\.seq)
    }

    /// Says in the ingest's place that all is applied.
    private func apply(_ client: Client) {
        server.cli("HSET", "{hypero}:producer:\(client.producer.text)", "seq", "\(client.counters.accepted)")
    }

    @Test("All of it, under its own numbers; and the files go when it is applied")
    func adopted() throws {
        let first = try leave(rows: 500) { $0.segmentSize = 16 << 10 }
        #expect(bench.segments.count > 2)
        let second = try bench.client(server.url) { $0.durabilityWindow = .zero }
        #expect(eventually(within: .seconds(60)) { second.counters.adopted == 502 })
        #expect(try seqs(of: first) == Array(1...502))
        #expect(bench.journals.contains(first.producer.text))
        apply(first)
        #expect(eventually(within: .seconds(60)) { !bench.journals.contains(first.producer.text) })
        #expect(second.counters.damaged == 0)
        #expect(second.counters.accepted == 0)
        #expect(second.close(timeout: .seconds(60)))
        #expect(bench.journals == [])
        #expect(bench.mappings == 0)
    }

    @Test("What was applied before is not sent again")
    func watermark() throws {
        let first = try leave(rows: 10)
        server.cli("HSET", "{hypero}:producer:\(first.producer.text)", "seq", "9", "missing", "4-5")
        let second = try bench.client(server.url)
        #expect(eventually(within: .seconds(60)) { (try? seqs(of: first)) == Array(4...12) })
        #expect(second.close(timeout: .seconds(60)))
    }

    @Test("What its process saw acknowledged is not sent again as long as Redis has it")
    func acknowledged() throws {
        let first = try bench.client(server.url)
        let experiment = Hypero(first).battery("b").experiment()
        for epoch in 0..<100 { experiment.log(epoch: epoch, train: 1) }
        #expect(first.close(timeout: .seconds(60)))
        for hasForgotten in [false, true] {
            if hasForgotten { server.cli("XTRIM", "{hypero}:events", "MAXLEN", "40") }
            if hasForgotten { server.cli("XDEL", "{hypero}:events", try lastID()) }
            // The ingest is away. Whoever has the journal knows that all is sent, and the next one does too.
            for _ in 0..<2 {
                let next = try bench.client(server.url)
                #expect(eventually(within: .seconds(60)) { next.counters.adopted == 102 })
                #expect(next.close(timeout: .seconds(60)))
            }
            let expected: [UInt64] = hasForgotten ? Array(63...101) + Array(1...102) : Array(1...102)
            #expect(try seqs(of: first) == expected)
        }
    }

    private func lastID() throws -> String {
        String(server.cli("XREVRANGE", "{hypero}:events", "+", "-", "COUNT", "1").prefix { !$0.isNewline })
    }

    @Test("A process killed in the middle of its work leaves everything it logged")
    func killed() async throws {
        let url: String = server.url
        let place: String = bench.folder.file("journal")
        await #expect(processExitsWith: .signal(SIGKILL)) { [url = url as String, place = place as String] in
            var configuration = Client.Configuration(url: url + ".nobody")
            configuration.environment = { $0 == "HYPERO_JOURNAL" ? place : nil }
            configuration.notify = { _ in }
            let experiment = Hypero(try Client(configuration)).battery("b").experiment()
            for epoch in 0..<1_000 { experiment.log(epoch: epoch, train: 1) }
            kill(getpid(), SIGKILL)
        }
        let adoption = try adopt(matchesServer: false)
        #expect(adoption == 1_002)
        #expect(try server.seqs() == Array(1...1_002))
    }

    /// Sends all that was left, as the command does, with somebody who says that it is applied.
    private func adopt(matchesServer: Bool) throws -> UInt64 {
        var adoption = Adoption(
            Adoption.Scope(
                folder: bench.folder.file("journal"), url: try RedisURL(server.url), keyspaces: try Keyspace.all(),
                matchesServer: matchesServer, durabilityWindow: .zero, notify: bench.board.notify))
        adoption.scan()
        let names = bench.journals
        let isDone = eventually(within: .seconds(60)) {
            while true {
                switch adoption.step() {
                case .worked: continue
                case .waiting:
                    for name in names { server.cli("HSET", "{hypero}:producer:\(name)", "seq", "1000000") }
                    return false
                case .idle: return true
                }
            }
        }
        #expect(isDone)
        return adoption.events
    }

    @Test("Taken over and not looked at yet when the one who took it ends: it stays")
    func endsAtOnce() throws {
        let left = try leave(rows: 100)
        for steps in 0...3 {
            var adoption = Adoption(
                Adoption.Scope(
                    folder: bench.folder.file("journal"), url: try RedisURL(server.url), keyspaces: try Keyspace.all(),
                    matchesServer: true, durabilityWindow: .zero, notify: bench.board.notify))
            adoption.scan()
            for _ in 0..<steps { _ = adoption.step() }
            adoption.stop()
            #expect(bench.journals == [left.producer.text])
        }
        let next = try bench.client(server.url)
        #expect(eventually(within: .seconds(60)) { (try? seqs(of: left).count) ?? 0 >= 102 })
        #expect(Set(try seqs(of: left)) == Set(1...102))
        #expect(next.close(timeout: .seconds(60)))
    }

    @Test("A damaged record is not asked for again and again")
    func damaged() throws {
        let left = try leave(rows: 60)
        let segment = "\(bench.folder.file("journal"))/\(left.producer.text)/1.segment"
        var bytes = Array(try Data(contentsOf: URL(fileURLWithPath: segment)))
        let record = (bytes.count - SegmentHeader.size) / 62
        for number in [20, 40] { bytes[SegmentHeader.size + number * record + 30] ^= 1 }
        try Data(bytes).write(to: URL(fileURLWithPath: segment))
        let next = try bench.client(server.url) { $0.durabilityWindow = .milliseconds(200) }
        #expect(eventually(within: .seconds(60)) { next.counters.adopted > 0 })
        #expect((1...2).contains(next.counters.damaged))
        let missing = Set(1...62).subtracting(try seqs(of: left).map(Int.init)).sorted().map(String.init)
        server.cli(
            "HSET", "{hypero}:producer:\(left.producer.text)", "seq", "62", "missing", missing.joined(separator: " "))
        #expect(eventually(within: .seconds(60)) { !bench.journals.contains(left.producer.text) })
        #expect(try seqs(of: left).count == 62 - missing.count)
        #expect(next.close(timeout: .seconds(60)))
    }

    @Test("Never by two at once, and never from under a living one")
    func exclusive() throws {
        let living = try bench.client(ClientFixture.nowhere)
        let root = try JournalRoot(existing: bench.folder.file("journal"), environment: { _ in nil })
        func take(_ client: Client) -> OrphanedJournal.OpenResult {
            OrphanedJournal.open(client.producer.text, in: root, machine: .current) { _ in true }
        }
        guard case .locked = take(living) else { throw TestFailure("it was taken from under its client") }
        let left = try leave(rows: 3)
        guard case .opened(let journal) = take(left) else { throw TestFailure("it was not taken") }
        guard case .locked = take(left) else { throw TestFailure("it was taken twice") }
        withExtendedLifetime((living, journal)) {}
    }

    @Test("Many at once on one folder: each journal is sent by one of them")
    func crowd() throws {
        let left = try (0..<6).map { _ in try leave(rows: 200) }
        let clients = try (0..<4).map { _ in try bench.client(server.url) { $0.durabilityWindow = .zero } }
        #expect(
            eventually(within: .seconds(60)) {
                (try? left.allSatisfy { try seqs(of: $0).count >= 202 }) == true
            })
        for client in left {
            #expect(try seqs(of: client) == Array(1...202))
            apply(client)
        }
        #expect(eventually(within: .seconds(60)) { Set(bench.journals) == Set(clients.map(\.producer.text)) })
        #expect(clients.map(\.counters.adopted).reduce(0, +) == 6 * 202)
    }

    @Test("Not one of another server, namespace or partitioning")
    func foreign() throws {
        for change in [
            { $0.url = "redis://127.0.0.1:1" }, { $0.namespace = "other" }, { $0.partitions = 7 },
        ] as [(inout Client.Configuration) -> Void] {
            _ = try leave(rows: 1, change)
        }
        let left = bench.journals
        let ours = try leave(rows: 1)
        let client = try bench.client(server.url)
        #expect(eventually(within: .seconds(60)) { client.counters.adopted == 3 })
        #expect(try server.seqs() == [1, 2, 3])
        #expect(try seqs(of: ours).count == 3)
        #expect(bench.journals.filter(left.contains) == left)
    }

    @Test("One that cannot be read is told of once, and stays; things that are no journals are nobody's business")
    func odd() throws {
        let journals = bench.folder.file("journal")
        let manager = FileManager.default
        let left = try leave(rows: 3)
        let segment = "\(journals)/\(left.producer.text)/1.segment"
        var bytes = Array(try Data(contentsOf: URL(fileURLWithPath: segment)))
        bytes[8] = 99
        try Data(bytes).write(to: URL(fileURLWithPath: segment))
        // A file, empty folders, a folder without a lock, a lock that is a pipe, a segment that is one.
        try Data().write(to: URL(fileURLWithPath: "\(journals)/file"))
        let others = ["checkpoints", "e0e0e0e0e0", "n0n0n0n0n0", "p0p0p0p0p0", "q0q0q0q0q0", "Not An Id"]
        for name in others {
            try manager.createDirectory(atPath: "\(journals)/\(name)", withIntermediateDirectories: false)
        }
        try Data().write(to: URL(fileURLWithPath: "\(journals)/checkpoints/lock"))
        try Data(bytes).write(to: URL(fileURLWithPath: "\(journals)/n0n0n0n0n0/1.segment"))
        #expect(mkfifo("\(journals)/p0p0p0p0p0/lock", 0o600) == 0)
        try Data().write(to: URL(fileURLWithPath: "\(journals)/q0q0q0q0q0/lock"))
        #expect(mkfifo("\(journals)/q0q0q0q0q0/1.segment", 0o600) == 0)

        let client = try bench.client(server.url)
        let experiment = Hypero(client).battery("b").experiment()
        experiment.finish()
        #expect(client.flush(until: .sent, deadline: .now + .seconds(60)))
        #expect(eventually(within: .seconds(60)) { bench.board.count(containing: "cannot adopt the journal") == 2 })
        #expect(bench.board.count(containing: "format 99") == 1)
        #expect(client.counters.adopted == 0)
        #expect(manager.fileExists(atPath: segment))
        for name in others { #expect(manager.fileExists(atPath: "\(journals)/\(name)")) }
        #expect(manager.fileExists(atPath: "\(journals)/checkpoints/lock"))
        #expect(client.close(timeout: .seconds(60)))
    }

    @Test("A journal without a record is removed without asking anybody")
    func empty() throws {
        let name = try leave(rows: 1).producer.text
        let folder = bench.folder.file("journal") + "/" + name
        let header = try Data(contentsOf: URL(fileURLWithPath: folder + "/1.segment")).prefix(SegmentHeader.size)
        try header.write(to: URL(fileURLWithPath: folder + "/1.segment"))
        let client = try bench.client(server.url)
        #expect(eventually(within: .seconds(60)) { !bench.journals.contains(name) })
        #expect(client.counters.adopted == 0)
    }
}
