import Foundation
import Glibc
import HyperoCore
import HyperoRedis
import HyperoSchema
import TestSupport
import Testing

@testable import Hypero

@Suite("The adoption of orphaned journals", .serialized)
struct AdoptionTests {
    private let server: RedisServer
    private let fixture: ClientFixture

    init() throws {
        server = try RedisServer(appendOnly: false)
        fixture = try ClientFixture()
    }

    /// Creates an orphaned journal with rows that were logged while the server was stopped. Returns the closed client.
    private func makeOrphan(rows: Int, configure: (inout Client.Configuration) -> Void = { _ in }) throws -> Client {
        server.stop()
        let client = try fixture.client(server.url, configure: configure)
        let experiment = Hypero(client).battery("b").experiment()
        for epoch in 0..<rows { experiment.log(epoch: epoch, train: Double(epoch)) }
        #expect(!client.close(timeout: .milliseconds(50)))
        let folder = fixture.folder.file("journal") + "/" + client.producer.text
        #expect(eventually(within: .seconds(60)) { CurrentProcess.mappingCount(below: folder) == 0 })
        try server.restart()
        return client
    }

    private func seqs(of client: Client) throws -> [UInt64] {
        try server.entries().filter { $0.event?.origin?.producer == client.producer }.compactMap(\.seq)
    }

    /// Sets the watermark to the last event of the client, in place of an ingest.
    private func apply(_ client: Client) {
        server.cli("HSET", "{hypero}:producer:\(client.producer.text)", "seq", "\(client.counters.accepted)")
    }

    @Test func `An orphaned journal is sent under its own sequence numbers and removed when its events are durable`()
        throws
    {
        let first = try makeOrphan(rows: 500) { $0.segmentSize = 16 << 10 }
        #expect(fixture.segments.count > 2)
        let second = try fixture.client(server.url) { $0.durabilityWindow = .zero }
        #expect(eventually(within: .seconds(60)) { second.counters.adopted == 502 })
        #expect(try seqs(of: first) == Array(1...502))
        #expect(fixture.journals.contains(first.producer.text))
        apply(first)
        #expect(eventually(within: .seconds(60)) { !fixture.journals.contains(first.producer.text) })
        #expect(second.counters.damaged == 0)
        #expect(second.counters.accepted == 0)
        #expect(second.close(timeout: .seconds(60)))
        #expect(fixture.journals == [])
        #expect(fixture.mappingCount == 0)
    }

