import HyperoRedis
import HyperoSchema

/// Entries as XREAD gave them: raw at first, so that decoding them can wait for a time when Redis is busy.
struct Read {
    /// How many entries there are.
    private(set) var count = 0
    /// The id of the last one; nil when there is none.
    private(set) var last: StreamID?
    /// Bytes of all fields.
    private(set) var bytes = 0
    /// Stands before the first entry, and keeps the bytes of all of them alive.
    private var reply: Reply?

    init() {}

    /// Takes the reply of XREAD: null, or one stream with its entries `[id, [name, value, …]]`.
    ///
    /// - Throws: the reply's error; a passing one when the stream was removed while XREAD blocked.
    init(_ reply: consuming Reply) throws(RedisError) {
        var reply = reply
        guard try reply.array() != nil else { return }
        _ = try reply.array()
        _ = try reply.string()
        self.reply = reply
        count = try reply.array() ?? 0
        bytes = reply.byteCount
        for _ in 0..<max(count - 1, 0) { try reply.skip() }
        if count > 0 { last = try Self.takeID(&reply) }
    }

    var isEmpty: Bool { count == 0 }

    /// The entries as events, each that cannot be understood as why.
    func decoded() throws(RedisError) -> Batch {
        var batch = Batch(capacity: count)
        guard var reply else { return batch }
        var fields: [WireField] = []
        for _ in 0..<(try reply.array() ?? 0) {
            let id = try Self.takeID(&reply)
            let entry = try reply.withFields(into: &fields) { fields throws(Rejection) in try Event(decoding: fields) }
            batch.append(id, entry)
        }
        return batch
    }

    /// Calls back with the fields of the entries at these places, which ascend.
    func withFields(
        of places: [Int], _ body: (_ place: Int, _ fields: UnsafeBufferPointer<WireField>) -> Void
    ) throws(RedisError) {
        guard var reply, !places.isEmpty else { return }
        var fields: [WireField] = []
        var wanted = places[...]
        for place in 0..<(try reply.array() ?? 0) {
            guard let next = wanted.first else { return }
            guard place == next else {
                try reply.skip()
                continue
            }
            _ = try Self.takeID(&reply)
            _ = try reply.withFields(into: &fields) { body(place, $0) }
            wanted.removeFirst()
        }
    }

    /// Takes an entry's head; its fields come next.
    private static func takeID(_ reply: inout Reply) throws(RedisError) -> StreamID {
        _ = try reply.array()
        guard case let id?? = try reply.withText({ StreamID($0) }) else {
            throw RedisError(.broken, "Redis answered an entry without an id")
        }
        return id
    }
}
