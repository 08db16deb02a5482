import Foundation
import HyperoSchema
import TestSupport
import Testing

@testable import HyperoIngest

/// The messages of a replay about what the archive lacks, and about what to do next.
@Suite struct ReplayOutcomeTests {
    private let folder: TemporaryFolder

    init() throws {
        folder = try TemporaryFolder()
    }

    private func replay(
        _ files: [String], to server: RedisServer, _ arguments: String...
    ) throws -> ChildProcess.Outcome {
        try ChildProcess.run(
            "hypero-ingest", ["replay", "--redis", server.url] + arguments + files, within: .seconds(60))
    }

    /// Writes a file with the entries of some numbers, one per second from a number of seconds on.
    private func file(
        _ numbers: ClosedRange<Int>, tag: String = "{hypero}", from seconds: UInt64 = 1_795_809_181,
        in name: String = "archive",
        value: String = "alive"
    ) throws -> String {
        var archive = ArchiveFolder(folder.file(name), tag: tag)
        _ = try archive.lastPosition()
        for number in numbers {
            var records = ArchiveBuffer()
            if number == numbers.lowerBound { records.add(EntrySeries(number: 7, former: 0, formerCount: 0)) }
            let id = StreamID(milliseconds: (seconds + UInt64(number)) * 1_000, sequence: 0)
            let fields = [StreamEntry.Field("event", value), StreamEntry.Field("producer", "p")]
            StreamEntry(id: .zero, fields: fields).withWireFields {
                records.add(entry: ArchivePosition(series: 7, id: id, count: number), fields: $0)
            }
            try archive.append(records, at: 0)
        }
        try archive.finish()
        return try #require(try archive.files().last)
    }

