import Foundation
import HyperoCore
import HyperoRedis
import HyperoSchema
import Logging
import TestSupport
import Testing

@testable import HyperoIngest

/// `hypero-ingest --archive` and `hypero-ingest replay`.
@Suite struct ReplayTests {
    private let folder: TemporaryFolder

    init() throws {
        folder = try TemporaryFolder()
    }

    private var archive: String { folder.file("archive") }

    private var files: [String] {
        get throws {
            try FileManager.default.contentsOfDirectory(atPath: archive).sorted().map { "\(archive)/\($0)" }
        }
    }

    private func replay(to fixture: IngestFixture, _ arguments: String...) throws -> ChildProcess.Outcome {
        try ChildProcess.run(
            "hypero-ingest", ["replay", "--redis", fixture.server.url] + arguments + files, within: .seconds(120))
    }

    private func content(of fixture: IngestFixture) throws -> PartitionContent {
        var connection = try fixture.connect()
        return try PartitionContent.read(from: &connection, fixture.keyspace)
    }

    private func add(_ entries: ArraySlice<StreamEntry>, to fixture: IngestFixture) throws {
        var connection = try fixture.connect()
        var writer = RESPWriter()
        for entry in entries { entry.add(to: fixture.keyspace.events, &writer) }
        try connection.send(writer)
        for _ in entries {
            var reply = try connection.receive()
            _ = try reply.string()
        }
    }

