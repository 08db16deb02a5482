import Foundation
@testable import Hypero
import HyperoRedis
import HyperoSchema
import Synchronization
import TestSupport
import Testing

/// Journals that a client or `hypero-ingest adopt` leaves alone, and says so.
@Suite("Journals that are left alone")
struct LeftJournalTests {
    private static func adopt(_ folder: TemporaryFolder, at url: String, _ options: String...) throws
        -> ChildProcess.Outcome
    {
        try ChildProcess.run(
            "hypero-ingest",
            ["adopt", "--journal", folder.file("journal"), "--redis", url, "--settle", "0.1"] + options,
            within: .seconds(120))
    }

    /// Creates an orphaned journal of 102 events for a server that is away.
    private static func makeOrphan(in folder: TemporaryFolder, url: String, partitions: Int = 1) throws {
        var configuration = Client.Configuration(url: url, partitions: partitions, seed: 7)
        let path = folder.file("journal")
        configuration.environment = { $0 == "HYPERO_JOURNAL" ? path : nil }
        configuration.notify = { _ in }
        let hypero = Hypero(try Client(configuration))
        hypero.battery("left").experiment().logRows(0..<100)
        #expect(!hypero.close(timeout: .milliseconds(50)))
    }

    private static func journals(in folder: TemporaryFolder) throws -> [String] {
        try FileManager.default.contentsOfDirectory(atPath: folder.file("journal"))
    }

    /// Runs `adopt` until it sees the journal: the thread of the closed client releases the lock a little later.
    private static func adoptOnceUnlocked(
        _ folder: TemporaryFolder, at url: String, until isSeen: (ChildProcess.Outcome) -> Bool
    ) throws -> ChildProcess.Outcome {
        var outcome = try adopt(folder, at: url)
        _ = try eventually(within: NetworkFixture.timeout) {
            if isSeen(outcome) { return true }
            outcome = try adopt(folder, at: url)
            return false
        }
        return outcome
    }

    @Test func `A client that closes with unsent events names the command that sends them`() throws {
        let folder = try TemporaryFolder()
        let recorder = Recorder()
        var configuration = Client.Configuration(url: "unix:///nowhere/redis.sock", namespace: "vision", partitions: 4)
        let path = folder.file("journal")
        configuration.environment = { $0 == "HYPERO_JOURNAL" ? path : nil }
        configuration.notify = recorder.record
        let hypero = Hypero(try Client(configuration))
        hypero.battery("left").experiment().logRows(0..<1)
        #expect(!hypero.close(timeout: .milliseconds(50)))
        let command =
            "`hypero-ingest adopt --journal \(path) --redis unix:///nowhere/redis.sock --namespace vision --partitions 4`"
        #expect(eventually(within: NetworkFixture.timeout) { recorder.messages.contains { $0.contains(command) } })
    }

    @Test func `A journal of another number of partitions is reported with its number, and sent with it`() throws {
        let folder = try TemporaryFolder()
        let server = try RedisServer(appendOnly: false)
        server.stop()
        try Self.makeOrphan(in: folder, url: server.url, partitions: 4)
        let before = try Self.journals(in: folder)
        try server.restart()

        let outcome = try Self.adoptOnceUnlocked(folder, at: server.url) { !$0.stderr.isEmpty }
        #expect(outcome.ending == .exited(1))
        #expect(outcome.stdout == "no journals sent from \(folder.file("journal"))\n")
        #expect(
            outcome.stderr.contains("it was written with 4 partitions, not 1")
                && outcome.stderr.contains("hypero-ingest adopt --partitions 4"), "\(outcome.stderr)")
        #expect(try Self.journals(in: folder) == before)

