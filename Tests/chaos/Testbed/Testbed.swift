import ChaosLog
import Foundation
import Glibc
import HyperoSchema
import TestSupport

/// The system under test: Redis, the network to it, trainings, ingests, and their folders.
final class Testbed {
    /// The current primary. In a run with several servers, one of them.
    private(set) var server: RedisServer
    /// The servers of a run with several; nil for one server behind the proxies.
    let group: ServerGroup?
    /// The URL for programs that no proxy disturbs.
    var url: String { group?.url ?? server.url }
    let clientProxy: FaultyProxy
    let ingestProxy: FaultyProxy
    let folder: TemporaryFolder
    let fleet: Fleet
    let ingests: IngestPair
    /// The folder that another user attacks; nil before the first attack.
    var victim: Victim?
    /// The side files at the last FLUSHALL; nil before the first.
    var marks: SideCalls.Marks?
    /// The deletions that the run has requested.
    var deletions = Deletions()
    /// Broken promises other than differences of the indexes, each once.
    private(set) var findings: [String] = []
    /// The number of partitions of the deployment.
    private(set) var partitions = 1

    /// The settings of Redis: the append-only file is rewritten, so that a long run does not fill the disk, and the
    /// faults need the other settings.
    private static let configuration = [
        "auto-aof-rewrite-percentage 100", "auto-aof-rewrite-min-size 64mb", "busy-reply-threshold 200",
        "repl-diskless-sync-delay 0", "enable-debug-command yes",
    ]

    init(
        seed: UInt64, rate: Int, trainings: [TrainingKind], isFlushed: Bool, python: String?, servers: ServerGroup.Kind?
    ) throws {
        group = try servers.map { try ServerGroup($0) }
        server = try group?.servers[0] ?? RedisServer(tcp: true, configuration: Self.configuration)
        clientProxy = try FaultyProxy(to: server)
        ingestProxy = try FaultyProxy(to: server)
        folder = try TemporaryFolder()
        try FileManager.default.createDirectory(
            atPath: folder.file("sides"), withIntermediateDirectories: false, attributes: [.posixPermissions: 0o700])
        fleet = try Fleet(
            Training.Settings(
                redis: group?.url ?? clientProxy.url, sides: folder.file("sides"), journal: folder.file("journal"),
                rate: Fleet.rate(of: rate), flushes: isFlushed, python: python),
            kinds: trainings, seed: seed)
        ingests = IngestPair(redis: group?.url ?? ingestProxy.url)
        try makeSharedJournal()
        if trainings.contains(.wrongType) { try makeWrongKeys() }
        // The keys of three partitions are on all primaries of a cluster.
        if servers == .cluster { usePartitions(3) }
    }

    /// The numbers of partitions that a deployment may have during a run.
    static let partitionChoices = 1...3

    /// The keyspaces of all deployments of the run, each once: `{hypero:0}` belongs to several.
    static var keyspaces: [Keyspace] {
        get throws {
            let all = try partitionChoices.flatMap { try Keyspace.all(partitions: $0) }
            return Set(all).sorted { $0.tag < $1.tag }
        }
    }

    var sides: String { folder.file("sides") }
    var journal: String { folder.file("journal") }

    /// The names of the existing journals of this user.
    var journals: [String] {
        let files = FileManager.default
        return ((try? files.contentsOfDirectory(atPath: journal)) ?? []).filter { name in
            let owner = try? files.attributesOfItem(atPath: "\(journal)/\(name)")[.ownerAccountID] as? NSNumber
            return owner?.uint32Value == geteuid()
        }
    }

    /// Returns the hash tags of the partitions of all journals, from the headers of their segments.
    func journalTags() -> Set<String> {
        var tags: Set<String> = []
        for name in journals {
            let folder = "\(journal)/\(name)"
            for file in (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []
            where file.hasSuffix(".segment") {
                guard let handle = FileHandle(forReadingAtPath: "\(folder)/\(file)"),
                    let header = try? handle.read(upToCount: 1_024)
                else { continue }
                let lines = String(decoding: header, as: UTF8.self).split(separator: "\n")
                if let line = lines.first(where: { $0.hasPrefix("tag=") }) { tags.insert(String(line.dropFirst(4))) }
            }
        }
        return tags
    }

    /// Applies the remaining entries with `hypero-ingest --drain`. The ingests must have ended.
    func drain(partitions: Int) throws {
        let drain = try ChildProcess.run(
            "hypero-ingest",
            ["--redis", url, "--lease", "2", "--drain", "--partitions", "\(partitions)"],
            within: .seconds(300))
        guard drain.succeeded else {
            throw TestFailure("hypero-ingest --drain failed: \(drain.ending): \(drain.stderr)")
        }
    }

    /// Sends the journals of the ended trainings with `hypero-ingest adopt`. No fault that loses events may follow soon,
    /// because the events are not kept for long after they are applied.
    func adopt(partitions: Int, timeout: Int) throws -> ChildProcess.Outcome {
        try ChildProcess.run(
            "hypero-ingest",
            [
                "adopt", "--journal", journal, "--redis", group?.url ?? clientProxy.url, "--partitions",
                "\(partitions)",
                "--timeout",
                "\(timeout)", "--settle", "1",
            ],
            within: .seconds(timeout + 60))
    }

    /// Adopts again as long as this removes further journals, which wait for those of forked children.
    func adoptAll(partitions: Int, timeout: Int) throws -> ChildProcess.Outcome {
        while true {
            let before = journals.count
            let outcome = try adopt(partitions: partitions, timeout: timeout)
            guard !journals.isEmpty, journals.count < before else { return outcome }
        }
    }

    func start() throws {
        try ingests.start()
        try fleet.replaceEnded()
    }

    /// Sets the number of partitions of the ingests and trainings that start from now on.
    func usePartitions(_ count: Int) {
        partitions = count
        ingests.partitions = count
        fleet.usePartitions(count)
    }

    /// Stops both ingests. An ingest that cannot write its dead letters ends with another status than 0.
    func stopIngests() throws {
        for failure in try ingests.stop() { add(finding: failure) }
    }

    func add(finding: String) {
        guard !findings.contains(finding) else { return }
        printProgress(finding)
        findings.append(finding)
    }

    /// Creates the journal folder, in which all users can create files, as on a node's scratch disk.
    private func makeSharedJournal() throws {
        try FileManager.default.createDirectory(atPath: journal, withIntermediateDirectories: false)
        chmod(journal, 0o1777)
        // Other users may go through the folders above. Those of the server and of the side files stay private.
        chmod(folder.path, 0o711)
        chmod((folder.path as NSString).deletingLastPathComponent, 0o711)
    }

    /// Creates the keys of a wrong type, before any of their entries.
    private func makeWrongKeys() throws {
        let battery = History.battery(ChaosBattery.wrongType)
        for keyspace in try Self.keyspaces {
            guard server.cli("SET", keyspace.columns(of: battery), "not a sorted set") == "OK" else {
                throw TestFailure("cannot create \(keyspace.columns(of: battery))")
            }
        }
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