    @Test(arguments: [1] as [UInt64])
    func `A replay has the result of the deployment, with deletions, thinned curves, dead letters and kills`(
        seed: UInt64
    ) throws {
        let live = try IngestFixture()
        var generator = EventGenerator(seed: seed)
        var random = SeededGenerator(seed: seed)
        var commandCount = 0
        for round in 1...4 {
            let entries = generator.entries(400)
            try add(entries[...], to: live)
            if round == 2 {
                // A process that is killed while it applies and archives.
                let ingest = try live.ingest("--archive", archive, "--retain", "0")
                #expect(try eventually { try live.consumed() > 0 })
                ingest.kill()
            }
            try live.drain("--archive", archive, "--retain", "0")
            let events = entries.compactMap { try? $0.decoded() }
            var commands = [
                ControlEvent.deleteExperiment(random.pick(events).experiment ?? ExperimentID("none-1")!),
                .thinCurve(random.pick(events).experiment ?? ExperimentID("none-1")!, .maxima),
                .thinCurve(random.pick(events).experiment ?? ExperimentID("none-1")!, .rows(10)),
            ]
            if round == 3, let battery = random.pick(events).battery { commands.append(.deleteBattery(battery)) }
            commandCount += commands.count
            for command in commands {
                live.server.cli(
                    ["XADD", live.keyspace.control, "*"] + command.fields.flatMap { [$0.name, $0.value] })
            }
            try live.drain("--archive", archive, "--retain", "0")
        }
        let other = try IngestFixture()
        let outcome = try replay(to: other)
        #expect(outcome.succeeded, "\(outcome)")
        #expect(!outcome.stderr.contains("not complete"), "\(outcome)")
        #expect(outcome.stdout.contains("replayed 1600 entries and \(commandCount) commands of "), "\(outcome)")
        let (found, expected) = (try content(of: other), try content(of: live))
        #expect(found.differences(fromExpected: expected) == "")
        #expect(expected.keys.count > 20 && expected.counts.deleted > 0 && expected.counts.dead > 0)

        let again = try replay(to: other)
        #expect(again.ending == .exited(1))
        #expect(again.stderr.contains("cannot replay: {hypero} is not empty. Use another server, or give --force"))
        // The last record of a killed process.
        var torn = ArchiveFolder(archive, tag: live.keyspace.tag)
        _ = try torn.lastPosition()
        var gap = ArchiveBuffer()
        gap.add(gapThrough: ArchivePosition(series: .max, id: .highest, count: 3))
        try torn.append(gap, at: UInt64(clamping: WallClock.milliseconds))
        let file = try FileHandle(forUpdating: URL(fileURLWithPath: try #require(torn.files().last)))
        try file.seekToEnd()
        try file.write(contentsOf: Data("E 1764246000000-0 - 44 6c62272e07".utf8))
        try file.close()
        let forced = try replay(to: other, "--force")
        #expect(forced.ending == .exited(2))
        #expect(forced.stdout.contains("replayed 0 entries and 0 commands of "), "\(forced)")
        #expect(forced.stderr.contains("is torn, as after a kill") && forced.stderr.contains("has no end"), "\(forced)")
        #expect(forced.stderr.contains("not complete: the archive lacks 3 entries"), "\(forced)")
        #expect(try content(of: other).differences(fromExpected: expected) == "")
    }

    @Test func `Two ingests that take turns archive everything, and a replay that is killed at a command goes on`()
        throws
    {
        let live = try IngestFixture()
        var generator = EventGenerator(seed: 5)
        for round in 1...4 {
            try add(generator.entries(150)[...], to: live)
            let own = folder.file(round % 2 == 0 ? "a" : "b")
            try live.drain("--archive", own, "--retain", "0")
            // Several commands between the same entries.
            let keys = live.server.cli("KEYS", live.keyspace.experimentPrefix + "*").split(separator: "\n")
            // The key of a curve has a colon after the id.
            let ids = keys.compactMap { ExperimentID(String($0.dropFirst(live.keyspace.experimentPrefix.count))) }
            for id in ids.sorted(by: { $0.text < $1.text }).prefix(3) {
                live.server.cli("XADD", live.keyspace.control, "*", "event", "thin", "experiment", id.text)
                live.server.cli("XADD", live.keyspace.control, "*", "event", "delete", "experiment", id.text)
            }
            try live.drain("--archive", own, "--retain", "0")
        }
        // A dead letter that can be applied now.
        live.server.cli("XADD", live.keyspace.events, "*", "event", "start", "experiment", "e-1", "battery", "late")
        try live.drain("--archive", folder.file("a"))
        live.server.cli(
            "XADD", live.keyspace.events, "*", "event", "battery", "battery", "late", "name", "late", "version", "1",
            "description", "")
        try live.drain("--archive", folder.file("b"))
        // Also those of the generator, some of which are refused again.
        _ = try ChildProcess.run("hypero-ingest", ["requeue", "--redis", live.server.url, "--all"])
        try live.drain("--archive", folder.file("a"), "--retain", "0")
        #expect(live.server.cli("EXISTS", live.keyspace.experiment(ExperimentID("e-1")!)) == "1")
        let paths = try ["a", "b"].flatMap { try ArchiveFolder(folder.file($0), tag: live.keyspace.tag).files() }

        let other = try IngestFixture()
        var sequence = try ArchiveSequence(paths)
        var commandCount = 0
        while commandCount < 2, let element = try sequence.next() {
            switch element {
            case .entry(let id, let fields):
                let fields = fields.map { StreamEntry.Field(name: $0.name, value: $0.value) }
                try add([StreamEntry(id: id, fields: fields)], to: other)
            case .command(let command, let id):
                if commandCount == 0 { try other.drain() }
                other.server.cli(
                    ["XADD", other.keyspace.control, "\(id)"] + command.fields.flatMap { [$0.name, $0.value] })
                commandCount += 1
            case .hole: break
            }
        }
        let outcome = try ChildProcess.run(
            "hypero-ingest", ["replay", "--force", "--redis", other.server.url] + paths, within: .seconds(120))
        #expect(outcome.succeeded, "\(outcome)")
        #expect(try other.indexes() == live.indexes())
    }

    @Test func `A full disk keeps the entries in Redis, and they are archived when there is room`() throws {
        let live = try IngestFixture()
        let server = live.server
        let events = EventSequence.training(by: "p", experiments: 20, epochs: 20)
        try live.add(events)
        let declaration = [
            "event", "battery", "battery", "other", "name", "other", "version", "1", "description", "",
        ]
        var count = events.count
        let arguments = "--redis '\(live.server.url)' --archive '\(archive)' --retain 0 --drain"
        // Blocks of 1,024 bytes.
        let full = try ChildProcess.run(
            "bash", ["-c", "ulimit -f 16; exec '\(ChildProcess.productsDirectory)/hypero-ingest' \(arguments)"],
            within: .seconds(60))
        #expect(full.ending == .exited(1), "\(full)")
        #expect(full.stderr.contains("cannot archive entries of {hypero}:events, which stay in Redis"), "\(full)")
        #expect(full.stderr.contains("File too large"))
        #expect(live.server.cli("XLEN", live.keyspace.events) == "\(events.count)")
        try live.drain("--archive", archive, "--retain", "0")
        // What an earlier run has archived is trimmed, in whole nodes of the stream.
        #expect(
            try eventually {
                server.cli(["XADD", live.keyspace.events, "*"] + declaration)
                count += 1
                try live.drain("--archive", archive, "--retain", "0")
                return Int(server.cli("XLEN", live.keyspace.events)) ?? 0 < 200
            })
        let other = try IngestFixture()
        let outcome = try replay(to: other)
        #expect(outcome.stdout.hasPrefix("replayed \(count) entries and 0 commands"), "\(outcome)")
        #expect(try content(of: other).differences(fromExpected: try content(of: live)) == "")
    }

    @Test func `What cannot be replayed is refused before anything is written`() throws {
        let live = try IngestFixture()
        try live.add(EventSequence.training(by: "p", experiments: 1, epochs: 1))
        try live.drain("--archive", archive)
        let other = try IngestFixture()
        let partitions = try replay(to: other, "--partitions", "2")
        #expect(partitions.stderr.contains("it is of {hypero}, and there are 2 partitions"), "\(partitions)")
        let ingest = try other.ingest()
        #expect(eventually { other.server.cli("EXISTS", other.keyspace.lease) == "1" })
        let owned = try replay(to: other)
        #expect(owned.stderr.contains("owns {hypero}. Stop it, and start it after the replay"), "\(owned)")
        ingest.terminate()
        ingest.wait()
        other.server.cli("FLUSHALL")
        let file = try #require(try files.first)
        var data = try Data(contentsOf: URL(fileURLWithPath: file))
        data[data.count - 30] ^= 1
        try data.write(to: URL(fileURLWithPath: file))
        let damaged = try replay(to: other)
        #expect(damaged.ending == .exited(1))
        #expect(damaged.stderr.contains("damaged archive: the record at byte "), "\(damaged)")
        #expect(damaged.stderr.contains("Give --skip-damaged") && other.server.cli("DBSIZE") == "0", "\(damaged)")
        let skipped = try replay(to: other, "--skip-damaged")
        #expect(
            skipped.ending == .exited(2) && skipped.stderr.contains("are damaged and were passed over"), "\(skipped)")
        #expect(try other.indexes() == live.indexes())
        try Data("something else\n".utf8).write(to: URL(fileURLWithPath: file))
        #expect(try replay(to: other).stderr.contains("it is not an archive that this version of hypero reads"))
        let unwritable = try ChildProcess.run(
            "hypero-ingest", ["--redis", live.server.url, "--drain", "--archive", "/proc/none"])
        #expect(unwritable.ending == .exited(1))
        #expect(unwritable.stderr.contains("cannot create the folder /proc/none"), "\(unwritable)")
    }

