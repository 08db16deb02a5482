import Foundation
import TestSupport

/// Everything that a run has: Redis, the networks to it, trainings, ingests, and their folders.
final class Stage {
    /// The one that is the primary now.
    private(set) var server: RedisServer
    let clientProxy: FaultyProxy
    let ingestProxy: FaultyProxy
    let folder: TemporaryFolder
    let fleet: Fleet
    let ingests: IngestPair

    /// Lets the file be rewritten when it has grown enough, so that a long run fits the disk; and what the faults need.
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

    /// The journals that are there.
    var journals: [String] { (try? FileManager.default.contentsOfDirectory(atPath: journal)) ?? [] }

    func begin() throws {
        try ingests.begin()
        try fleet.tend()
    }

    /// A further server as the first one, with its data.
    func replica() throws -> RedisServer {
        let replica = try RedisServer(tcp: true, configuration: Self.configuration)
        try replica.follow(server)
        return replica
    }

    /// The replica is the primary from now on, at the same address.
    func promote(_ replica: RedisServer) throws {
        server.kill()
        try replica.promote()
        server = replica
        clientProxy.move(to: replica)
        ingestProxy.move(to: replica)
    }

    func both(_ line: ProxyLine) {
        clientProxy.line = line
        ingestProxy.line = line
    }
}
