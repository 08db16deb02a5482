import Foundation
import Hypero
import HyperoQuery
import HyperoRedis
import HyperoSchema
import TestSupport
import Testing

/// Backups that are restored while trainings go on that have no longer the events applied after the backup.
@Suite struct BackupTests {
    enum Backup: String, CaseIterable {
        /// `redis-cli --rdb`, restored as the documentation says.
        case snapshot
        /// A copy of the folder of the append-only file.
        case appendOnlyFile
    }

    private static let segmentSize = 32 << 10

    /// A training logs rows before the backup, after the backup, and after its restoration. The rows after the backup are durable, so
    /// that its journal has lost them, as after an hour.
    @Test(arguments: Backup.allCases)
    func `After the restoration of a backup the training goes on, tells what is lost, and all else is right`(
        backup: Backup
    ) throws {
        let fixture = try NetworkFixture()
        let ingest = try fixture.ingest(at: fixture.proxy.url)
        defer { ingest.kill() }
        let hypero = try fixture.client { configuration in
            configuration.durabilityWindow = .milliseconds(300)
            configuration.segmentSize = Self.segmentSize
        }
        let battery = hypero.battery("backups")
        let first = battery.experiment()
        let rate = first.uniform("lr", 0, 1)
        first.logRows(0..<1_000)
        #expect(hypero.flush(until: .applied, timeout: NetworkFixture.timeout))
        let folder = try TemporaryFolder()
        try backup.make(of: fixture.server, in: folder)

        // The best row of the whole training is among those that the backup lacks, and a whole experiment.
        first.log(epoch: 1_000, train: 0, valid: 1e6, test: 0)
        let second = battery.experiment()
        let units = second.randint("units", 1, 100)
        second.updateMeta("node", "rack")
        second.logRows(0..<10)
        let third = battery.experiment()
        third.logRows(0..<10)
        third.finish()
        first.logRows(1_001..<3_000)
        #expect(hypero.flush(until: .applied, timeout: NetworkFixture.timeout))
        var epoch = 3_000
        let isReleased = eventually(within: NetworkFixture.timeout) {
            // A flush lets the client look at the watermark.
            first.logRows(epoch..<epoch + 1)
            epoch += 1
            _ = hypero.flush(until: .applied, timeout: NetworkFixture.timeout)
            return fixture.journalBytes < 3 * Self.segmentSize
        }
        #expect(isReleased, "\(fixture.journalBytes)")

        fixture.server.kill()
        try backup.restore(from: folder, in: fixture.server)
        let end = epoch + 1_000
        first.logRows(epoch..<end)
        second.logRows(10..<20)
        first.finish()
        second.finish()
        let store = try Store(fixture.server.url)
        #expect(
            eventually(within: NetworkFixture.timeout) { (try? store.experiment(second.id).liveness.status) == .done })
        // Some events are not in the journal any more.
        #expect(!hypero.flush(until: .applied, timeout: .seconds(1)))
        try fixture.expectIndexesMatchModel()
        #expect(fixture.notices.filter { $0.contains("events lost by Redis at") }.count == 1, "\(fixture.notices)")
        #expect(try store.status().warnings.contains { $0.contains("was read again from an earlier position") })

        let begun = try store.experiment(first.id)
        #expect(begun.curves.epochs.prefix(1_000) == [Int](0..<1_000)[...])
        #expect(begun.curves.epochs.suffix(1_000) == [Int](end - 1_000..<end)[...])
        #expect(begun.bestEpoch == end - 1)
        #expect(begun.params.map(\.text) == ["\(rate)"])
        let restored = try store.experiment(second.id)
        #expect(restored.curves.epochs == [Int](10..<20))
        #expect(restored.params.map(\.text) == ["\(units)"])
        #expect(restored.meta.map(\.text) == ["rack"])
        #expect(throws: QueryError.self) { try store.experiment(third.id) }
    }
}

extension BackupTests.Backup {
    /// Copies the data of a running server into a folder.
    fileprivate func make(of server: RedisServer, in folder: TemporaryFolder) throws {
        switch self {
        case .snapshot:
            _ = try ChildProcess.run("redis-cli", ["-s", server.socket, "--rdb", folder.file("dump.rdb")])
        case .appendOnlyFile:
            // A rewrite would replace the files while they are copied.
            server.cli("CONFIG", "SET", "auto-aof-rewrite-percentage", "0")
            #expect(server.cli("INFO", "persistence").contains("aof_rewrite_in_progress:0"))
            try FileManager.default.copyItem(
                atPath: server.folder.file("appendonlydir"), toPath: folder.file("appendonlydir"))
        }
    }

    /// Starts a server that was killed with the data of a folder instead of its own.
    fileprivate func restore(from folder: TemporaryFolder, in server: RedisServer) throws {
        let files = FileManager.default
        try files.removeItem(atPath: server.folder.file("appendonlydir"))
        switch self {
        case .snapshot:
            try files.copyItem(atPath: folder.file("dump.rdb"), toPath: server.folder.file("dump.rdb"))
            let socket = folder.file("redis.sock")
            let temporary = try ChildProcess(
                "redis-server",
                [
                    "--dir", server.folder.path, "--appendonly", "no", "--save", "", "--port", "0", "--unixsocket",
                    socket,
                ])
            func cli(_ words: String...) throws -> String {
                try ChildProcess.run("redis-cli", ["-s", socket] + words).stdout
            }
            #expect(try eventually { try cli("CONFIG", "SET", "appendonly", "yes").contains("OK") })
            #expect(try eventually { try cli("INFO", "persistence").contains("aof_rewrite_in_progress:0") })
            temporary.terminate()
            temporary.wait(within: .seconds(20))
        case .appendOnlyFile:
            try files.copyItem(
                atPath: folder.file("appendonlydir"), toPath: server.folder.file("appendonlydir"))
        }
        try server.restart()
    }
}
