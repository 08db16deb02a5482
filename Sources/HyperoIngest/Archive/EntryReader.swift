import HyperoRedis
import HyperoSchema

/// The reader of applied entries for an archive, with a connection of its own.
final class EntryReader {
    /// The entries of one read.
    struct Part {
        var records = ArchiveBuffer()
        /// The number of entries, with one that is too large.
        var count = 0
        /// The last entry; nil if there is none.
        var last: StreamID?
        /// An entry that is beyond the bounds; nil if there is none.
        var tooLarge: StreamID?
        /// True if the stream has no further entries in the range.
        var isComplete = false
    }

    private let keyspace: Keyspace
    private var connection: RedisConnection
    private var limit = 1_000

    private static let maxCount = 10_001
    private static let bytes = (1 << 20)...(8 << 20)
    static let bounds = ReplyBounds(
        maxTextBytes: ArchiveRecord.maxContent / 4, maxTotalBytes: ArchiveRecord.maxContent / 2)

    init(_ redis: RedisURL, keyspace: Keyspace) throws(RedisError) {
        self.keyspace = keyspace
        connection = try RedisConnection.open(to: redis, key: keyspace.events, name: "hypero-archive")
    }

    /// Counts the entries after an id, up to another.
    func count(after id: StreamID, through last: StreamID) throws(RedisError) -> Int {
        var (id, count) = (id, 0)
        while true {
            let part = try entries(after: id, through: last, series: nil, first: 0)
            count += part.count
            guard !part.isComplete, let next = part.tooLarge ?? part.last else { return count }
            id = next
        }
    }

    /// Reads entries: XRANGE events (id id COUNT n.
    ///
    /// - Parameters:
    ///   - series: the series of the records; nil to count only.
    ///   - first: the number of the first entry.
    func entries(
        after id: StreamID, through last: StreamID, series: UInt64?, first: Int
    ) throws(RedisError) -> Part {
        while true {
            guard id < last else {
                var part = Part()
                part.isComplete = true
                return part
            }
            let requested = limit
            var writer = RESPWriter(capacity: 256)
            writer.command(
                "XRANGE", keyspace.events, id.next.description, last.description, "COUNT", String(requested))
            try connection.send(writer)
            var reply = try connection.receive(within: Self.bounds)
            if let error = reply.error { throw error.naming(key: keyspace.events, expected: .stream) }
            var part = Part()
            guard reply.isComplete else {
                if requested == 1 {
                    _ = try reply.array()
                    _ = try reply.array()
                    part.tooLarge = try reply.bytes().flatMap { StreamID($0) }
                    guard part.tooLarge != nil else { throw RedisError(.connection, "invalid reply to XRANGE") }
                    part.count = 1
                    return part
                }
                limit = max(requested / 16, 1)
                continue
            }
            if reply.byteCount < Self.bytes.lowerBound { limit = min(requested * 2, Self.maxCount) }
            if reply.byteCount > Self.bytes.upperBound { limit = max(requested / 2, 1) }
            var fields: [WireField] = []
            let received = try reply.array() ?? 0
            for index in 0..<received {
                _ = try reply.array()
                guard let id = try reply.bytes().flatMap({ StreamID($0) }) else {
                    throw RedisError(.connection, "invalid reply to XRANGE: an entry without an id")
                }
                if let series {
                    try reply.fields(into: &fields)
                    let position = ArchivePosition(series: series, id: id, count: first + index)
                    fields.withUnsafeBufferPointer { part.records.add(entry: position, fields: $0) }
                } else {
                    try reply.skip()
                }
                part.last = id
            }
            part.count = received
            part.isComplete = received < requested
            withExtendedLifetime(reply) {}
            return part
        }
    }

    /// Checks that the stream has had an entry: XINFO STREAM events.
    ///
    /// - Throws: an error of the connection if the server has not all that was applied: it may have become a replica that lags.
    func checkIsCurrent(through id: StreamID) throws(RedisError) {
        let last = try connection.streamInfo(of: keyspace.events).get().lastID ?? .zero
        guard last < id else { return }
        throw RedisError(
            .connection,
            "\(keyspace.events) ends at \(last) and not at \(id): the server is a replica that lags, or lost them")
    }
}
