import Foundation
import HyperoRedis
import HyperoSchema
import TestSupport

/// One chaos run: fault injection, adoption of the journals, drain and verdict.
final class ChaosRun {
    private let seed: UInt64
    private let testbed: Testbed
    private let nemesis: Nemesis
    private let start = ContinuousClock.now
    private var adoptedJournals = 0
    private var remainingJournals = 0
    /// The longest times without an applied event, in a run with several servers.
    private var stalls: String?
    /// The longest log calls; nil until the side files are read.
    private var slowestCalls: String?

    init(
        seed: UInt64, rate: Int, trainings: [TrainingKind], faults: [Fault], python: String?, servers: ServerGroup.Kind?
    ) throws {
        self.seed = seed
        testbed = try Testbed(
            seed: seed, rate: rate, trainings: trainings, isFlushed: faults.contains(.flushAll), python: python,
            servers: servers)
        nemesis = Nemesis(testbed, faults: faults, seed: seed)
        printProgress("seed \(seed)")
    }

    /// Injects faults for a duration, and returns the oracle's verdict.
    func run(for duration: Duration) throws -> Verdict {
        try testbed.start()
        let watch = try testbed.group.map { group in
            StallWatch(try RedisURL(group.url), try Keyspace.all(partitions: testbed.partitions))
        }
        let end = start + duration
        while ContinuousClock.now < end { try nemesis.injectFault() }
        stalls = watch?.end()
        try testbed.group?.waitUntilWell()
        // Long enough for every client to find out that the server has forgotten everything.
        if testbed.marks != nil { try nemesis.wait(milliseconds: 7_000...7_000, killing: false) }
        printProgress("no more faults, waiting for the end of \(testbed.fleet.runningCount) trainings")
        try testbed.fleet.stop()
        try adopt()
        printProgress("draining the streams")
        try testbed.stopIngests()
        try testbed.drain(partitions: testbed.partitions)
        if let marks = testbed.marks { return try judge(after: marks) }
        printProgress("comparing the indexes with the side files")
        let sides = try SideReader(folder: testbed.sides)
        let (awake, asleep) = (milliseconds(sides.slowestAwake), milliseconds(sides.slowestAsleep))
        slowestCalls = "\(awake) waiting for a processor only, \(asleep) with a sleep in the kernel"
        let found = try readPartitions()
        return try Oracle.judge(sides, against: found, deletions: testbed.deletions)
    }

    private func readPartitions() throws -> [FoundPartition] {
        let url = try RedisURL(testbed.url)
        let keyspaces =
            testbed.group == nil ? try Testbed.keyspaces : try Keyspace.all(partitions: testbed.partitions)
        return try keyspaces.map { keyspace in
            var connection = try PartitionConnection.open(keyspace, at: url)
            return try FoundPartition(reading: keyspace, from: &connection)
        }
    }

    /// Requeues the events that were sent before their batteries were declared again, and judges a run with FLUSHALL.
    private func judge(after marks: SideCalls.Marks) throws -> Verdict {
        let letters = try readPartitions().flatMap(\.deadLetters)
        printProgress("requeueing \(letters.count) dead letters, then comparing the indexes with the side files")
        if !letters.isEmpty {
            let requeue = try ChildProcess.run(
                "hypero-ingest",
                ["requeue", "--all", "--redis", testbed.url, "--partitions", "\(testbed.partitions)"],
                within: .seconds(120))
            guard requeue.succeeded else { throw TestFailure("hypero-ingest requeue failed: \(requeue.stderr)") }
            try testbed.drain(partitions: testbed.partitions)
        }
        return FlushedJudge.judge(
            try SideCalls(folder: testbed.sides, marks: marks), against: try readPartitions())
    }

    /// Sends the journals of the ended trainings with `hypero-ingest adopt`. The ingests still run.
    private func adopt() throws {
        let before = testbed.journals.count
        printProgress("adopting \(before) journals")
        let adoption = try testbed.adoptAll(partitions: testbed.partitions, timeout: 240)
        remainingJournals = testbed.journals.count
        adoptedJournals = before - remainingJournals
        // A failed adoption does not fail the run, because the oracle reports the events in the remaining journals as
        // lost.
        if !adoption.succeeded { printProgress("hypero-ingest adopt: \(adoption.ending): \(adoption.stderr)") }
    }

    /// Broken promises other than differences of the indexes.
    var findings: [String] { testbed.findings }

    /// The counts of the run, on several lines.
    var summary: String {
        let elapsed = (ContinuousClock.now - start).components.seconds
        var lines = [
            "seed \(seed): \(elapsed) s, \(testbed.fleet.startedCount) trainings, \(testbed.fleet.orphanCount) orphans, "
                + "\(nemesis.faultCount) faults"
        ]
        lines += nemesis.counts.sorted { $0.key.rawValue < $1.key.rawValue }.map {
            "    \($0.value) × \($0.key.rawValue)"
        }
        lines.append("journals after the trainings' end: \(adoptedJournals) adopted, \(remainingJournals) remaining")
        if let stalls { lines.append("longest time without an applied event: \(stalls)") }
        if let slowestCalls { lines.append("longest log call: \(slowestCalls)") }
        lines += findings.map { "finding: \($0)" }
        return lines.joined(separator: "\n")
    }

    /// Stops all processes, and moves the logs, side files, journals and Redis files to a folder that is not removed.
    ///
    /// - Returns: the path of the folder.
    func keepFiles() throws -> String {
        testbed.fleet.kill()
        try? testbed.stopIngests()
        testbed.server.stop()
        let path = "/tmp/hypero-chaos-\(seed)-\(getpid())"
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

/// Returns a duration in milliseconds with its unit.
private func milliseconds(_ duration: Duration) -> String {
    duration.formatted(.units(allowed: [.milliseconds], fractionalPart: .show(length: 1)))
}

/// Prints a progress message to standard error.
func printProgress(_ message: String) {
    FileHandle.standardError.write(Data("chaos: \(message)\n".utf8))
}
