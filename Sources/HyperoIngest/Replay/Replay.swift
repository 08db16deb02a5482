import HyperoCore
import HyperoRedis
import HyperoSchema
package import Logging

/// The replay of archive files to a deployment: writes the entries with their ids to the streams, and applies them.
///
///     let replay = try Replay(settings, files: paths, logger: logger)
///     try replay.check(isForced: false)
///     let result = try replay.run()
///
/// Commands of operators are carried out where they were, between the same entries. The indexes are then those of the deployment that
/// was archived. The clock is the one of the archive: a deletion expires 30 days after it.
package final class Replay {
    /// The counts of a replay.
    package struct Summary: Sendable, Hashable {
        package var entries = 0
        package var commands = 0
        /// The entries that occurred before in the files, or that the server had.
        package var skipped = 0
        /// The ranges of entries that were trimmed before they were archived.
        package var gaps: [String] = []
        /// The files whose last record is torn.
        package var torn: [String] = []
    }

    private let settings: IngestSettings
    private let files: [(keyspace: Keyspace, paths: [String])]
    /// The files without a whole first line.
    private let unbegun: [String]
    private let logger: Logger
    private let shutdown = ShutdownFlag()

    /// The number of entries that are written before they are applied, and their bytes.
    private static let (partCount, partBytes) = (50_000, 32 << 20)
    /// The number of commands that are written before they are carried out.
    private static let commandCount = 1_000
    /// The size in bytes of one write.
    private static let writeBytes = 1 << 20

    /// - Parameter files: the paths of archive files.
    /// - Throws: ``ArchiveError`` if a file cannot be read or is of another number of partitions, ``SchemaError`` if a setting is
    ///   invalid.
    package init(_ settings: IngestSettings, files: [String], logger: Logger) throws {
        var settings = settings
        settings.isDraining = true
        settings.isReplaying = true
        settings.archive = nil
        try settings.check()
        self.settings = settings
        self.logger = logger
        let keyspaces = try settings.keyspaces()
        var paths: [Int: [String]] = [:]
        var unbegun: [String] = []
        for file in files {
            guard try !ArchiveReader.isUnbegun(file) else {
                unbegun.append(file)
                continue
            }
            let tag = try ArchiveReader(file).tag
            let words = tag.dropFirst().dropLast().split(separator: ":")
            let partition = words.count == 2 ? Int(words[1]) : nil
            guard partition == nil ? keyspaces.count == 1 : keyspaces.count > 1 && partition ?? 0 < keyspaces.count
            else {
                throw ArchiveError(
                    "cannot replay \(printable(file)): it is of \(tag), and there are \(keyspaces.count) partitions. Give the number "
                        + "of partitions that was archived")
            }
            paths[partition ?? 0, default: []].append(file)
        }
        self.unbegun = unbegun
        self.files = paths.sorted { $0.key < $1.key }.map { (keyspaces[$0.key], $0.value) }
    }

    /// Checks that the partitions are empty, and that no ingest owns one.
    ///
    /// - Parameter isForced: true to add entries to partitions that are not empty.
    package func check(isForced: Bool) throws(ArchiveError) {
        try converting { try checkPartitions(isForced: isForced) }
    }

    private func checkPartitions(isForced: Bool) throws {
        for keyspace in try settings.keyspaces() {
            var connection = try RedisConnection.open(to: settings.redis, key: keyspace.events, name: "hypero-replay")
            var lease = try connection.call("GET", keyspace.lease)
            if let error = lease.error { throw error.naming(key: keyspace.lease, expected: .string) }
            if let owner = try lease.string() {
                throw ArchiveError(
                    "cannot replay: the ingest \(printable(owner)) owns \(keyspace.tag). Stop it, and start it after the replay"
                )
            }
            var reply = try connection.call(
                "EXISTS", keyspace.events, keyspace.ingest, keyspace.batteries, keyspace.control, keyspace.deleted,
                keyspace.dead)
            let count = try reply.integer()
            guard isForced || count == 0 else {
                throw ArchiveError(
                    "cannot replay: \(keyspace.tag) is not empty. Use another server, or give --force to add what is newer than its "
                        + "last entry, for example after a backup was restored")
            }
        }
    }

    /// Requests that the replay ends. Another thread may call it.
    package var stop: @Sendable () -> Void { { [shutdown] in shutdown.request() } }

    /// Replays the files.
    ///
    /// - Throws: ``ArchiveError`` if a file is damaged, if a signal has ended the replay, or if entries cannot be applied.
    package func run() throws(ArchiveError) -> Summary {
        try converting {
            var result = Summary()
            result.torn = unbegun
            for (keyspace, paths) in files { try run(paths, in: keyspace, &result) }
            return result
        }
    }

    private func converting<Value>(_ body: () throws -> Value) throws(ArchiveError) -> Value {
        do {
            return try body()
        } catch let error as ArchiveError {
            throw error
        } catch let error as RedisError {
            throw ArchiveError(error.report)
        } catch {
            throw ArchiveError("\(error)")
        }
    }

    private func run(_ paths: [String], in keyspace: Keyspace, _ result: inout Summary) throws {
        var sequence = try ArchiveSequence(paths)
        var connection = try RedisConnection.open(to: settings.redis, key: keyspace.events, name: "hypero-replay")
        // What a replay that was killed has written, or what a backup has.
        try apply(keyspace)
        let known = try position(in: keyspace, over: &connection)
        var (count, bytes) = (0, 0)
        var commandCount = 0
        var writer = RESPWriter()
        while let element = try sequence.next() {
            switch element {
            case .gap(let after, let through): result.gaps.append("\(after) to \(through) of \(keyspace.events)")
            case .command(let command, let id):
                guard id > known.control else { continue }
                if count > 0 || commandCount >= Self.commandCount {
                    try flush(&writer, over: &connection)
                    try apply(keyspace)
                    (count, bytes, commandCount) = (0, 0, 0)
                }
                writer.begin(arguments: 3 + 2 * command.fields.count)
                for argument in ["XADD", keyspace.control, id.description] { writer.add(argument) }
                for field in command.fields {
                    writer.add(field.name)
                    writer.add(field.value)
                }
                // Further ones between the same entries are carried out together.
                commandCount += 1
                result.commands += 1
            case .entry(let id, let fields):
                guard id > known.events else {
                    result.skipped += 1
                    continue
                }
                if commandCount > 0 {
                    try flush(&writer, over: &connection)
                    try apply(keyspace)
                    commandCount = 0
                }
                writer.begin(arguments: 3 + 2 * fields.count)
                for argument in ["XADD", keyspace.events, id.description] { writer.add(argument) }
                let before = writer.count
                for field in fields {
                    field.name.withUnsafeBytes { writer.add($0) }
                    field.value.withUnsafeBytes { writer.add($0) }
                }
                count += 1
                bytes += writer.count - before
                result.entries += 1
                if writer.count > Self.writeBytes { try flush(&writer, over: &connection) }
                guard count >= Self.partCount || bytes >= Self.partBytes else { continue }
                try flush(&writer, over: &connection)
                try apply(keyspace)
                (count, bytes) = (0, 0)
            }
        }
        try flush(&writer, over: &connection)
        try apply(keyspace)
        result.skipped += sequence.skipped
        result.torn += sequence.torn
    }

    /// Reads the last entry and the last command that a partition has had: XINFO STREAM events, XINFO STREAM control, HGET ingest
    /// control.
    private func position(
        in keyspace: Keyspace, over connection: inout RedisConnection
    ) throws(RedisError) -> (events: StreamID, control: StreamID) {
        let events = try connection.streamInfo(of: keyspace.events).get().lastID ?? .zero
        let commands = try connection.streamInfo(of: keyspace.control).get().lastID ?? .zero
        var control = try connection.call("HGET", keyspace.ingest, IngestField.control)
        return (events, max(commands, try control.string().flatMap { StreamID($0) } ?? .zero))
    }

    private func flush(_ writer: inout RESPWriter, over connection: inout RedisConnection) throws(RedisError) {
        try connection.send(writer)
        for _ in 0..<writer.commands {
            let reply = try connection.receive()
            if let error = reply.error { throw error }
        }
        writer.removeAll()
    }

    /// Applies the entries and the commands of a partition.
    private func apply(_ keyspace: Keyspace) throws(ArchiveError) {
        let worker = PartitionWorker(settings, keyspace: keyspace, logger: logger, shutdown: shutdown)
        guard worker.run() == .done, !shutdown.isRequested else {
            throw ArchiveError(
                "the replay has ended before all entries were applied. Run it again with --force, which continues it")
        }
    }
}