    @Test func `A client without a URL adopts the journal of one that found no server, until a server has some of it`()
        throws
    {
        let orphan = try OrphanFixture(rows: 6, isDefaultServer: true)
        let state = try TemporaryFolder()
        mkdir(state.file("hypero"), 0o700)
        // The server of `hypero up`.
        symlink((server.socket as NSString).deletingLastPathComponent, state.file("hypero/up"))
        func adoption(to url: String?) throws -> Adoption {
            Adoption(
                Adoption.Scope(
                    root: try JournalRoot(existing: orphan.folder.file("original"), environment: { _ in nil }),
                    url: try RedisURL(url, environment: { $0 == "XDG_STATE_HOME" ? state.path : nil }),
                    keyspaces: try Keyspace.all(), matchesServer: true, notify: fixture.recorder.notify))
        }
        /// Returns the journals that were left alone.
        func left(by adoption: consuming Adoption) -> [LeftReason] {
            adoption.scan()
            while case .worked = adoption.step() {}
            return Array(adoption.left.values)
        }
        #expect(try left(by: adoption(to: server.url)) == [.otherServer("redis://nowhere:1")])
        var first = try adoption(to: nil)
        first.scan()
        #expect(
            try eventually(within: .seconds(60)) {
                _ = first.step()
                return try server.entries().count >= 6
            })
        first.stop()
        #expect(try server.seqs() == Array(1...UInt64(orphan.rows)))
        #expect(try left(by: adoption(to: nil)) == [.otherServer("redis://nowhere:1")])
    }

    @Test func `Applied events of an orphaned journal are not resent`() throws {
        let first = try makeOrphan(rows: 10)
        server.cli("HSET", "{hypero}:producer:\(first.producer.text)", "seq", "9", "missing", "4-5")
        let second = try fixture.client(server.url)
        #expect(eventually(within: .seconds(60)) { (try? seqs(of: first)) == Array(4...12) })
        #expect(second.close(timeout: .seconds(60)))
    }

    @Test func `Acknowledged events of an orphaned journal are resent only if Redis has lost them`() throws {
        let first = try fixture.client(server.url)
        let experiment = Hypero(first).battery("b").experiment()
        for epoch in 0..<100 { experiment.log(epoch: epoch, train: 1) }
        #expect(first.close(timeout: .seconds(60)))
        for hasLostEvents in [false, true] {
            if hasLostEvents { server.cli("XTRIM", "{hypero}:events", "MAXLEN", "40") }
            if hasLostEvents { server.cli("XDEL", "{hypero}:events", try lastID()) }
            // Without an ingest, no event is applied. The journal records that all events were acknowledged.
            for _ in 0..<2 {
                let adopter = try fixture.client(server.url)
                #expect(eventually(within: .seconds(60)) { adopter.counters.adopted == 102 })
                #expect(adopter.close(timeout: .seconds(60)))
            }
            let expected: [UInt64] = hasLostEvents ? Array(63...101) + Array(1...102) : Array(1...102)
            #expect(try seqs(of: first) == expected)
        }
    }

    private func lastID() throws -> String {
        String(server.cli("XREVRANGE", "{hypero}:events", "+", "-", "COUNT", "1").prefix { !$0.isNewline })
    }

    @Test func `Every event of a killed process is adopted`() async throws {
        let url: String = server.url
        let path: String = fixture.folder.file("journal")
        await #expect(processExitsWith: .signal(SIGKILL)) { [url = url as String, path = path as String] in
            var configuration = Client.Configuration(url: url + ".unreachable")
            configuration.environment = { $0 == "HYPERO_JOURNAL" ? path : nil }
            configuration.notify = { _ in }
            let experiment = Hypero(try Client(configuration)).battery("b").experiment()
            for epoch in 0..<1_000 { experiment.log(epoch: epoch, train: 1) }
            kill(getpid(), SIGKILL)
        }
        let adoption = try adopt(matchesServer: false)
        // The last one is the end of the open experiment as lost.
        #expect(adoption == 1_003)
        #expect(try server.seqs() == Array(1...1_003))
    }

    /// Sends every orphaned journal, like `hypero-ingest adopt`, and sets the watermarks in place of an ingest.
    ///
    /// - Returns: the number of adopted events.
    private func adopt(matchesServer: Bool) throws -> UInt64 {
        var adoption = Adoption(
            Adoption.Scope(
                root: try fixture.root(), url: try RedisURL(server.url), keyspaces: try Keyspace.all(),
                matchesServer: matchesServer, durabilityWindow: .zero, notify: fixture.recorder.notify))
        adoption.scan()
        let names = fixture.journals
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

    @Test func `A journal is kept if its adopter ends before it has sent the events`() throws {
        let orphan = try makeOrphan(rows: 100)
        for steps in 0...3 {
            var adoption = Adoption(
                Adoption.Scope(
                    root: try fixture.root(), url: try RedisURL(server.url),
                    keyspaces: try Keyspace.all(),
                    matchesServer: true, durabilityWindow: .zero, notify: fixture.recorder.notify))
            adoption.scan()
            for _ in 0..<steps { _ = adoption.step() }
            adoption.stop()
            #expect(fixture.journals == [orphan.producer.text])
        }
        let adopter = try fixture.client(server.url)
        #expect(eventually(within: .seconds(60)) { (try? seqs(of: orphan).count) ?? 0 >= 102 })
        #expect(Set(try seqs(of: orphan)) == Set(1...102))
        #expect(adopter.close(timeout: .seconds(60)))
    }

    @Test func `A damaged record does not prevent the removal of an orphaned journal`() throws {
        let orphan = try makeOrphan(rows: 60)
        let segment = "\(fixture.folder.file("journal"))/\(orphan.producer.text)/1.segment"
        var bytes = try OrphanFixture.contents(ofFile: segment)
        let recordSize = (bytes.count - SegmentHeader.size) / 62
        for number in [20, 40] { bytes[SegmentHeader.size + number * recordSize + 30] ^= 1 }
        let size = try #require(FileStatus(of: segment)).size
        try Data(bytes + [UInt8](repeating: 0, count: size - bytes.count)).write(to: URL(fileURLWithPath: segment))
        let adopter = try fixture.client(server.url) { $0.durabilityWindow = .milliseconds(200) }
        #expect(eventually(within: .seconds(60)) { adopter.counters.adopted > 0 })
        #expect((1...2).contains(adopter.counters.damaged))
        let missing = Set(1...62).subtracting(try seqs(of: orphan).map(Int.init)).sorted().map(String.init)
        server.cli(
            "HSET", "{hypero}:producer:\(orphan.producer.text)", "seq", "62", "missing", missing.joined(separator: " "))
        #expect(eventually(within: .seconds(60)) { !fixture.journals.contains(orphan.producer.text) })
        #expect(try seqs(of: orphan).count == 62 - missing.count)
        #expect(adopter.close(timeout: .seconds(60)))
    }

    @Test func `A file that was shortened is reported and counted, and its other records are sent`() throws {
        let orphan = try makeOrphan(rows: 60)
        let segment = "\(fixture.folder.file("journal"))/\(orphan.producer.text)/1.segment"
        #expect(truncate(segment, 4_096) == 0)
        let adopter = try fixture.client(server.url) { $0.durabilityWindow = .milliseconds(200) }
        #expect(eventually(within: .seconds(60)) { adopter.counters.adopted > 0 })
        #expect(adopter.counters.damaged >= 1)
        #expect(fixture.recorder.count(containing: "a file of the journal was shortened: \(segment) has 4096 of ") == 1)
        #expect(try seqs(of: orphan).count >= 20)
        #expect(adopter.close(timeout: .seconds(60)))
    }

    @Test func `A journal is not adopted while its client is open or another client has adopted it`() throws {
        let open = try fixture.client(ClientFixture.unreachableURL)
        let root = try JournalRoot(existing: fixture.folder.file("journal"), environment: { _ in nil })
        func isLocked(_ client: Client) -> Bool {
            let result = OrphanedJournal.open(client.producer.text, in: root, machine: .current) { _ in true }
            return if case .locked = result { true } else { false }
        }
        #expect(isLocked(open))
        let orphan = try makeOrphan(rows: 3)
        guard
            case .opened(let journal) = OrphanedJournal.openUnlocked(
                orphan.producer.text, in: root, machine: .current, where: { _ in true })
        else { throw TestFailure("the orphaned journal was not adopted") }
        #expect(isLocked(orphan))
        withExtendedLifetime((open, journal)) {}
    }

    @Test func `Each orphaned journal is sent by only one of several concurrent adopters`() throws {
        let orphans = try (0..<6).map { _ in try makeOrphan(rows: 200) }
        let clients = try (0..<4).map { _ in try fixture.client(server.url) { $0.durabilityWindow = .zero } }
        #expect(
            eventually(within: .seconds(60)) {
                (try? orphans.allSatisfy { try seqs(of: $0).count >= 202 }) == true
            })
        for client in orphans {
            #expect(try seqs(of: client) == Array(1...202))
            apply(client)
        }
        #expect(eventually(within: .seconds(60)) { Set(fixture.journals) == Set(clients.map(\.producer.text)) })
        #expect(clients.map(\.counters.adopted).reduce(0, +) == 6 * 202)
    }

    @Test func `A journal of another server, namespace or number of partitions is not adopted`() throws {
        for change in [
            { $0.url = "redis://127.0.0.1:1" }, { $0.namespace = "other" }, { $0.partitions = 7 },
        ] as [(inout Client.Configuration) -> Void] {
            _ = try makeOrphan(rows: 1, configure: change)
        }
        let foreign = fixture.journals
        let orphan = try makeOrphan(rows: 1)
        let client = try fixture.client(server.url)
        #expect(eventually(within: .seconds(60)) { client.counters.adopted == 3 })
        #expect(try server.seqs() == [1, 2, 3])
        #expect(try seqs(of: orphan).count == 3)
        #expect(fixture.journals.filter(foreign.contains) == foreign)
    }

    @Test func `An unreadable journal is reported once and kept, and unrelated files are ignored`() throws {
        let journals = fixture.folder.file("journal")
        let manager = FileManager.default
        let orphan = try makeOrphan(rows: 3)
        let segment = "\(journals)/\(orphan.producer.text)/1.segment"
        var bytes = Array(try Data(contentsOf: URL(fileURLWithPath: segment)))
        bytes[8] = 99
        try Data(bytes).write(to: URL(fileURLWithPath: segment))
        // A file, empty folders, a folder without a lock, a lock that is a pipe, and a segment that is a pipe.
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

        let client = try fixture.client(server.url)
        let experiment = Hypero(client).battery("b").experiment()
        experiment.finish()
        #expect(client.flush(until: .sent, deadline: .now + .seconds(60)))
        #expect(
            eventually(within: .seconds(60)) { fixture.recorder.count(containing: "cannot adopt the journal") == 4 })
        #expect(fixture.recorder.count(containing: "format 99") == 2)
        #expect(client.counters.adopted == 0)
        #expect(manager.fileExists(atPath: segment))
        for name in others { #expect(manager.fileExists(atPath: "\(journals)/\(name)")) }
        #expect(manager.fileExists(atPath: "\(journals)/checkpoints/lock"))
        #expect(client.close(timeout: .seconds(60)))
    }

    @Test func `An orphaned journal without records is removed`() throws {
        let name = try makeOrphan(rows: 1).producer.text
        let folder = fixture.folder.file("journal") + "/" + name
        let header = try Data(contentsOf: URL(fileURLWithPath: folder + "/1.segment")).prefix(SegmentHeader.size)
        try header.write(to: URL(fileURLWithPath: folder + "/1.segment"))
        let client = try fixture.client(server.url)
        #expect(eventually(within: .seconds(60)) { !fixture.journals.contains(name) })
        #expect(client.counters.adopted == 0)
    }
}
