import HyperoCore
import HyperoRedis
import HyperoSchema

// The server to which a replay adds: a backup, or what a replay that has ended has written.
extension Replay {
    /// The entries and commands that a partition has had.
    struct KnownState {
        /// The last entry of the events stream.
        let events: StreamID
        /// The last command that was carried out.
        let control: StreamID
        /// The last command of the control stream.
        let lastCommand: StreamID
        /// The number of commands that were carried out, and the last of them; nil if none was, or if they were not counted.
        let commands: CommandsField?
        /// The cursor with its number in a series; nil if it is unknown.
        var read: ReadField?
        /// The last entry of the stream with its number; nil if it is unknown.
        var position: ArchivePosition?
        /// True if the partition was archived.
        var isArchived = false
    }

    /// Reads the last entry and the last commands that a partition has had: XINFO STREAM events, XINFO STREAM control, HMGET ingest
    /// control cursor read archived commands, XRANGE events.
    func knownState(of keyspace: Keyspace, over connection: inout RedisConnection) throws(RedisError) -> KnownState {
        let events = try connection.streamInfo(of: keyspace.events).get().lastID ?? .zero
        let commands = try connection.streamInfo(of: keyspace.control).get().lastID ?? .zero
        var hash = try connection.call(
            "HMGET", keyspace.ingest, IngestField.control, IngestField.cursor, IngestField.read, IngestField.archived,
            IngestField.commands)
        if let error = hash.error { throw error.naming(key: keyspace.ingest, expected: .hash) }
        let fields = try hash.strings(count: 5)
        var state = KnownState(
            events: events, control: fields[0].flatMap { StreamID($0) } ?? .zero, lastCommand: commands,
            commands: fields[4].flatMap { CommandsField($0) }, isArchived: fields[3] != nil)
        guard let read = fields[2].flatMap({ ReadField($0) }), fields[1].flatMap({ StreamID($0) }) == read.cursor,
            read.cursor <= events
        else { return state }
        state.read = read
        // The entries that wait in a backup.
        let waiting = try EntryReader(settings.redis, keyspace: keyspace).count(after: read.cursor, through: events)
        let (count, isBeyond) = read.count.addingReportingOverflow(waiting)
        guard !isBeyond else { return state }
        state.position = ArchivePosition(series: read.series.number, id: events, count: count)
        return state
    }

    /// Returns the number of entries that a server lacks of the archive up to its cursor, if an earlier replay has written all of them.
    ///
    /// - Parameter count: the number of entries of the archive up to the cursor.
    func lacking(_ known: KnownState, of count: Int, in sequence: borrowing ArchiveSequence) -> Int {
        guard let read = known.read, read.series.former == 0, !sequence.hasSeries(read.series.number) else { return 0 }
        return max(count.subtractingReportingOverflow(read.count).partialValue, 0)
    }

    /// Records that all entries are archived, because they come from an archive, if the partition was archived before: WATCH lease,
    /// GET lease, HGET ingest read, MULTI, HSET ingest archived, EXEC. Does nothing once an ingest owns the partition.
    func recordArchived(in keyspace: Keyspace, over connection: inout RedisConnection) throws {
        _ = try connection.call("WATCH", keyspace.lease)
        var lease = try connection.call("GET", keyspace.lease)
        if let error = lease.error { throw error.naming(key: keyspace.lease, expected: .string) }
        let owner = try lease.string()
        var hash = try connection.call("HGET", keyspace.ingest, IngestField.read)
        if let error = hash.error { throw error.naming(key: keyspace.ingest, expected: .hash) }
        guard owner == nil, let read = try hash.string().flatMap({ ReadField($0) }) else {
            _ = try connection.call("UNWATCH")
            return
        }
        let archived = ArchivedField(
            series: read.series.number, count: read.count, time: Int64(clamping: WallClock.milliseconds))
        _ = try connection.call("MULTI")
        _ = try connection.call("HSET", keyspace.ingest, IngestField.archived, archived.description)
        let exec = try connection.call("EXEC")
        if let error = exec.error { throw error }
    }

    /// Opens the files of a partition, as they are to be added to a server.
    func sequence(of paths: [String], for known: KnownState) throws(ArchiveError) -> ArchiveSequence {
        try ArchiveSequence(
            paths, after: known.position, commands: known.commands?.count ?? 0, skipsDamage: skipsDamage)
    }

