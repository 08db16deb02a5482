import Foundation
import HyperoRedis
import HyperoSchema
import TestSupport

/// One search of a chaos run: eight processes share its trials, while they, the ingests and Redis are killed and suspended.
final class SearchRun {
    static let trials = 200
    static let battery = BatteryID(name: "searching", version: 1, description: "")
    private static let timeout: Duration = .seconds(600)

    private let seed: UInt64
    private let testbed: Testbed
    private let nemesis: Nemesis
    private let start = ContinuousClock.now
    private var search: SearchID { SearchID(battery: Self.battery, name: "search", seed: seed) }

    init(seed: UInt64, faults: [Fault], servers: ServerGroup.Kind?) throws {
        self.seed = seed
        testbed = try Testbed(
            seed: seed, rate: 1, trainings: [.searching], isFlushed: false, python: nil, servers: servers)
        testbed.fleet.useSearch(trials: Self.trials, seed: seed)
        nemesis = Nemesis(testbed, faults: faults, seed: seed)
    }

    /// Injects faults until all trials have ended, and judges the search.
    func run() throws -> SearchVerdict {
        try testbed.start()
        let end = start + Self.timeout
        while !(try isFinished()) {
            guard ContinuousClock.now < end else {
                throw TestFailure("the search has not ended within \(Self.timeout): \(try hash())")
            }
            try nemesis.injectFault()
        }
        try testbed.group?.waitUntilWell()
        try testbed.fleet.stop()
        let adoption = try testbed.adoptAll(partitions: testbed.partitions, timeout: 120)
        guard adoption.succeeded else { throw TestFailure("adopt: \(adoption.stderr)") }
        try testbed.stopIngests()
        try testbed.drain(partitions: testbed.partitions)
        let losesWrites = nemesis.counts.keys.contains {
            [.cutFile, .failover, .killPrimary, .suspendPrimary].contains($0)
        }
        var verdict = SearchVerdict()
        let files = try FileManager.default.contentsOfDirectory(atPath: testbed.sides).filter {
            $0.hasSuffix(".search")
        }
        for file in files {
            verdict.read(try String(contentsOfFile: "\(testbed.sides)/\(file)", encoding: .utf8))
        }
        var connection = try connect()
        try verdict.judge(search, seed: seed, in: keyspace(), losesWrites: losesWrites, over: &connection)
        verdict.faults = nemesis.faultCount
        verdict.processes = testbed.fleet.startedCount
        verdict.differences += testbed.findings
        return verdict
    }

    private func keyspace() throws -> Keyspace {
        try Keyspace.all(partitions: testbed.partitions)[
            Keyspace.partition(of: search, among: testbed.partitions)]
    }

    private func connect() throws -> RedisConnection {
        try PartitionConnection.open(try keyspace(), at: try RedisURL(testbed.url))
    }

    private func hash() throws -> String {
        testbed.server.cli("HGETALL", try keyspace().search(search))
    }

    /// Returns whether all trials have ended. Without an answer of Redis they have not.
    private func isFinished() throws -> Bool {
        let servers = testbed.group?.servers ?? [testbed.server]
        let key = try keyspace().search(search)
        return servers.contains {
            $0.pid != nil && $0.cli("HGET", key, SearchField.ended) == "\(Self.trials)"
        }
    }

    /// Stops all processes, and moves the files of the run to a folder that is not removed.
    func keepFiles() throws -> String {
        testbed.fleet.kill()
        try? testbed.stopIngests()
        testbed.server.stop()
        let path = "/tmp/hypero-search-\(seed)-\(getpid())"
        let files = FileManager.default
        try files.createDirectory(atPath: path, withIntermediateDirectories: true)
        try files.copyItem(atPath: testbed.server.folder.path, toPath: "\(path)/redis")
        try files.moveItem(atPath: testbed.folder.path, toPath: "\(path)/run")
        try testbed.ingests.log.write(toFile: "\(path)/ingests.log", atomically: false, encoding: .utf8)
        try testbed.fleet.log.write(toFile: "\(path)/trainings.log", atomically: false, encoding: .utf8)
        try nemesis.log.joined(separator: "\n").write(toFile: "\(path)/faults.log", atomically: false, encoding: .utf8)
        return path
    }
}
