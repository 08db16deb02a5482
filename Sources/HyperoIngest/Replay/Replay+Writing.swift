import HyperoCore
import HyperoRedis
import HyperoSchema
import Logging

extension Replay {
    /// The number of entries that are written before they are applied, and their bytes.
    private static let (partCount, partBytes) = (50_000, 32 << 20)
    /// The number of commands that are written before they are carried out.
    private static let commandCount = 1_000
    /// The size in bytes of one write.
    private static let writeBytes = 1 << 20

    /// The entries and commands that are written to a partition, or are about to be, and are not applied.
    private struct Part: ~Copyable {
        let known: KnownState
        /// The last entry of the stream.
        var written: StreamID
        /// The last entry that is in the stream or in the writer.
        var last: StreamID
        /// The last command of the control stream.
        var writtenCommand = StreamID.zero
        /// The first and the last command in the writer; nil without one.
        var addedCommands: (first: StreamID, last: StreamID)?
        /// The id up to which the ingest has read the control stream.
        var control: StreamID
        /// The last entry of the archive that has occurred. Of those that the stream had before, no further ones are applied.
        var reached = StreamID.zero
        var (entries, bytes, commands) = (0, 0, 0)
        var writer = RESPWriter()

        init(_ known: KnownState) {
            self.known = known
            (written, last, control) = (known.events, known.events, known.control)
        }

        /// True if entries before the next command may not be applied.
        var hasEntries: Bool { entries > 0 || reached <= known.events && known.events != .zero }

        mutating func add(
            _ command: ControlEvent, _ id: StreamID, archivedAs archivedID: StreamID, time: Int64?,
            in keyspace: Keyspace
        ) {
            var fields = command.fields + (time.map { [(ControlField.time, String($0))] } ?? [])
            if archivedID != id { fields.append((ControlField.archivedID, archivedID.description)) }
            writer.begin(arguments: 3 + 2 * fields.count)
            for argument in ["XADD", keyspace.control, id.description] { writer.add(argument) }
            for field in fields {
                writer.add(field.name)
                writer.add(field.value)
            }
            commands += 1
            addedCommands = (addedCommands?.first ?? id, id)
        }

        mutating func add(_ fields: [ArchiveRecord.Field], _ id: StreamID, in keyspace: Keyspace) {
            writer.begin(arguments: 3 + 2 * fields.count)
            for argument in ["XADD", keyspace.events, id.description] { writer.add(argument) }
            let before = writer.count
            for field in fields {
                field.name.withUnsafeBytes { writer.add($0) }
                field.value.withUnsafeBytes { writer.add($0) }
            }
            entries += 1
            bytes += writer.count - before
            last = id
        }
    }

    /// Replays the files of a partition.
    func run(_ paths: [String], in keyspace: Keyspace, _ result: inout Summary) throws {
        var connection = try RedisConnection.open(to: settings.redis, key: keyspace.events, name: "hypero-replay")
        let known = try knownState(of: keyspace, over: &connection)
        var sequence = try sequence(of: paths, for: known)
        let doneCommands = try checkPosition(known, of: paths, in: keyspace, over: &connection)
        result.gaps += try removeWaitingCommands(known, of: paths, in: keyspace, over: &connection)
        var part = Part(known)
        var (commandNumber, knownCount) = (0, 0)
        while let element = try sequence.next() {
            switch element {
            case .hole(let hole):
                if sequence.server != nil || known.events == .zero || hole.through > known.events {
                    result.add(hole, of: keyspace)
                }
            case .command(let command, let id):
                commandNumber += 1
                guard commandNumber > doneCommands else { continue }
                // Further ones between the same entries are carried out together.
                if part.commands == 0 && part.hasEntries || part.commands >= Self.commandCount {
                    try apply(&part, in: keyspace, over: &connection)
                }
                // That of the archived id, if the replay gives the command another one.
                let recordedID = sequence.recordedCommandID
                let time =
                    sequence.recordedCommandTime ?? (id == recordedID ? nil : Int64(clamping: recordedID.milliseconds))
                part.add(command, id, archivedAs: recordedID, time: time, in: keyspace)
                result.commands += 1
            case .entry(let id, let fields):
                if part.commands > 0 { try apply(&part, in: keyspace, over: &connection) }
                part.reached = id
                if let read = known.read, id <= read.cursor { knownCount += 1 }
                guard id > known.events else {
                    result.skipped += 1
                    continue
                }
                part.add(fields, id, in: keyspace)
                result.entries += 1
                if fields.contains(where: { $0.name.elementsEqual(EventField.requeued.utf8) }) { result.requeued += 1 }
                if part.writer.count > Self.writeBytes { try flush(&part, in: keyspace, over: &connection) }
                guard part.entries >= Self.partCount || part.bytes >= Self.partBytes else { continue }
                try apply(&part, in: keyspace, over: &connection)
            }
        }
        try apply(&part, in: keyspace, over: &connection)
        try apply(keyspace, through: nil)
        try checkLastCommand(part.writtenCommand, in: keyspace, over: &connection)
        if known.isArchived { try recordArchived(in: keyspace, over: &connection) }
        let missing = lacking(known, of: knownCount, in: sequence)
        if missing > 0 {
            result.add(ArchiveSequence.lacking(missing, through: known.read?.cursor ?? .zero), of: keyspace)
        }
        if part.last != .zero { result.ends.append(Summary.End(tag: keyspace.tag, id: part.last)) }
        var dead = try connection.call("XLEN", keyspace.dead)
        if let error = dead.error { throw error.naming(key: keyspace.dead, expected: .stream) }
        result.deadLetters += try dead.integer()
        result.repeated += sequence.skipped
        result.torn += sequence.torn
    }

