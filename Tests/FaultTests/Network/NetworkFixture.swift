import Foundation
import HyperoRedis
import HyperoSchema
import Synchronization
import TestSupport
import Testing

@testable import Hypero

/// A server behind a bad network, and those who work over it: clients in this process, ingests in their own.
final class NetworkFixture: Sendable {
    let server: RedisServer
    let proxy: FaultyProxy
    let keyspace: Keyspace
    private let folder: TemporaryFolder
    private let recordedNotices = Mutex<[String]>([])

    /// For what happens as soon as it can; a loaded machine makes it late.
    static let timeout: Duration = .seconds(120)

    /// - Parameters:
    ///   - tcp: whether the network is TCP; else a unix socket.
    ///   - configuration: lines of the server's `redis.conf`.
    init(tcp: Bool = false, configuration: [String] = []) throws {
        server = try RedisServer(tcp: true, configuration: configuration)
        proxy = try FaultyProxy(to: server, tcp: tcp)
        keyspace = try Keyspace.all()[0]
        folder = try TemporaryFolder()
    }

    /// Where the clients' journals are.
    var journal: String { folder.file("journal") }

    /// What clients recordedNotices a person.
    var notices: [String] { recordedNotices.withLock { $0 } }

    /// A client that goes through the proxy.
    func client(password: String? = nil) throws -> Hypero {
        var configuration = Client.Configuration(url: proxy.url, seed: 7)
        var variables = ["HYPERO_JOURNAL": journal]
        variables["HYPERO_REDIS_PASSWORD"] = password
        configuration.environment = { [variables] in variables[$0] }
        configuration.notify = { sentence in self.recordedNotices.withLock { $0.append(sentence) } }
        return Hypero(try Client(configuration))
    }

    /// An ingest that keeps the whole stream for the model; its lease is short enough to run out in a test.
    func ingest(at url: String, _ options: String...) throws -> ChildProcess {
        try ChildProcess(
            "hypero-ingest",
            ["--redis", url, "--lease", "2", "--retain", "100000000", "--log-level", "notice"] + options)
    }

    func connect(to server: RedisServer? = nil) throws -> RedisConnection {
        try RedisConnection.open(to: try RedisURL((server ?? self.server).url), name: "fixture", timeout: .seconds(60))
    }

    /// Writes entries past the network.
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

    /// Waits until the entry of this id is applied.
    func waitUntilApplied(through last: StreamID, within limit: Duration = timeout) -> Bool {
        eventually(within: limit) {
            StreamID(server.cli("HGET", keyspace.ingest, IngestField.cursor)).map { $0 >= last } ?? false
        }
    }

    /// Expects the indexes to be what the naive model makes of the stream, counts of duplicates and gaps included.
    func expectIndexesMatchModel(on server: RedisServer? = nil) throws {
        let differences = try differences(on: server)
        #expect(differences == "", "\(differences)")
    }

    /// How the indexes differ from what the naive model makes of the stream; empty when they do not.
    ///
    /// Looks when the ingest is through with the stream: a client may still send again what Redis forgot.
    private func differences(on server: RedisServer? = nil) throws -> String {
        var connection = try connect(to: server)
        var differences = "the stream does not come to rest"
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

    /// Which of the first numbers of a client's only producer are not in the stream.
    func missingNumbers(through last: UInt64, on server: RedisServer? = nil) throws -> [UInt64] {
        var connection = try connect(to: server)
        let entries = try StreamEntry.all(of: keyspace.events, from: &connection)
        return Set(1...last).subtracting(try entries.compactMap { try $0.decoded().origin?.seq }).sorted()
    }
}

extension Experiment {
    /// Logs rows whose best is the last.
    func logRows(_ epochs: Range<Int>) {
        for epoch in epochs { log(epoch: epoch, train: 0.5, valid: Double(epoch), test: 1 / Double(epoch + 1)) }
    }
}