    /// Checks that the last entry of the stream is one of the archive, or older than it. If another client has written it, the
    /// entries before it could not be told from those that were replayed. The same holds for the last command that was carried out.
    ///
    /// - Returns: the number of commands of the archive that the partition has carried out.
    func checkPosition(
        _ known: KnownState, of paths: [String], in keyspace: Keyspace, over connection: inout RedisConnection
    ) throws -> Int {
        guard known.events != .zero || known.control != .zero else { return 0 }
        guard isForced else { throw try foreign(known.events, in: keyspace, over: &connection) }
        var sequence = try sequence(of: paths, for: known)
        var done = DoneCommands(known)
        var (isFirst, isPast) = (true, false)
        var isFound = known.events == .zero
        while let element = try sequence.next() {
            switch element {
            case .hole: break
            case .command(_, let id):
                done.compare(
                    id, recorded: sequence.recordedCommandID, number: sequence.recordedCommandNumber, isPast: isPast)
            case .entry(let id, let fields):
                done.compare(entry: id)
                if isPast || id > known.events {
                    isFound = isFound || isFirst
                    isPast = true
                } else {
                    isFirst = false
                    guard id == known.events else { continue }
                    // The stream may have trimmed it.
                    let found = try entry(id, in: keyspace, over: &connection)
                    isFound = found.map { $0 == fields.flatMap { [$0.name, $0.value] } } ?? true
                    isPast = !isFound
                }
            }
            if isPast, !isFound || done.isDecided { break }
        }
        guard isFound else {
            throw try foreign(known.events, in: keyspace, isFileMissing: true, over: &connection)
        }
        guard let count = done.count else { throw foreignCommand(done.last, in: keyspace) }
        return count
    }

    /// Removes the commands that wait in the control stream of a backup, because the ingest would carry them out before the entries
    /// that precede them in the archive: XRANGE control, WATCH control, XINFO STREAM control, MULTI, UNLINK control, EXEC. The replay
    /// writes those of the archive again.
    ///
    /// - Returns: the descriptions of those that the archive does not have.
    func removeWaitingCommands(
        _ known: KnownState, of paths: [String], in keyspace: Keyspace, over connection: inout RedisConnection
    ) throws -> [String] {
        // Also without a command: the stream would refuse one with an id that is not above its last one.
        guard known.lastCommand != .zero else { return [] }
        var waiting = try waitingCommands(
            after: known.lastCommand < known.control ? .zero : known.control, in: keyspace, over: &connection)
        if !waiting.isEmpty {
            var sequence = try sequence(of: paths, for: known)
            while let element = try sequence.next() {
                guard case .command(let command, let id) = element else { continue }
                waiting.removeAll {
                    $0.command == command && ($0.id == id || $0.id == sequence.recordedCommandID)
                }
            }
        }
        _ = try connection.call("WATCH", keyspace.control)
        try checkLastCommand(known.lastCommand, in: keyspace, over: &connection)
        _ = try connection.call("MULTI")
        _ = try connection.call("UNLINK", keyspace.control)
        var exec = try connection.call("EXEC")
        if let error = exec.error { throw error }
        guard try exec.array() != nil else { throw foreignCommand(known.lastCommand, in: keyspace) }
        return waiting.map {
            "the command \($0.id) waited in \(keyspace.control), and the archive does not have it: \($0.command.kind) "
                + "\($0.command.subject). It was left out. Give it again if it is to be carried out"
        }
    }

    /// Reads commands that change experiments: XRANGE control id + COUNT n. The others are left out: a rebuild changes nothing that
    /// must be restored, an invalid one has no effect, and one of a rule has expired, unless the archive has it.
    private func waitingCommands(
        after id: StreamID, in keyspace: Keyspace, over connection: inout RedisConnection
    ) throws(RedisError) -> [(id: StreamID, command: ControlEvent)] {
        var found: [(id: StreamID, command: ControlEvent)] = []
        try connection.forEachCommand(after: id, through: .highest, in: keyspace) { entry in
            guard case .success(let command) = entry.command, command.kind != ControlField.rebuild,
                entry.condition == nil
            else { return }
            found.append((entry.id, command))
        }
        return found
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

    /// Returns the error of an entry that is not in the archive.
    ///
    /// - Parameter isFileMissing: true if it may be in a file that was not given.
    func foreign(
        _ id: StreamID, in keyspace: Keyspace, isFileMissing: Bool = false, over connection: inout RedisConnection
    ) throws(RedisError) -> ArchiveError {
        let fields = try entry(id, in: keyspace, over: &connection)?.map { String(decoding: $0, as: UTF8.self) } ?? []
        let name = stride(from: 0, to: fields.count - 1, by: 2).first { fields[$0] == EventField.producer }
        let producer = name.map { " of the producer \(printable(fields[$0 + 1]))" } ?? ""
        let subject = "cannot replay: entry \(id) of \(keyspace.events)\(producer)"
        guard isFileMissing else {
            return ArchiveError(
                "\(subject) is not in the archive, so another client writes to the server. Stop all trainings, and replay to an empty "
                    + "server")
        }
        return ArchiveError(
            "\(subject) is not in the archive: another client has written to the server, or a file is not given. Give all files of "
                + "the archive. If it is of another client, stop all trainings, and replay to an empty server")
    }
}