    /// Writes the rest of a part, and applies it.
    private func apply(_ part: inout Part, in keyspace: Keyspace, over connection: inout RedisConnection) throws {
        try flush(&part, in: keyspace, over: &connection)
        try apply(keyspace, through: part.reached < part.known.events ? part.reached : nil)
        (part.entries, part.bytes, part.commands) = (0, 0, 0)
    }

    /// Writes entries or commands in one transaction, if no other client has written to the streams: WATCH events control, XINFO STREAM
    /// events, XINFO STREAM control, MULTI, HSET ingest control …, XADD …, EXEC.
    ///
    /// The cursor of the control stream is set back if it is after the first command, for example to that of a rebuild: the ingest
    /// would pass over commands before it.
    private func flush(_ part: inout Part, in keyspace: Keyspace, over connection: inout RedisConnection) throws {
        guard part.writer.commands > 0 else { return }
        hasWritten = true
        _ = try connection.call("WATCH", keyspace.events, keyspace.control)
        let found = try connection.streamInfo(of: keyspace.events).get().lastID ?? .zero
        guard found == part.written else { throw try foreign(found, in: keyspace, over: &connection) }
        try checkLastCommand(part.writtenCommand, in: keyspace, over: &connection)
        var begin = RESPWriter(capacity: 256)
        begin.command("MULTI")
        if let added = part.addedCommands, part.control >= added.first, let before = added.first.previous {
            begin.command("HSET", keyspace.ingest, IngestField.control, before.description)
        }
        let count = part.writer.commands + begin.commands - 1
        try connection.send(begin)
        try connection.send(part.writer)
        var end = RESPWriter(capacity: 64)
        end.command("EXEC")
        try connection.send(end)
        let error = try connection.receive().error
        let queueError = try connection.receiveQueued(count)
        var reply = try connection.receive()
        if let error = error ?? queueError ?? reply.error { throw error }
        guard let results = try reply.array() else {
            try checkLastCommand(part.writtenCommand, in: keyspace, over: &connection)
            let found = try connection.streamInfo(of: keyspace.events).get().lastID ?? .zero
            throw try foreign(found, in: keyspace, over: &connection)
        }
        for _ in 0..<results {
            if let error = reply.error { throw error }
            try reply.skip()
        }
        part.writer.removeAll()
        part.written = part.last
        if let added = part.addedCommands { (part.writtenCommand, part.control) = (added.last, added.last) }
        part.addedCommands = nil
    }

    /// Applies the entries and the commands of a partition.
    ///
    /// - Parameter last: the last entry to apply; nil to apply all.
    private func apply(_ keyspace: Keyspace, through last: StreamID?) throws(ArchiveError) {
        let worker = PartitionWorker(settings, keyspace: keyspace, logger: logger, shutdown: shutdown)
        if let last { worker.endExactly(at: last) }
        guard worker.run() == .done, !shutdown.isRequested else {
            throw ArchiveError(
                "the replay has ended before all entries were applied. Run it again with --force, which continues it")
        }
    }
}
