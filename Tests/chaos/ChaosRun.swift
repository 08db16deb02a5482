import Foundation
import HyperoRedis
import HyperoSchema
import TestSupport

/// One run: things go wrong, all is drained, the oracle judges.
final class ChaosRun {
    private let seed: UInt64
    private let stage: Stage
    private let nemesis: Nemesis
    private let begun = ContinuousClock.now
    private var adopted = 0
    private var leftJournals = 0

    init(seed: UInt64, rate: Int, trainings: [TrainingKind], faults: [Fault]) throws {
        self.seed = seed
        stage = try Stage(seed: seed, rate: rate, trainings: trainings)
        nemesis = Nemesis(stage, faults: faults, seed: seed)
        say("seed \(seed)")
    }

    /// Lets things go wrong for so long, and judges.
    func run(for duration: Duration) throws -> Verdict {
        try stage.begin()
        let end = begun + duration
        while ContinuousClock.now < end { try nemesis.strike() }
        say("all faults are over; waiting for \(stage.fleet.running) trainings to end")
        try stage.fleet.end()
        try adopt()
        try drain()
        say("judging")
        let sides = try SideReader(folder: stage.sides)
        var connection = try RedisConnection.open(
            to: try RedisURL(stage.server.url), name: "chaos", timeout: .seconds(60))
        let keyspace = try Keyspace.all()[0]
        let content = try PartitionContent.read(from: &connection, keyspace)
        return Oracle.judge(sides, content, in: keyspace)
    }

    /// Sends what journals of ended trainings hold, with `hypero-ingest adopt`, while the ingests run.
    private func adopt() throws {
        let before = stage.journals.count
        say("adopting \(before) journals")
        let adoption = try ChildProcess.run(
            "hypero-ingest",
            ["adopt", "--journal", stage.journal, "--redis", stage.clientProxy.url, "--timeout", "240"],
            within: .seconds(300))
        leftJournals = stage.journals.count
        adopted = before - leftJournals
        // What is left in the journals then shows as lost.
        if !adoption.succeeded { say("hypero-ingest adopt ended with \(adoption.ending): \(adoption.stderr)") }
    }

    private func drain() throws {
        say("draining")
        try stage.ingests.end()
        let drained = try ChildProcess.run(
            "hypero-ingest", ["--redis", stage.server.url, "--lease", "2", "--drain"], within: .seconds(300))
        guard drained.succeeded else { throw TestFailure("the drain ended with \(drained.ending): \(drained.stderr)") }
    }

    /// What happened, a line or more.
    var summary: String {
        let elapsed = (ContinuousClock.now - begun).components.seconds
        var lines = ["seed \(seed): \(elapsed) s, \(stage.fleet.started) trainings, \(nemesis.total) faults"]
        lines += nemesis.counts.sorted { $0.key.rawValue < $1.key.rawValue }.map {
            "    \($0.value) × \($0.key.rawValue)"
        }
        lines.append("\(adopted) journals were adopted at the end, \(leftJournals) are left")
        return lines.joined(separator: "\n")
    }

    /// Stops everything, and moves what there is to see to a folder that stays.
    func keep() throws -> String {
        stage.fleet.kill()
        try? stage.ingests.end()
        stage.server.stop()
        let path = "/tmp/hypero-chaos-\(seed)-\(getpid())"
        let files = FileManager.default
        try files.createDirectory(atPath: path, withIntermediateDirectories: true)
        try files.copyItem(atPath: stage.server.folder.path, toPath: "\(path)/redis")
        try files.moveItem(atPath: stage.folder.path, toPath: "\(path)/run")
        try stage.ingests.log.write(toFile: "\(path)/ingests.log", atomically: false, encoding: .utf8)
        try stage.fleet.log.write(toFile: "\(path)/trainings.log", atomically: false, encoding: .utf8)
        try nemesis.log.joined(separator: "\n").write(toFile: "\(path)/faults.log", atomically: false, encoding: .utf8)
        return path
    }
}

/// Tells the person who waits.
func say(_ sentence: String) {
    FileHandle.standardError.write(Data("chaos: \(sentence)\n".utf8))
}
