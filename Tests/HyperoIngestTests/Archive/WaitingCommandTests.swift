import Foundation
import HyperoCore
import HyperoRedis
import HyperoSchema
import TestSupport
import Testing

@testable import HyperoIngest

/// Commands of operators that wait: in a backup, or for the archive.
@Suite struct WaitingCommandTests {
    private let folder: TemporaryFolder
    private let live: IngestFixture

    init() throws {
        folder = try TemporaryFolder()
        live = try IngestFixture()
    }

    private var archive: String { folder.file("archive") }

    private func replay(to fixture: IngestFixture, _ arguments: String...) throws -> ChildProcess.Outcome {
        let files = try ArchiveFolder(archive, tag: live.keyspace.tag).files()
        return try ChildProcess.run(
            "hypero-ingest", ["replay", "--redis", fixture.server.url] + arguments + files, within: .seconds(60))
    }

    private func content(of fixture: IngestFixture) throws -> PartitionContent {
        var connection = try fixture.connect()
        return try PartitionContent.read(from: &connection, fixture.keyspace)
    }

    private func command(_ arguments: String..., id: String, in fixture: IngestFixture) {
        fixture.server.cli(["XADD", fixture.keyspace.control, id, "event"] + arguments)
    }

    @Test func `A command that was passed over because its battery is newer is passed over by a replay too`() throws {
        let now = UInt64(clamping: WallClock.milliseconds)
        let stream = live.keyspace.events
        try live.run(
            """
            XADD \(stream) * event battery battery b name b version 1 description ""
            XADD \(stream) * event start battery b experiment p-1

            """)
        try live.drain("--archive", archive)
        command("delete", "experiment", "q-1", id: "\(now)-0", in: live)
        try live.drain("--archive", archive)
        // A stream that begins again with an old command, which gets another id in a replay.
        live.server.cli("DEL", live.keyspace.control)
        command("delete", "battery", "b", id: "\(now - 5 * 86_400_000)-0", in: live)
        let drained = try live.drain("--archive", archive)
        #expect(drained.stderr.contains("battery b is newer than this deletion"), "\(drained.stderr)")
        let copy = try IngestFixture()
        let replayed = try replay(to: copy)
        #expect(replayed.succeeded, "\(replayed)")
        #expect(try content(of: copy) == content(of: live))
        #expect(copy.server.cli("ZCARD", copy.keyspace.batteries) == "1")
    }