    @Test func `A replay fails before it writes if another client has written to the server`() throws {
        let live = try IngestFixture()
        try live.add(EventSequence.training(by: "p", experiments: 3, epochs: 3))
        try live.drain("--archive", archive)
        let other = try IngestFixture()
        var settings = IngestSettings(redis: try RedisURL(other.server.url))
        settings.leaseDuration = .seconds(1)
        let quiet = IngestFixture.silentLogger
        let replay = try Replay(settings, files: files, logger: quiet)
        try replay.check(isForced: false)
        // A training that begins after the check.
        other.server.cli("XADD", other.keyspace.events, "*", "event", "alive", "producer", "intruder")
        let message = "of the producer intruder is not in the archive, so another client writes to the server. Stop all"
        #expect {
            _ = try replay.run()
        } throws: {
            "\($0)".contains(message)
        }
        // One whose entry is older than that of a replay that was ended.
        for isApplied in [false, true] {
            if isApplied { try other.drain() }
            let outcome = try self.replay(to: other, "--force")
            #expect(outcome.ending == .exited(1), "\(outcome)")
            #expect(
                outcome.stderr.contains(
                    "not in the archive: another client has written to the server, or a file is not given"),
                "\(outcome)")
        }
        #expect(other.server.cli("XLEN", other.keyspace.events) == "1")
        // Within a replay, what precedes the entry stays.
        other.server.cli("FLUSHALL")
        var sequence = try ArchiveSequence(files)
        for _ in 0..<5 {
            guard case .entry(let id, let fields)? = try sequence.next() else { continue }
            try add([StreamEntry(id: id, fields: fields.map { .init(name: $0.name, value: $0.value) })], to: other)
        }
        let first = try self.replay(to: other, "--force")
        #expect(first.succeeded && first.stdout.contains("skipped 5 that were there before"), "\(first)")
        #expect(try other.indexes() == live.indexes())
    }

    @Test func `A stream that is lost and begins again with lower ids is archived, and a replay has both`() throws {
        let live = try IngestFixture()
        let key = live.keyspace.events
        let server = live.server
        server.cli("XADD", key, "99999999999999-0", "event", "alive", "producer", "future")
        let ingest = try live.ingest("--archive", archive, "--retain", "0")
        #expect(
            eventually {
                server.cli("HGET", live.keyspace.ingest, IngestField.archived).split(separator: " ").dropFirst().first
                    == "1"
            })
        server.cli("FLUSHALL")
        let events = EventSequence.training(by: "p", experiments: 3, epochs: 10)
        try live.add(events)
        #expect(try eventually { try live.consumed() == events.count })
        ingest.terminate()
        #expect(ingest.wait() == .exited(0))
        // The next process continues.
        try live.add(EventSequence.training(by: "q", experiments: 1, epochs: 2))
        try live.drain("--archive", archive, "--retain", "0")
        let other = try IngestFixture()
        let outcome = try replay(to: other)
        #expect(outcome.succeeded, "\(outcome)")
        for experiment in ["p-1", "p-3", "q-1"] {
            let curve = live.keyspace.curve(of: ExperimentID(experiment)!)
            #expect(other.server.cli("HGETALL", curve) == server.cli("HGETALL", curve))
        }
    }

    @Test func `Entries that an ingest without an archive has applied and trimmed are a gap, and the replay says so`()
        throws
    {
        let live = try IngestFixture()
        try live.add(EventSequence.training(by: "p", experiments: 1, epochs: 3))
        try live.drain("--archive", archive)
        let lost = EventSequence.training(by: "q", experiments: 3, epochs: 100)
        try live.add(lost)
        try live.drain()
        live.server.cli("XTRIM", live.keyspace.events, "MAXLEN", "0")
        try live.add(EventSequence.training(by: "r", experiments: 1, epochs: 3))
        let drain = try ChildProcess.run(
            "hypero-ingest", ["--drain", "--redis", live.server.url, "--archive", archive], within: .seconds(60))
        #expect(drain.stderr.contains("\(lost.count) entries of {hypero}:events between "), "\(drain)")
        let other = try IngestFixture()
        let outcome = try replay(to: other)
        #expect(outcome.ending == .exited(2))
        #expect(outcome.stderr.contains("not complete: the archive lacks \(lost.count) entries between "), "\(outcome)")
        #expect(other.server.cli("EXISTS", other.keyspace.experiment(ExperimentID("r-1")!)) == "1")
    }

    @Test func `The files of before and after a change of the number of partitions are replayed together`() throws {
        let live = try IngestFixture()
        try live.add(EventSequence.training(by: "p", experiments: 2, epochs: 3))
        try live.drain("--archive", archive)
        let partition = try IngestFixture(partitions: 2, partition: 1, server: live.server)
        try partition.add(EventSequence.training(by: "q", experiments: 2, epochs: 3))
        try partition.drain("--archive", archive, "--partitions", "2")
        let other = try IngestFixture()
        let refused = try replay(to: other)
        #expect(
            refused.stderr.contains("Give the number of partitions that was archived by --partitions"), "\(refused)")
        let arguments = ["replay", "--redis", other.server.url, "--partitions", "2"] + (try files)
        let outcome = try ChildProcess.run("hypero-ingest", arguments, within: .seconds(60))
        #expect(outcome.ending == .exited(2) && outcome.stderr.contains("no file of {hypero:0}. Give"), "\(outcome)")
        #expect(try content(of: other).differences(fromExpected: try content(of: live)) == "")
        #expect(other.server.cli("EXISTS", partition.keyspace.experiment(ExperimentID("q-2")!)) == "1")
        let again = try ChildProcess.run("hypero-ingest", arguments, within: .seconds(60))
        #expect(again.stderr.contains("cannot replay: {hypero} is not empty"), "\(again)")
        // The exit status is about what was applied.
        other.server.cli("FLUSHALL")
        let program = "'\(ChildProcess.productsDirectory)/hypero-ingest'"
        let full = try ChildProcess.run(
            "bash", ["-c", "exec \(program) replay --redis '\(other.server.url)' '\(try files[0])' > /dev/full"],
            within: .seconds(60))
        #expect(full.ending == .exited(0) && full.stderr.contains("cannot write to standard output"), "\(full)")
    }

    @Test func `The files of another namespace are refused`() throws {
        let live = try IngestFixture()
        try live.add(EventSequence.training(by: "p", experiments: 1, epochs: 1))
        try live.drain("--archive", archive)
        var other = ArchiveFolder(archive, tag: "{other}")
        var records = ArchiveBuffer()
        records.add(EntrySeries(number: 1, former: 0, formerCount: 0))
        try other.append(records, at: 0)
        let outcome = try replay(to: try IngestFixture())
        #expect(outcome.ending == .exited(1))
        #expect(
            outcome.stderr.contains("it is of {other}, and the namespace is hypero. Give only its files"), "\(outcome)")
    }
}
