import HyperoRedis
import HyperoSchema
import Logging

/// The reader of the commands that operators write to `{hypero}:control`.
struct ControlReader {
    /// A command that was not carried out.
    struct Entry {
        let id: StreamID
        let command: Result<ControlEvent, Rejection>
    }

    let keyspace: Keyspace
    let logger: RateLimitedLogger
    /// False while nothing was applied: an account that must not run XREAD is reported when it cannot read the events.
    var reportsDenial = false

    /// Reads the next command: XREAD COUNT 1 STREAMS control id.
    ///
    /// A key that cannot be read is logged, and counts as empty: it must not stop the events.
    ///
    /// - Returns: nil if there is none.
    func entry(
        after cursor: StreamID, over connection: inout RedisConnection
    ) throws(RedisError) -> Entry? {
        var writer = RESPWriter(capacity: 256)
        writer.command("XREAD", "COUNT", "1", "STREAMS", keyspace.control, cursor.description)
        try connection.send(writer)
        var reply = try connection.receive(within: XReadReply.bounds)
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
            return Entry(id: id, command: .failure(Rejection("the entry has more than \(Limits.value) bytes")))
        }
        let fields = try reply.pairs()
        return Entry(id: id, command: Result { () throws(Rejection) in try ControlEvent(fields: fields) })
    }

    /// Removes the commands up to an id from the stream: XTRIM control MINID id.
    func trim(through id: StreamID, over connection: inout RedisConnection) throws(RedisError) {
        let reply = try connection.call("XTRIM", keyspace.control, "MINID", id.next.description)
        guard let error = reply.error else { return }
        logger.event("cannot trim \(keyspace.control): \(error.description)", level: .error)
    }
}
