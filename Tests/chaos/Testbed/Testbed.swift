import Foundation
import TestSupport

/// The system under test: Redis, the network to it, trainings, ingests, and their folders.
final class Testbed {
    /// The current primary.
    private(set) var server: RedisServer
    let clientProxy: FaultyProxy
    let ingestProxy: FaultyProxy
    let folder: TemporaryFolder
    let fleet: Fleet
    let ingests: IngestPair

    /// The settings of Redis: the append-only file is rewritten, so that a long run does not fill the disk, and the
    /// faults need the other settings.
    private static let configuration = [
        "auto-aof-rewrite-percentage 100", "auto-aof-rewrite-min-size 64mb", "busy-reply-threshold 200",
        "repl-diskless-sync-delay 0", "enable-debug-command yes",
    ]

    init(seed: UInt64, rate: Int, trainings: [TrainingKind]) throws {
        server = try RedisServer(tcp: true, configuration: Self.configuration)
        clientProxy = try FaultyProxy(to: server)
        ingestProxy = try FaultyProxy(to: server)
        folder = try TemporaryFolder()
        try FileManager.default.createDirectory(atPath: folder.file("sides"), withIntermediateDirectories: false)
        fleet = Fleet(
            redis: clientProxy.url, sides: folder.file("sides"), journal: folder.file("journal"), rate: rate,
            kinds: trainings, seed: seed)
        ingests = IngestPair(redis: ingestProxy.url)
    }

    var sides: String { folder.file("sides") }
    var journal: String { folder.file("journal") }

    /// The names of the existing journals.
    var journals: [String] { (try? FileManager.default.contentsOfDirectory(atPath: journal)) ?? [] }

    func start() throws {
        try ingests.start()
        try fleet.replaceEnded()
    }

    /// Starts a replica of the primary, and waits until it has the primary's data.
    func makeReplica() throws -> RedisServer {
        let replica = try RedisServer(tcp: true, configuration: Self.configuration)
        try replica.follow(server)
        return replica
    }

    /// Kills the primary, makes the replica the new primary, and connects the proxies to it.
    func promote(_ replica: RedisServer) throws {
        server.kill()
        try replica.promote()
        server = replica
        clientProxy.move(to: replica)
        ingestProxy.move(to: replica)
    }
}
