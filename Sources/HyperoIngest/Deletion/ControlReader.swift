import HyperoRedis
import HyperoSchema
import Logging

/// The reader of the commands that operators write to `{hypero}:control`.
struct ControlReader {
    /// A command that was not carried out.
    struct Entry {
        let id: StreamID
        let command: Result<ControlEvent, Rejection>
        /// The condition of the command; nil for none.
        var condition: ControlCondition?
        /// The time of the command in the server that was archived, for a replay; nil if it is unknown.
        var recordedTime: Int64?
        /// The id of the command in the server that was archived, for a replay; nil if it is the same one.
        var archivedID: StreamID?

        init(id: StreamID, command: Result<ControlEvent, Rejection>) {
            (self.id, self.command) = (id, command)
        }

        init(id: StreamID, fields: [(name: String, value: String)]) {
            let own = fields.filter { ![ControlField.time, ControlField.archivedID].contains($0.name) }
            self.init(id: id, command: Result { () throws(Rejection) in try ControlEvent(fields: own) })
            recordedTime = fields.first { $0.name == ControlField.time }.flatMap { Int64($0.value) }
            archivedID = fields.first { $0.name == ControlField.archivedID }.flatMap { StreamID($0.value) }
            condition = ControlCondition(fields: fields)
        }
    }

    static let tooLarge = Rejection("the entry has more than \(Limits.value) bytes")

    let keyspace: Keyspace
    let logger: RateLimitedLogger
    /// False while nothing was applied: an account that must not run XREAD is reported when it cannot read the events.
    var reportsDenial = false

    /// Reads the next command: XREAD COUNT 1 STREAMS control id, XINFO STREAM control.
    ///
    /// A key that cannot be read is logged, and counts as empty: it must not stop the events. If the last id that the stream
    /// ever had is below the cursor, it is another stream than before: it is then read from its beginning.
    ///
    /// - Returns: nil if there is none.
    func entry(
        after cursor: StreamID, over connection: inout RedisConnection
    ) throws(RedisError) -> Entry? {
        var writer = RESPWriter(capacity: 256)
        writer.command("XREAD", "COUNT", "1", "STREAMS", keyspace.control, cursor.description)
        writer.command("XINFO", "STREAM", keyspace.control)
        try connection.send(writer)
        let reply = try connection.receive(within: XReadReply.bounds)
        let info = try connection.receiveStreamInfo(of: keyspace.control)
        if let entry = try entry(from: reply) { return entry }
        // Without permission for XINFO, another stream is not detected.
        guard case .success(let stream) = info, let last = stream.lastID, last < cursor else { return nil }
        writer.removeAll()
        writer.command("XREAD", "COUNT", "1", "STREAMS", keyspace.control, StreamID.zero.description)
        try connection.send(writer)
        guard let entry = try entry(from: try connection.receive(within: XReadReply.bounds)) else { return nil }
        logger.event(
            "\(keyspace.control) is another stream than before: reading it from its beginning", level: .warning)
        return entry
    }

    private func entry(from reply: consuming Reply) throws(RedisError) -> Entry? {
        var reply = reply
        if let error = reply.error {
            guard error.category == .refused || error.category == .denied else { throw error }
            if error.category == .denied, !reportsDenial { return nil }
            logger.event(
                "cannot read commands: \(error.naming(key: keyspace.control, expected: .stream).description)",
                level: .error)
            return nil
        }
        guard try reply.array() != nil else { return nil }
        _ = try reply.array()
        _ = try reply.string()
        guard try reply.array() ?? 0 > 0 else { return nil }
        _ = try reply.array()
        guard let id = try reply.string().flatMap({ StreamID($0) }) else {
            throw RedisError(.connection, "invalid reply to XREAD: an entry without an id")
        }
        guard reply.isComplete else {
            return Entry(id: id, command: .failure(Self.tooLarge))
        }
        return Entry(id: id, fields: try reply.pairs())
    }

    /// Removes the commands that were carried out, if there are any: XINFO STREAM control, XTRIM control MINID id.
    ///
    /// An owner that was killed after a command, or that must not run XTRIM, leaves the command in the stream. If the ingest's
    /// hash is lost, it would be carried out again.
    ///
    /// - Parameters:
    ///   - id: the last command that was carried out. If the stream never had it, it is another stream, and its commands stay.
    ///   - unarchived: the first command that was carried out and is not archived; nil if there is none. It stays for the archive
    ///     with those after it, unless they are too many.
    func trim(
        through id: StreamID, keeping unarchived: StreamID? = nil, over connection: inout RedisConnection
    ) throws(RedisError) {
        var id = id
        guard id != .zero else { return }
        switch try connection.streamInfo(of: keyspace.control) {
        case .success(let stream):
            guard let first = stream.firstEntryID, first <= id, let last = stream.lastID, last >= id else { return }
            if let before = unarchived?.previous, stream.length <= Archiver.maxCommands { id = min(id, before) }
            guard first <= id else { return }
        // A key of another type is reported when it is read.
        case .failure(let error) where error.code == .wrongType: return
        case .failure: break
        }
        let reply = try connection.call("XTRIM", keyspace.control, "MINID", id.next.description)
        guard let error = reply.error else { return }
        logger.event("cannot trim \(keyspace.control): \(error.report)", level: .error)
    }
}

extension RedisConnection {
    /// Calls a function with the commands of a control stream: XRANGE control id id COUNT n.
    mutating func forEachCommand(
        after id: StreamID, through last: StreamID, in keyspace: Keyspace,
        _ body: (ControlReader.Entry) -> Void
    ) throws(RedisError) {
        let maxCount = 1_000
        var (id, count) = (id, maxCount)
        while id < last {
            var writer = RESPWriter(capacity: 256)
            writer.command("XRANGE", keyspace.control, id.next.description, last.description, "COUNT", String(count))
            try send(writer)
            var reply = try receive(within: XReadReply.bounds)
            if let error = reply.error { throw error.naming(key: keyspace.control, expected: .stream) }
            let isComplete = reply.isComplete
            guard isComplete || count == 1 else {
                count = 1
                continue
            }
            let received = try reply.array() ?? 0
            for _ in 0..<received {
                _ = try reply.array()
                guard let next = try reply.string().flatMap({ StreamID($0) }) else {
                    throw RedisError(.connection, "invalid reply to XRANGE: an entry without an id")
                }
                id = next
                guard isComplete else {
                    body(ControlReader.Entry(id: id, command: .failure(ControlReader.tooLarge)))
                    break
                }
                body(ControlReader.Entry(id: id, fields: try reply.pairs()))
            }
            guard received == count else { return }
            count = maxCount
        }
    }
}