    @Test func `Commands that wait in a backup are carried out after the entries that came before them`() throws {
        let backup = try IngestFixture()
        var time = UInt64(clamping: WallClock.milliseconds) - 60_000
        func add(_ commands: [String], to fixtures: [IngestFixture]) throws {
            for fixture in fixtures {
                let lines = commands.enumerated().map { offset, fields in
                    "XADD \(fixture.keyspace.events) \(time + UInt64(offset))-0 \(fields)\n"
                }
                try fixture.run(lines.joined())
            }
            time += UInt64(commands.count)
        }
        let experiments = ["p-1", "p-2", "p-3"]
        func rows(_ epochs: ClosedRange<Int>) -> [String] {
            epochs.flatMap { epoch in
                experiments.map { "event epoch battery b experiment \($0) epoch \(epoch) curve.valid \(epoch % 7)" }
            }
        }
        let beginning =
            ["event battery battery b name b version 1 description \"\""]
            + experiments.map { "event start battery b experiment \($0)" } + rows(1...20)
        try add(beginning, to: [live, backup])
        try live.drain("--archive", archive)
        try backup.drain()
        // Carried out in the deployment after the rows, and waiting with them in the backup.
        try add(rows(21...40), to: [live, backup])
        try live.drain("--archive", archive)
        for fixture in [live, backup] {
            command("thin", "experiment", "p-1", "rows", "10", id: "\(time)-1", in: fixture)
            command("rebuild", id: "\(time)-2", in: fixture)
        }
        try live.drain("--archive", archive)
        try add(rows(41...50), to: [live, backup])
        try live.drain("--archive", archive)
        for fixture in [live, backup] { command("delete", "experiment", "p-2", id: "\(time)-3", in: fixture) }
        try live.drain("--archive", archive)
        // After the backup.
        try add(rows(51...60), to: [live])
        try live.drain("--archive", archive)
        command("thin", "experiment", "p-3", "rows", "20", id: "\(time)-4", in: live)
        try live.drain("--archive", archive)

        let outcome = try replay(to: backup, "--force")
        #expect(outcome.succeeded && outcome.stdout.contains("replayed 30 entries and 3 commands"), "\(outcome)")
        #expect(try content(of: backup).differences(fromExpected: try content(of: live)) == "")
        let again = try replay(to: backup, "--force")
        #expect(again.succeeded && again.stdout.contains("replayed 0 entries and 0 commands"), "\(again)")

        // One that the deployment has not carried out.
        command("delete", "experiment", "p-1", id: "\(time)-5", in: backup)
        let unknown = try replay(to: backup, "--force")
        #expect(unknown.ending == .exited(2), "\(unknown)")
        #expect(
            unknown.stderr.contains(
                "not complete: the command \(time)-5 waited in {hypero}:control, and the archive does not have it: delete "
                    + "experiment p-1. It was left out"))
        #expect(try content(of: backup).differences(fromExpected: try content(of: live)) == "")
    }

    @Test(arguments: [true, false])
    func `Commands that wait for the archive of an ingest that is killed are archived by the next one`(
        isInterrupted: Bool
    ) throws {
        let server = live.server
        try live.add(EventSequence.training(by: "p", experiments: 4, epochs: 5))
        let ingest = try live.ingest("--archive", archive)
        #expect(
            try eventually {
                var folder = ArchiveFolder(archive, tag: live.keyspace.tag)
                return try folder.lastPosition()?.count ?? 0 > 20
            })
        // A file in the place of the folder.
        try FileManager.default.moveItem(atPath: archive, toPath: folder.file("away"))
        try Data().write(to: URL(fileURLWithPath: archive))
        let time = WallClock.milliseconds
        let deleted = { try self.live.metric(IngestField.control) }
        command("delete", "experiment", "p-1", id: "\(time)-1", in: live)
        #expect(try eventually { try deleted() == "\(time)-1" })
        try live.add(EventSequence.training(by: "q", experiments: 1, epochs: 5))
        #expect(eventually { server.cli("HLEN", live.keyspace.curve(of: ExperimentID("q-1")!)) == "5" })
        command("thin", "experiment", "q-1", id: "\(time)-2", in: live)
        command("delete", "experiment", "p-2", id: "\(time)-3", in: live)
        #expect(try eventually { try deleted() == "\(time)-3" })
        #expect(server.cli("XLEN", live.keyspace.control) == "3")
        #expect(try live.metric(IngestField.unarchived)?.hasPrefix("\(time)-1/") == true)
        // One that has expired stays with them in the control stream, and must not be archived.
        command("delete", "experiment", "p-3", "until", "1", id: "\(time)-4", in: live)
        #expect(try eventually { try deleted() == "\(time)-4" })
        ingest.kill()
        ingest.wait()
        // One without an archive leaves them alone.
        if isInterrupted { try live.drain() }
        try FileManager.default.removeItem(atPath: archive)
        try FileManager.default.moveItem(atPath: folder.file("away"), toPath: archive)
        try live.add(EventSequence.training(by: "r", experiments: 1, epochs: 2))
        let next = try live.ingest("--archive", archive)
        #expect(try eventually { try live.metric(IngestField.unarchived) == "" })
        #expect(eventually { server.cli("XLEN", live.keyspace.control) == "0" })
        #expect(eventually { server.cli("EXISTS", live.keyspace.experiment(ExperimentID("r-1")!)) == "1" })
        next.terminate()
        #expect(next.wait() == .exited(0))
        let other = try IngestFixture()
        let outcome = try replay(to: other)
        #expect(outcome.stdout.contains(" and 3 commands of "), "\(outcome)")
        #expect(try content(of: other).differences(fromExpected: try content(of: live)) == "")
    }

    @Test(arguments: [true, false])
    func `Commands that an ingest without an archive carries out are archived by the next one, or are a hole`(
        isForgotten: Bool
    ) throws {
        let server = live.server
        try live.add(EventSequence.training(by: "p", experiments: 4, epochs: 20))
        try live.drain("--archive", archive)
        // As after the HDEL that ends an archive.
        if isForgotten { server.cli("HDEL", live.keyspace.ingest, IngestField.archived) }
        try live.add(EventSequence.training(by: "q", experiments: 1, epochs: 5))
        try live.drain()
        let time = WallClock.milliseconds
        command("thin", "experiment", "p-1", "rows", "10", id: "\(time)-1", in: live)
        command("rebuild", id: "\(time)-2", in: live)
        command("delete", "experiment", "p-2", id: "\(time)-3", in: live)
        let kept = try live.drain()
        #expect(kept.stderr.contains("commands stay in {hypero}:control until they are archived") == !isForgotten)
        #expect(server.cli("XLEN", live.keyspace.control) == (isForgotten ? "0" : "3"))
        #expect(try live.metric(IngestField.commands) == "2 \(time)-3")
        try live.add(EventSequence.training(by: "r", experiments: 1, epochs: 2))
        try live.drain("--archive", archive)
        #expect(try live.metric(IngestField.unarchived) ?? "" == "" && server.cli("XLEN", live.keyspace.control) == "0")
        let other = try IngestFixture()
        let outcome = try replay(to: other)
        if isForgotten {
            #expect(outcome.ending == .exited(2), "\(outcome)")
            #expect(outcome.stderr.contains("not complete: 2 commands of operators between the entries "), "\(outcome)")
        } else {
            #expect(outcome.ending == .exited(0) && outcome.stdout.contains(" and 2 commands of "), "\(outcome)")
            #expect(try content(of: other).differences(fromExpected: try content(of: live)) == "")
        }
    }

    @Test func `A drain archives what an ingest without an archive has applied and carried out`() throws {
        try live.add(EventSequence.training(by: "p", experiments: 3, epochs: 5))
        try live.drain("--archive", archive)
        command("delete", "experiment", "p-1", id: "*", in: live)
        try live.drain()
        try live.drain("--archive", archive)
        #expect(try live.metric(IngestField.unarchived) == "")
        try live.add(EventSequence.training(by: "q", experiments: 1, epochs: 5))
        try live.drain()
        try live.drain("--archive", archive)
        let other = try IngestFixture()
        let outcome = try replay(to: other)
        #expect(outcome.ending == .exited(0) && outcome.stdout.contains(" and 1 commands of "), "\(outcome)")
        #expect(try content(of: other).differences(fromExpected: try content(of: live)) == "")
    }

    @Test func `After too many runs of commands that were passed over, later ones are a hole`() throws {
        try live.add(EventSequence.training(by: "p", experiments: 4, epochs: 2))
        try live.drain("--archive", archive)
        let time = WallClock.milliseconds
        command("delete", "experiment", "p-1", id: "\(time)-1", in: live)
        try live.drain()
        let runs = (2..<2 + PassedRuns.maxRuns).map { "\(time)-\($0)/\(time)-\($0)" }.joined(separator: " ")
        live.server.cli("HSET", live.keyspace.ingest, IngestField.passed, runs)
        command("delete", "experiment", "p-2", "until", "1", id: "\(time)-5000", in: live)
        command("delete", "experiment", "p-3", id: "\(time)-5001", in: live)
        let passed = try live.drain()
        #expect(passed.stderr.contains("the archive lacks the commands from \(time)-5000 on"), "\(passed)")
        try live.drain("--archive", archive)
        let other = try IngestFixture()
        let outcome = try replay(to: other)
        #expect(outcome.ending == .exited(2) && outcome.stdout.contains(" and 1 commands of "), "\(outcome)")
        #expect(outcome.stderr.contains("not complete: 1 command of operators between the entries "), "\(outcome)")
        let exists = ["p-1", "p-2", "p-3"].map {
            other.server.cli("EXISTS", other.keyspace.experiment(ExperimentID($0)!))
        }
        #expect(exists == ["0", "1", "1"])
    }

    @Test func `A server with a command of its own is an error, and a rebuild is none`() throws {
        let backup = try IngestFixture()
        for fixture in [live, backup] {
            let time = 1_795_809_181_000 as UInt64
            let lines = EventSequence.training(by: "p", experiments: 4, epochs: 3).enumerated().map {
                offset, event in
                var fields = ""
                event.forEachField { fields += " \($0) \($1.isEmpty ? "''" : $1)" }
                return "XADD \(fixture.keyspace.events) \(time + UInt64(offset))-0\(fields)\n"
            }
            try fixture.run(lines.joined())
        }
        try live.drain("--archive", archive)
        try backup.drain()
        for experiment in ["p-1", "p-2"] {
            command("delete", "experiment", experiment, id: "*", in: live)
            try live.drain("--archive", archive)
            // Given to the server after the backup was restored.
            command("rebuild", id: "*", in: backup)
            try backup.drain()
        }
        let outcome = try replay(to: backup, "--force")
        #expect(outcome.ending == .exited(0) && outcome.stdout.contains("0 entries and 2 commands of "), "\(outcome)")
        #expect(try content(of: backup).differences(fromExpected: try content(of: live)) == "")
        command("rebuild", id: "*", in: backup)
        try backup.drain()
        let again = try replay(to: backup, "--force")
        #expect(again.ending == .exited(0) && again.stdout.contains("0 entries and 0 commands of "), "\(again)")
        for isEmpty in [false, true] {
            if isEmpty { backup.server.cli("FLUSHALL") }
            command("delete", "experiment", "other-1", id: "*", in: backup)
            try backup.drain()
            let foreign = try replay(to: backup, "--force")
            #expect(foreign.ending == .exited(1), "\(foreign)")
            #expect(
                foreign.stderr.contains("of {hypero}:control is not in the archive: an operator has given the server a")
                    && !foreign.stderr.contains("--force"), "\(foreign)")
        }
    }
}