    @Test func `A partition without a file is missing, and the time of the last entry is printed`() throws {
        let server = try RedisServer()
        let zero = try file(1...3, tag: "{hypero:0}")
        let outcome = try replay([zero], to: server, "--partitions", "2")
        #expect(outcome.ending == .exited(2), "\(outcome)")
        #expect(outcome.stderr.contains("not complete: no file of {hypero:1}. Give its files"), "\(outcome)")
        #expect(
            outcome.stdout == "replayed 3 entries and 0 commands of 1 files, up to 2026-11-27 19:53:04 UTC\n")
        server.cli("FLUSHALL")
        let one = try file(1...1, tag: "{hypero:1}", from: 1_795_809_000)
        let both = try replay([zero, one, zero], to: server, "--partitions", "2")
        #expect(both.ending == .exited(0), "\(both)")
        #expect(
            both.stdout
                == "replayed 4 entries and 0 commands of 3 files, and skipped 3 that occur in several files, up to "
                + "2026-11-27 19:53:04 UTC, {hypero:1} up to 2026-11-27 19:50:01 UTC\n")
    }

    @Test func `A file in the middle that is missing is named with its time and what to do, also after it was added`()
        throws
    {
        let server = try RedisServer()
        let files = try [1...3, 4...6, 7...9].map { try file($0) }
        let holed = try replay([files[0], files[2]], to: server)
        #expect(holed.ending == .exited(2), "\(holed)")
        let times = "(2026-11-27 19:53:04 to 2026-11-27 19:53:08 UTC)"
        #expect(
            holed.stderr.contains("lacks 3 entries between 1795809184000-0 and 1795809188000-0 \(times)"), "\(holed)")
        #expect(
            holed.stderr.contains("0003.archive, of before 2026-11-27 19:53:08 UTC, is missing: the name"), "\(holed)")
        #expect(holed.stderr.contains("find the missing files, and replay all files to an empty server"), "\(holed)")
        let added = try replay([files[1]], to: server, "--force")
        #expect(added.ending == .exited(1), "\(added)")
        #expect(added.stderr.contains("or a file is not given. Give all files of the archive"), "\(added)")
        let all = try replay(files, to: server, "--force")
        #expect(all.ending == .exited(2), "\(all)")
        #expect(all.stderr.contains("the server lacks 3 entries of the archive up to 1795809190000-0"), "\(all)")
        #expect(
            all.stdout.contains("replayed 0 entries and 0 commands of 3 files, and skipped 9 that were there before"))
        server.cli("FLUSHALL")
        #expect(try replay(files, to: server).ending == .exited(0))
        #expect(try replay(files, to: server, "--force").ending == .exited(0))
    }

    @Test func `A backup and the files that are newer are complete, and status has nothing to warn of`() throws {
        let live = try IngestFixture()
        let archive = folder.file("archive")
        func drain(_ producer: String) throws -> [String] {
            try live.add(EventSequence.training(by: producer, experiments: 2, epochs: 10))
            try live.drain("--archive", archive)
            return try ArchiveFolder(archive, tag: live.keyspace.tag).files()
        }
        _ = try drain("p")
        // One that has not released its lease, with entries that wait.
        live.server.cli("HSET", live.keyspace.ingest, IngestField.owner, "killed")
        try live.add(EventSequence.training(by: "q", experiments: 1, epochs: 5))
        let backup = try IngestFixture(server: RedisServer(appendOnly: false))
        backup.server.kill()
        _ = try ChildProcess.run(
            "redis-cli", ["-s", live.server.socket, "--rdb", backup.server.folder.file("dump.rdb")])
        try backup.server.restart()
        // The last entry that was archived is older than a moment.
        let archived = try #require(try live.metric(IngestField.archived).flatMap { ArchivedField($0) })
        let old = ArchivedField(series: archived.series, count: archived.count, time: 1)
        backup.server.cli("HSET", backup.keyspace.ingest, IngestField.archived, old.description)
        // What waited in the backup is in a file that is not given.
        try live.drain("--archive", archive)
        let former = try ArchiveFolder(archive, tag: live.keyspace.tag).files()
        let middle = Set(try drain("r")).subtracting(former)
        let files = try drain("s").filter { !former.contains($0) }
        #expect(files.count == 2)
        // A file that is missing after the backup is a hole all the same.
        let other = try IngestFixture(server: RedisServer(appendOnly: false))
        other.server.kill()
        try FileManager.default.copyItem(
            atPath: backup.server.folder.file("dump.rdb"), toPath: other.server.folder.file("dump.rdb"))
        try other.server.restart()
        let holed = try replay(files.filter { !middle.contains($0) }, to: other.server, "--force")
        #expect(holed.ending == .exited(2) && holed.stderr.contains("the archive lacks "), "\(holed)")

        let outcome = try replay(files, to: backup.server, "--force")
        #expect(outcome.ending == .exited(0), "\(outcome)")
        #expect(try backup.indexes() == live.indexes())
        let again = try replay(files, to: backup.server, "--force")
        #expect(again.ending == .exited(0) && again.stdout.contains("replayed 0 entries"), "\(again)")
        let read = try #require(try backup.metric(IngestField.read).flatMap { ReadField($0) })
        let now = try #require(try backup.metric(IngestField.archived).flatMap { ArchivedField($0) })
        #expect(now.unarchived(of: read) == 0 && now.time > old.time)
        #expect(read.series.number == archived.series)
        #expect(try backup.metric(IngestField.takeovers) == nil)
        let status = try ChildProcess.run("hypero-query", ["status", "--check", "--redis", backup.server.url])
        #expect(!(status.stdout + status.stderr).contains("not archived"), "\(status)")
        #expect(!(status.stdout + status.stderr).contains("took over"), "\(status)")
        // The archive goes on with the numbers of the series.
        try backup.add(EventSequence.training(by: "t", experiments: 1, epochs: 2))
        let drained = try ChildProcess.run(
            "hypero-ingest", ["--drain", "--redis", backup.server.url, "--archive", archive], within: .seconds(60))
        #expect(drained.succeeded && !drained.stderr.contains("lacks"), "\(drained)")
        let whole = try ArchiveFolder(archive, tag: live.keyspace.tag).files()
        let empty = try IngestFixture()
        #expect(try replay(whole, to: empty.server).ending == .exited(0))
        #expect(try empty.metric(IngestField.archived) == nil)
        #expect(try empty.indexes() == backup.indexes())
    }

    @Test func `Dead letters that were requeued before are counted, and deletions are no reason for a warning`() throws
    {
        let live = try IngestFixture()
        try live.add(EventSequence.training(by: "p", experiments: 40, epochs: 1))
        live.server.cli("XADD", live.keyspace.events, "*", "event", "unknown")
        try live.drain()
        let requeue = try ChildProcess.run("hypero-ingest", ["requeue", "--redis", live.server.url, "--all"])
        #expect(requeue.succeeded)
        for number in 1...40 {
            live.server.cli("XADD", live.keyspace.control, "*", "event", "delete", "experiment", "p-\(number)")
        }
        try live.drain("--archive", folder.file("archive"))
        let files = try ArchiveFolder(folder.file("archive"), tag: live.keyspace.tag).files()
        let other = try IngestFixture()
        let outcome = try replay(files, to: other.server)
        #expect(outcome.ending == .exited(0) && outcome.stdout.contains(" and 40 commands"), "\(outcome)")
        #expect(!outcome.stderr.contains("too many different messages"), "\(outcome)")
        #expect(
            outcome.stderr.contains("the server has 2 dead letters. 1 dead letter of the archive was requeued before."),
            "\(outcome)")
        #expect(outcome.stderr.contains("Discard") && outcome.stderr.contains("do not requeue them"), "\(outcome)")
    }

    @Test func `A server that runs out of memory in the middle is continued with --force`() throws {
        let server = try RedisServer(appendOnly: false)
        let path = try file(1...24, value: String(repeating: "v", count: 1 << 20))
        let used = server.cli("INFO", "memory").split(separator: "\r\n").first { $0.hasPrefix("used_memory:") }
        let bytes = try #require(used.flatMap { Int($0.dropFirst("used_memory:".count)) })
        server.cli("CONFIG", "SET", "maxmemory", "\(bytes + (12 << 20))")
        let outcome = try replay([path], to: server)
        #expect(outcome.ending == .exited(1) && outcome.stderr.contains("OOM"), "\(outcome)")
        #expect(outcome.stderr.contains("run the replay again with --force, which continues it"), "\(outcome)")
        server.cli("CONFIG", "SET", "maxmemory", "0")
        let forced = try replay([path], to: server, "--force")
        #expect(forced.ending == .exited(0) && forced.stdout.contains("that were there before"), "\(forced)")
    }

    @Test(
        arguments: [
            ("gzip -d", [0x1f, 0x8b, 8, 0]), ("xz -d", [0xfd, 0x37, 0x7a, 0x58, 0x5a, 0]),
            ("zstd -d", [0x28, 0xb5, 0x2f, 0xfd, 4]), ("bzip2 -d", [0x42, 0x5a, 0x68, 0x39]),
            ("lz4 -d", [0x04, 0x22, 0x4d, 0x18, 0x64]),
        ] as [(String, [UInt8])])
    func `A compressed file is recognized`(tool: String, magic: [UInt8]) throws {
        let path = folder.file("compressed")
        for size in [0, 20, 400] {
            try Data(magic + [UInt8](repeating: 7, count: size)).write(to: URL(fileURLWithPath: path))
            #expect {
                _ = try ArchiveReader(path)
            } throws: {
                "\($0)" == "cannot read \(path): it is compressed. Decompress it first: \(tool)"
            }
        }
    }
}
