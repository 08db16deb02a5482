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
        /// The parts of the archive that are missing, one sentence each.
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
    private var isForced = false

    /// The number of entries that are written before they are applied, and their bytes.
    private static let (partCount, partBytes) = (50_000, 32 << 20)
    /// The number of commands that are written before they are carried out.
    private static let commandCount = 1_000
    /// The size in bytes of one write.
    private static let writeBytes = 1 << 20

    /// - Parameter files: the paths of archive files.
    /// - Throws: ``ArchiveError`` if a file cannot be read, or is of another namespace or number of partitions, ``SchemaError`` if a
    ///   setting is invalid.
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
            let tag = try ArchiveReader(file).header.tag
            guard Keyspace.namespace(ofTag: tag) == settings.namespace else {
                throw ArchiveError(
                    "cannot replay \(printable(file)): it is of \(tag), and the namespace is \(settings.namespace). Give only its "
                        + "files, or its namespace by --namespace")
            }
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
        self.isForced = isForced
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
            result.gaps = unbegun.map { "\(printable($0)) is empty" }
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
        try checkPosition(known.events, of: paths, in: keyspace, over: &connection)
        var written = known.events
        var last = known.events
        var (count, bytes) = (0, 0)
        var commandCount = 0
        var writer = RESPWriter()
        while let element = try sequence.next() {
            switch element {
            case .hole(let hole):
                if known.events == .zero || hole.through > known.events {
                    result.gaps.append("\(hole.text), of \(keyspace.tag)")
                }
            case .command(let command, let id):
                guard id > known.control else { continue }
                if count > 0 || commandCount >= Self.commandCount {
                    try flush(&writer, in: keyspace, &written, last, over: &connection)
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
                    try flush(&writer, in: keyspace, &written, last, over: &connection)
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
                last = id
                if writer.count > Self.writeBytes {
                    try flush(&writer, in: keyspace, &written, last, over: &connection)
                }
                guard count >= Self.partCount || bytes >= Self.partBytes else { continue }
                try flush(&writer, in: keyspace, &written, last, over: &connection)
                try apply(keyspace)
                (count, bytes) = (0, 0)
            }
        }
        try flush(&writer, in: keyspace, &written, last, over: &connection)
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

    /// Checks that the last entry of the stream is one of the archive, or older than it. If another client has written it, the
    /// entries before it could not be told from those that were replayed.
    private func checkPosition(
        _ last: StreamID, of paths: [String], in keyspace: Keyspace, over connection: inout RedisConnection
    ) throws {
        guard last != .zero else { return }
        guard isForced else { throw try foreign(last, in: keyspace, over: &connection) }
        var sequence = try ArchiveSequence(paths)
        var isFirst = true
        while let element = try sequence.next() {
            guard case .entry(let id, let fields) = element else { continue }
            if isFirst, id > last { return }
            isFirst = false
            guard id >= last else { continue }
            // The stream may have trimmed it.
            let found = id == last ? try entry(last, in: keyspace, over: &connection) : []
            let isSame = found.map { $0 == fields.flatMap { [$0.name, $0.value] } } ?? true
            guard id == last, isSame else { break }
            return
        }
        throw try foreign(last, in: keyspace, over: &connection)
    }

    /// Reads the fields of an entry: XRANGE events id id. nil if the stream does not have it any more.
    private func entry(
        _ id: StreamID, in keyspace: Keyspace, over connection: inout RedisConnection
    ) throws(RedisError) -> [[UInt8]]? {
        var writer = RESPWriter(capacity: 256)
        writer.command("XRANGE", keyspace.events, id.description, id.description)
        try connection.send(writer)
        var reply = try connection.receive(within: EntryReader.bounds)
        if let error = reply.error { throw error.naming(key: keyspace.events, expected: .stream) }
        guard try reply.array() ?? 0 > 0 else { return nil }
        _ = try reply.array()
        _ = try reply.bytes()
        var fields: [WireField] = []
        try reply.fields(into: &fields)
        let texts = fields.flatMap { [Array($0.name), Array($0.value)] }
        withExtendedLifetime(reply) {}
        return texts
    }

    private func foreign(
        _ id: StreamID, in keyspace: Keyspace, over connection: inout RedisConnection
    ) throws(RedisError) -> ArchiveError {
        let fields = try entry(id, in: keyspace, over: &connection)?.map { String(decoding: $0, as: UTF8.self) } ?? []
        let name = stride(from: 0, to: fields.count - 1, by: 2).first { fields[$0] == EventField.producer }
        let producer = name.map { " of the producer \(printable(fields[$0 + 1]))" } ?? ""
        return ArchiveError(
            "cannot replay: entry \(id) of \(keyspace.events)\(producer) is not in the archive, so another client writes to the "
                + "server. Stop all trainings, and replay to an empty server")
    }

    /// Writes entries or commands in one transaction, if no other client has written to the stream: WATCH events, XINFO STREAM
    /// events, MULTI, XADD …, EXEC.
    private func flush(
        _ commands: inout RESPWriter, in keyspace: Keyspace, _ written: inout StreamID, _ last: StreamID,
        over connection: inout RedisConnection
    ) throws {
        let count = commands.commands
        guard count > 0 else { return }
        _ = try connection.call("WATCH", keyspace.events)
        let found = try connection.streamInfo(of: keyspace.events).get().lastID ?? .zero
        guard found == written else { throw try foreign(found, in: keyspace, over: &connection) }
        var begin = RESPWriter(capacity: 64)
        begin.command("MULTI")
        try connection.send(begin)
        try connection.send(commands)
        var end = RESPWriter(capacity: 64)
        end.command("EXEC")
        try connection.send(end)
        let error = try connection.receive().error
        let queueError = try connection.receiveQueued(count)
        var reply = try connection.receive()
        if let error = error ?? queueError ?? reply.error { throw error }
        guard let results = try reply.array() else {
            let found = try connection.streamInfo(of: keyspace.events).get().lastID ?? .zero
            throw try foreign(found, in: keyspace, over: &connection)
        }
        for _ in 0..<results {
            if let error = reply.error { throw error }
            try reply.skip()
        }
        commands.removeAll()
        written = last
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
