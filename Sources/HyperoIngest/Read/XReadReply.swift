import HyperoRedis
import HyperoSchema

/// The entries of one read of the stream, raw and decoded.
package struct ReadBatch {
    package let reply: XReadReply
    package let batch: DecodedBatch
    /// True if the stream may have more entries.
    package let mayHaveMore: Bool

    /// - Parameter requested: the number of entries that XREAD requested.
    init(_ reply: XReadReply, requested: Int) throws(RedisError) {
        let batch = try reply.decoded()
        self.init(
            batch: batch, reply: reply,
            mayHaveMore: reply.mayHaveMore(requested: requested) || batch.items.count < reply.count)
    }

    package init(batch: DecodedBatch, reply: XReadReply = XReadReply(), mayHaveMore: Bool) {
        self.batch = batch
        self.reply = reply
        self.mayHaveMore = mayHaveMore
    }
}

/// The reply to XREAD, whose entries are decoded on demand.
///
/// If the reply was truncated at its ``bounds``, it keeps the entries that are complete or that exceed the limits of an
/// entry. The next XREAD returns the others. The first entry of a reply is always kept, so that reading progresses.
package struct XReadReply {
    /// The bounds of a reply in memory: per value the maximum that an entry may have, and in total twice the maximum of
    /// a batch.
    static let bounds = ReplyBounds(maxTextBytes: Limits.value, maxTotalBytes: 2 * BatchSize.byteLimit)

    /// The count of numbers after which a batch gets no further entry. An entry of 1 MiB has at most 500,000.
    private static let maxNumbers = 1 << 17

    /// The number of entries kept.
    package private(set) var count = 0
    /// The id of the last entry; nil if there is none.
    private(set) var last: StreamID?
    /// The bytes of all entries received, including those that are not kept.
    private(set) var bytes = 0
    /// The number of entries received, including those that are not kept.
    private(set) var received = 0
    /// The reply, positioned before its first entry. It owns the bytes of all entries.
    private var reply: Reply?

    /// Creates a reply without entries.
    package init() {}

    /// Reads the reply to XREAD: null, or one stream with its entries `[id, [name, value, …]]`.
    ///
    /// - Throws: the reply's error; a transient one if the stream was removed while XREAD blocked.
    init(_ reply: consuming Reply, from stream: String) throws(RedisError) {
        var reply = reply
        if let error = reply.error { throw error.naming(key: stream, expected: .stream) }
        guard try reply.array() != nil else { return }
        _ = try reply.array()
        _ = try reply.string()
        bytes = reply.byteCount + reply.elementCount * 24
        received = try reply.array() ?? 0
        self.reply = reply
        guard received > 0 else { return }
        guard reply.isComplete else {
            try countUsableEntries(of: reply)
            return
        }
        count = received
        // The last array has the fields of the last entry, after the header of the entry and its id.
        reply.moveToLastArray(back: 2)
        last = try Self.readEntryID(from: &reply)
    }

    private mutating func countUsableEntries(of reply: Reply) throws(RedisError) {
        var reply = reply
        while count < received, !reply.isAtEnd {
            // The reply may end anywhere in an entry.
            guard try reply.array() != nil, !reply.isAtEnd, let id = try Self.readID(from: &reply), !reply.isAtEnd
            else { return }
            let fields = try reply.measureTexts()
            let isBeyondLimits =
                fields.count / 2 > Limits.fields || fields.byteCount > Limits.entry || fields.hasOversizedText
            guard fields.isComplete || isBeyondLimits else { return }
            count += 1
            last = id
        }
    }

    package var isEmpty: Bool { count == 0 }

    /// Returns whether the stream may have more entries.
    ///
    /// - Parameter requested: the number of entries that XREAD requested.
    func mayHaveMore(requested: Int) -> Bool { received >= requested || count < received }

    /// Decodes the entries. An entry that is not an event becomes a rejection.
    ///
    /// The last entries are left out if the curves have too many numbers for one transaction. The next XREAD returns them.
    func decoded() throws(RedisError) -> DecodedBatch {
        var batch = DecodedBatch(capacity: count)
        guard var reply else { return batch }
        var fields: [WireField] = []
        for _ in 0..<count {
            let id = try Self.readEntryID(from: &reply)
            let declaredCount = reply.isComplete ? nil : reply.nextArrayCount.map { $0 / 2 }
            try reply.fields(into: &fields)
            fields.withUnsafeBufferPointer { batch.append(id, fields: $0, declaredCount: declaredCount) }
            if batch.numberCount >= Self.maxNumbers { break }
        }
        return withExtendedLifetime(reply) { batch }
    }

    /// Calls a function with the fields of some entries.
    ///
    /// - Parameters:
    ///   - indices: the indices of the entries, ascending.
    ///   - body: called with the index of the entry, its fields, and the number of fields that it has in the stream.
    func withFields(
        ofEntries indices: [Int], _ body: (_ index: Int, _ fields: UnsafeBufferPointer<WireField>, _ count: Int) -> Void
    ) throws(RedisError) {
        guard var reply, !indices.isEmpty else { return }
        var fields: [WireField] = []
        var remaining = indices[...]
        for index in 0..<count {
            guard let next = remaining.first else { break }
            guard index == next else {
                try reply.skip()
                continue
            }
            _ = try Self.readEntryID(from: &reply)
            let count = (reply.nextArrayCount ?? 0) / 2
            try reply.fields(into: &fields)
            fields.withUnsafeBufferPointer { body(index, $0, count) }
            remaining.removeFirst()
        }
        withExtendedLifetime(reply) {}
    }

    /// Reads an entry up to its fields.
    ///
    /// - Returns: the id of the entry.
    private static func readEntryID(from reply: inout Reply) throws(RedisError) -> StreamID {
        _ = try reply.array()
        guard let id = try readID(from: &reply) else {
            throw RedisError(.connection, "invalid reply to XREAD: an entry without an id")
        }
        return id
    }

    /// Reads an id; nil if the element is not an id.
    private static func readID(from reply: inout Reply) throws(RedisError) -> StreamID? {
        try reply.bytes().flatMap { StreamID($0) }
    }
}