        let ingest = try ChildProcess("hypero-ingest", ["--redis", server.url, "--partitions", "4"])
        defer { ingest.kill() }
        let sent = try Self.adopt(folder, at: server.url, "--partitions", "4")
        #expect(sent.ending == .exited(0), "\(sent.stderr)")
        #expect(try Self.journals(in: folder) == [])
    }

    @Test func `A journal of other sentinels is left alone, and the message can be repeated`() throws {
        let folder = try TemporaryFolder()
        let server = try RedisServer(appendOnly: false)
        let url = "redis+sentinel://127.0.0.1:1,127.0.0.1:2,127.0.0.1:3,127.0.0.1:4,127.0.0.1:5/main"
        try Self.makeOrphan(in: folder, url: url)
        let outcome = try Self.adoptOnceUnlocked(folder, at: server.url) { $0.stderr.contains("not sent") }
        #expect(
            outcome.stderr.contains("written for \(url), not \(server.url). Give --redis \(url) to send it there, or"),
            "\(outcome.stderr)")
    }

    @Test func `A journal that was written for many servers is sent by a program with one of them`() throws {
        let fixture = try NetworkFixture()
        let ingest = try fixture.ingest(at: fixture.server.url)
        defer { ingest.kill() }
        let address = "127.0.0.1:\(fixture.server.port ?? 0)"
        let folder = try TemporaryFolder()
        fixture.server.stop()
        let dead = (1...40).map { "127.0.0.\($0 + 1):1" }.joined(separator: ",")
        try Self.makeOrphan(in: folder, url: "redis://\(address),\(dead)")
        try fixture.server.restart()
        let outcome = try Self.adoptOnceUnlocked(folder, at: "redis://\(address)") { $0.stdout.contains("removed") }
        #expect(outcome.stdout.contains("1 journal sent and removed"), "\(outcome)")
    }

    @Test func `Journals that are adopted do not each ask a server that another one has found to be of no use`() throws
    {
        let fixture = try NetworkFixture()
        let ingest = try fixture.ingest(at: fixture.server.url)
        defer { ingest.kill() }
        let folder = try TemporaryFolder()
        // Passed over by its role.
        let replica = try RedisServer(tcp: true, configuration: ["replicaof 127.0.0.1 1"])
        let url = "redis://127.0.0.1:\(replica.port ?? 0),127.0.0.1:\(fixture.server.port ?? 0)"
        fixture.server.stop()
        for _ in 0..<6 { try Self.makeOrphan(in: folder, url: url) }
        try fixture.server.restart()
        func connections() -> Int {
            let line = replica.cli("INFO", "stats").split(whereSeparator: \.isNewline).first {
                $0.hasPrefix("total_connections_received")
            }
            return line.flatMap { Int($0.split(separator: ":")[1].filter(\.isNumber)) } ?? 0
        }
        // The threads of the closed clients release the locks a little later.
        #expect(
            try eventually(within: NetworkFixture.timeout) {
                try ChildProcess.run(
                    "hypero-ingest", ["journals", "--journal", folder.file("journal"), "--format", "csv"]
                )
                .stdout.matches(of: /,orphaned,/).count == 6
            })
        let before = connections()
        let outcome = try Self.adopt(folder, at: url)
        #expect(outcome.stdout.contains("6 journals sent and removed"), "\(outcome)")
        // One of the adoption, and one of redis-cli.
        #expect(connections() - before == 2)
    }

    @Test func `A client reports a journal of another number of partitions once`() throws {
        let folder = try TemporaryFolder()
        let server = try RedisServer(appendOnly: false)
        server.stop()
        try Self.makeOrphan(in: folder, url: server.url, partitions: 4)
        try server.restart()
        let recorder = Recorder()
        var scope = Adoption.Scope(
            root: try JournalRoot(existing: folder.file("journal")), url: try RedisURL(server.url),
            keyspaces: try Keyspace.all(), matchesServer: true, notify: recorder.record)
        scope.maxConcurrent = 1
        var adoption = Adoption(scope)
        #expect(
            eventually(within: NetworkFixture.timeout) {
                adoption.scan()
                while case .worked = adoption.step() {}
                return !recorder.messages.isEmpty
            })
        for _ in 0..<3 {
            adoption.scan()
            while case .worked = adoption.step() {}
        }
        #expect(recorder.messages.count == 1)
        #expect(recorder.messages.first?.contains("hypero-ingest adopt --partitions 4") == true, "\(recorder.messages)")
    }

    @Test func `Journals of a partition without an ingest do not keep those of another partition waiting`() throws {
        let folder = try TemporaryFolder()
        let server = try RedisServer(appendOnly: false)
        server.stop()
        for _ in 0..<12 { try Self.makeOrphan(in: folder, url: server.url, partitions: 2) }
        let keyspaces = try Keyspace.all(partitions: 2)
        let names = try Self.journals(in: folder)
        let tags = names.map { keyspaces[Keyspace.partition(of: ProducerID($0)!, among: 2)].tag }
        try server.restart()
        var scope = Adoption.Scope(
            root: try JournalRoot(existing: folder.file("journal")), url: try RedisURL(server.url),
            keyspaces: keyspaces,
            matchesServer: true, durabilityWindow: .zero
        ) { _ in }
        scope.maxConcurrent = 2
        var adoption = Adoption(scope)
        // Applied in place of an ingest: those of the second partition first.
        func remaining(_ tag: String) throws -> Int {
            Set(try Self.journals(in: folder)).intersection(zip(names, tags).filter { $1 == tag }.map(\.0)).count
        }
        for keyspace in [keyspaces[1], keyspaces[0]] {
            for (name, tag) in zip(names, tags) where tag == keyspace.tag {
                server.cli("HSET", keyspace.producer(ProducerID(name)!), "seq", "102")
            }
            let areRemoved = try eventually(within: NetworkFixture.timeout) {
                // The thread of a closed client releases the lock a little later.
                adoption.scan()
                for _ in 0..<1_000 { _ = adoption.step() }
                #expect(adoption.openJournals <= 2)
                return try remaining(keyspace.tag) == 0
            }
            #expect(areRemoved)
            if keyspace.tag == keyspaces[1].tag {
                #expect(try remaining(keyspaces[0].tag) == tags.count { $0 == keyspaces[0].tag })
            }
        }
        #expect(adoption.finishedJournals == 12)
        #expect(adoption.events == 12 * 102)
        #expect(adoption.remainingJournals == 0)
    }

    @Test func `A journal of another server is listed, and sent only if this is asked for`() throws {
        let folder = try TemporaryFolder()
        let server = try RedisServer(appendOnly: false)
        try Self.makeOrphan(in: folder, url: "unix:///nowhere/redis.sock")
        let ingest = try ChildProcess("hypero-ingest", ["--redis", server.url])
        defer { ingest.kill() }
        let left = try Self.adoptOnceUnlocked(folder, at: server.url) { !$0.stderr.isEmpty }
        #expect(left.ending == .exited(1))
        #expect(left.stdout == "no journals sent from \(folder.file("journal"))\n")
        #expect(
            left.stderr
                == """
                hypero-ingest: 1 journal not sent: written for unix:///nowhere/redis.sock, not \(server.url). Give \
                --redis unix:///nowhere/redis.sock to send it there, or --any-server to send it to \(server.url)

                """)
        let sent = try Self.adopt(folder, at: server.url, "--any-server")
        #expect(sent.ending == .exited(0), "\(sent.stderr)")
        #expect(
            sent.stdout
                == """
                1 journal sent and removed; Redis has acknowledged 102 events
                1 journal written for unix:///nowhere/redis.sock, sent to \(server.url)

                """)
        #expect(try Self.journals(in: folder) == [])
    }

    @Test func `A journal whose lock file was removed is adopted`() throws {
        let folder = try TemporaryFolder()
        let server = try RedisServer(appendOnly: false)
        server.stop()
        try Self.makeOrphan(in: folder, url: server.url)
        let name = try #require(try Self.journals(in: folder).first)
        // Earlier versions found no journal without the file.
        try? FileManager.default.removeItem(atPath: folder.file("journal/\(name)/lock"))
        try server.restart()
        let ingest = try ChildProcess("hypero-ingest", ["--redis", server.url])
        defer { ingest.kill() }
        let outcome = try Self.adoptOnceUnlocked(folder, at: server.url) { !$0.stdout.hasPrefix("no journals sent") }
        #expect(outcome.ending == .exited(0))
        #expect(outcome.stdout == "1 journal sent and removed; Redis has acknowledged 102 events\n")
    }

    @Test func `hypero-ingest adopt gives up a forged segment of 8 MiB`() throws {
        let folder = try TemporaryFolder()
        try Self.makeOrphan(in: folder, url: ClientURL.unreachable)
        let name = try #require(try Self.journals(in: folder).first)
        let path = folder.file("journal/\(name)/1.segment")
        var bytes = Array(try Data(contentsOf: URL(fileURLWithPath: path)))
        // After the records of the client: bytes at each step of 48 that look like a record which fills the rest.
        let size = bytes.count
        bytes.withUnsafeMutableBytes { buffer in
            var seq: UInt64 = 1_000
            for offset in stride(from: 32_768, to: size - 1_000, by: 48) {
                let base = buffer.baseAddress! + offset
                let length = UInt32(size - offset)
                base.storeBytes(of: length, as: UInt32.self)
                base.storeBytes(of: 1, toByteOffset: 4, as: UInt32.self)
                // The kind `meta`, and one field.
                base.storeBytes(of: 4 | 1 << 16, toByteOffset: 8, as: UInt32.self)
                base.storeBytes(of: seq, toByteOffset: 16, as: UInt64.self)
                base.storeBytes(of: length - 48, toByteOffset: 44, as: UInt32.self)
                seq += 1
            }
        }
        try FileHandle(forWritingTo: URL(fileURLWithPath: path)).write(contentsOf: Data(bytes))
        let outcome = try Self.adoptOnceUnlocked(folder, at: ClientURL.unreachable) { !$0.stderr.isEmpty }
        #expect(outcome.ending == .exited(1))
        #expect(outcome.stderr.contains("overlap"), "\(outcome.stderr)")
    }
}

private enum ClientURL {
    static let unreachable = "unix:///nowhere/redis.sock"
}

/// A thread-safe list of messages.
private final class Recorder: Sendable {
    private let list = Mutex<[String]>([])

    var messages: [String] { list.withLock { $0 } }

    func record(_ message: String) {
        list.withLock { $0.append(message) }
    }
}
