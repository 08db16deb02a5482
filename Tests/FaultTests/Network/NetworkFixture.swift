import Foundation
import HyperoRedis
import HyperoSchema
import Synchronization
import TestSupport
import Testing

@testable import Hypero

/// A server behind a faulty proxy, with clients in this process and ingests in their own processes.
final class NetworkFixture: Sendable {
    let server: RedisServer
    let proxy: FaultyProxy
    let keyspace: Keyspace
    private let folder: TemporaryFolder
    private let recordedNotices = Mutex<[String]>([])

    /// The limit of waits that need no short deadline, generous enough for a loaded machine.
    static let timeout: Duration = .seconds(120)

    /// - Parameters:
    ///   - tcp: true for a TCP connection to the proxy, false for a unix socket.
    ///   - configuration: lines of the server's `redis.conf`.
    init(tcp: Bool = false, configuration: [String] = []) throws {
        server = try RedisServer(tcp: true, configuration: configuration)
        proxy = try FaultyProxy(to: server, tcp: tcp)
        keyspace = try Keyspace.all()[0]
        folder = try TemporaryFolder()
    }

    /// The folder of the clients' journals.
    var journal: String { folder.file("journal") }

    /// The size of the clients' journals in bytes.
    var journalBytes: Int {
        let files = FileManager.default.enumerator(atPath: journal)?.allObjects as? [String] ?? []
        return files.reduce(0) { sum, name in
            let attributes = try? FileManager.default.attributesOfItem(atPath: "\(journal)/\(name)")
            return sum
                + (attributes?[.type] as? FileAttributeType == .typeRegular ? attributes?[.size] as? Int ?? 0 : 0)
        }
    }

    /// Waits until no client holds the lock of a journal. The thread of a client releases it after `close` has returned, and an adopter
    /// leaves a locked journal alone.
    func waitUntilJournalsAreUnlocked(sourceLocation: SourceLocation = #_sourceLocation) {
        let areUnlocked = eventually(within: Self.timeout) {
            ((try? FileManager.default.contentsOfDirectory(atPath: journal)) ?? []).allSatisfy { name in
                let descriptor = open("\(journal)/\(name)", O_RDONLY | O_CLOEXEC)
                defer { close(descriptor) }
                return flock(descriptor, LOCK_EX | LOCK_NB) == 0
            }
        }
        #expect(areUnlocked, sourceLocation: sourceLocation)
    }

    /// The notices of the clients to the user.
    var notices: [String] { recordedNotices.withLock { $0 } }

    /// Creates a client that connects through the proxy.
    ///
    /// - Parameters:
    ///   - url: another URL than that of the proxy.
    ///   - configure: changes other settings.
    func client(
        url: String? = nil, password: String? = nil, configure: (inout Client.Configuration) -> Void = { _ in }
    ) throws -> Hypero {
        var configuration = Client.Configuration(url: url ?? proxy.url, seed: 7)
        var variables = ["HYPERO_JOURNAL": journal]
        variables["HYPERO_REDIS_PASSWORD"] = password
        configuration.environment = { [variables] in variables[$0] }
        configuration.notify = { notice in self.recordedNotices.withLock { $0.append(notice) } }
        configure(&configuration)
        return Hypero(try Client(configuration))
    }

    /// Starts an ingest that retains all entries for the naive model. Its lease is short enough to expire in a test.
    func ingest(at url: String, _ options: String...) throws -> ChildProcess {
        try ChildProcess(
            "hypero-ingest",
            ["--redis", url, "--lease", "2", "--retain", "100000000", "--log-level", "notice"] + options)
    }

    func connect(to server: RedisServer? = nil) throws -> RedisConnection {
        try RedisConnection.open(to: try RedisURL((server ?? self.server).url), name: "test", timeout: .seconds(60))
    }

    /// Writes entries directly to the server.
    func write(_ entries: [StreamEntry]) throws {
        var connection = try connect()
        for start in stride(from: 0, to: entries.count, by: 500) {
            var writer = RESPWriter()
            for entry in entries[start..<min(start + 500, entries.count)] { entry.add(to: keyspace.events, &writer) }
            try connection.send(writer)
            for _ in 0..<writer.commands {
                var reply = try connection.receive()
                _ = try reply.string()
            }
        }
    }

    /// Waits until the cursor has reached the id, and returns whether it has.
    func waitUntilApplied(through last: StreamID, within limit: Duration = timeout) -> Bool {
        eventually(within: limit) {
            StreamID(server.cli("HGET", keyspace.ingest, IngestField.cursor)).map { $0 >= last } ?? false
        }
    }

    /// Expects that the indexes equal the naive model of the stream, including the counts of duplicates and gaps.
    func expectIndexesMatchModel(on server: RedisServer? = nil) throws {
        let differences = try differences(on: server)
        #expect(differences == "", "\(differences)")
    }

    /// Returns the differences between the indexes and the naive model of the stream; empty if there are none.
    ///
    /// The comparison waits until the cursor has reached the end of the stream, because a client may still resend
    /// events that Redis lost.
    private func differences(on server: RedisServer? = nil) throws -> String {
        var connection = try connect(to: server)
        var differences = "the ingest did not reach the end of the stream"
        try eventually(within: Self.timeout) {
            let entries = try StreamEntry.all(of: keyspace.events, from: &connection)
            var cursor = try connection.call("HGET", keyspace.ingest, IngestField.cursor)
            guard let last = entries.last?.id, try cursor.string() == last.description else { return false }
            let found = try PartitionContent.read(from: &connection, keyspace)
            let later = try StreamEntry.all(of: keyspace.events, from: &connection)
            guard later.last?.id == last else { return false }
            differences = found.differences(fromExpected: NaiveModel.content(of: entries, in: keyspace))
            return true
        }
        return differences
    }

    /// Returns the sequence numbers up to `last` that the stream lacks, if it has only one producer.
    func missingNumbers(through last: UInt64, on server: RedisServer? = nil) throws -> [UInt64] {
        var connection = try connect(to: server)
        let entries = try StreamEntry.all(of: keyspace.events, from: &connection)
        return Set(1...last).subtracting(try entries.compactMap { try $0.decoded().origin?.seq }).sorted()
    }
}

extension Experiment {
    /// Logs rows whose objective is best in the last epoch.
    func logRows(_ epochs: Range<Int>) {
        for epoch in epochs { log(epoch: epoch, train: 0.5, valid: Double(epoch), test: 1 / Double(epoch + 1)) }
    }
}
