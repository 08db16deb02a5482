import Foundation
import HyperoSchema
import TestSupport
import Testing

@testable import Hypero

/// A server with an ingest, for searches of real clients.
struct SearchLoopFixture {
    let server: RedisServer
    let ingest: ChildProcess
    let partitions: Int
    private let folder: TemporaryFolder

    init(partitions: Int = 1) throws {
        server = try RedisServer()
        folder = try TemporaryFolder()
        self.partitions = partitions
        ingest = try ChildProcess("hypero-ingest", ["--redis", server.url, "--partitions", "\(partitions)"])
    }

    func client(
        journalLimit: Int = 256 << 20, onNotice: @escaping @Sendable (String) -> Void = { _ in }
    ) throws -> Hypero {
        var configuration = Client.Configuration(
            url: server.url, partitions: partitions, journalLimit: journalLimit)
        configuration.segmentSize = min(configuration.segmentSize, journalLimit / 2)
        configuration.environment = { [folder] in $0 == "HYPERO_JOURNAL" ? folder.file("journal") : nil }
        configuration.notify = onNotice
        return Hypero(try Client(configuration))
    }

    func keyspace(of search: Search) throws -> Keyspace {
        let id = try #require(SearchID(search.id))
        return try Keyspace.all(partitions: partitions)[Keyspace.partition(of: id, among: partitions)]
    }

    func field(_ name: String, of search: Search) throws -> String {
        server.cli("HGET", try keyspace(of: search).search(try #require(SearchID(search.id))), name)
    }

    func field(_ name: String, trial: Int, of search: Search) throws -> String {
        let experiment = try #require(ExperimentID("\(search.id)-\(trial)"))
        return server.cli("HGET", try keyspace(of: search).experiment(experiment), name)
    }

    /// Returns a search of the battery `loop`.
    static func search(
        _ hypero: Hypero, trials: Int, sampler: Search.Sampler = .random, stopping: Search.Stopping? = nil,
        lease: Duration = .seconds(600)
    ) -> Search {
        hypero.battery("loop", objective: "loss").search(
            trials: trials, seed: 7, sampler: sampler, stopping: stopping, lease: lease)
    }
}
