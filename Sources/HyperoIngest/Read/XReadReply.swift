import HyperoRedis
import HyperoSchema

/// Entries as XREAD gave them: raw at first, so that decoding them can wait for a time when Redis is busy.
///
/// Of a reply that is beyond its bounds it takes the entries that can be judged: those that are whole, and those that are
/// beyond the limits of an entry by what is known of them. The others are left for the next XREAD, and fit then, because
/// the first entry of a reply always can be judged.
struct XReadReply {
    /// What is kept of a reply: of each value as much as an entry may have, and of all a multiple of what is asked for.
    static let bounds = ReplyBounds(text: Limits.value, whole: 2 * BatchSize.byteLimit)

    /// How many entries there are.
    private(set) var count = 0
    /// The id of the last one; nil when there is none.
    private(set) var last: StreamID?
    /// What the entries were on their way here, those left for later included.
    private(set) var bytes = 0
    /// How many the reply had, those left for later included.
    private(set) var received = 0
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
        bytes = reply.byteCount + reply.elementCount * 24
        received = try reply.array() ?? 0
        self.reply = reply
        guard received > 0 else { return }
        guard reply.isWhole else {
            try takeWhatCanBeJudged(reply)
            return
        }
        count = received
        for _ in 1..<received { try reply.skip() }
        last = try Self.takeID(&reply)
    }

    private mutating func takeWhatCanBeJudged(_ reply: Reply) throws(RedisError) {
        var reply = reply
        while count < received, !reply.isAtEnd {
            // The end of the reply may be anywhere in an entry.
            guard try reply.array() != nil, !reply.isAtEnd, let id = try Self.id(&reply), !reply.isAtEnd else { return }
            let fields = try reply.extent()
            let isBeyondLimits = fields.count / 2 > Limits.fields || fields.bytes > Limits.entry || fields.hasLongText
            guard fields.isWhole || isBeyondLimits else { return }
            count += 1
            last = id
        }
    }

    var isEmpty: Bool { count == 0 }

    /// Whether the stream may have more, when so many entries were asked for.
    func mayHaveMore(asked: Int) -> Bool { received >= asked || count < received }

    /// The entries as events, each that cannot be understood as why.
    func decoded() throws(RedisError) -> DecodedBatch {
        var batch = DecodedBatch(capacity: count)
        guard var reply else { return batch }
        var fields: [WireField] = []
        for _ in 0..<count {
            let id = try Self.takeID(&reply)
            let announced = reply.isWhole ? nil : reply.nextCount.map { $0 / 2 }
            try reply.fields(into: &fields)
            fields.withUnsafeBufferPointer { batch.append(id, fields: $0, declaredCount: announced) }
        }
        return withExtendedLifetime(reply) { batch }
    }

    /// Calls back with the fields of the entries at these places, which ascend, and how many they were when written.
    func withFields(
        of places: [Int], _ body: (_ place: Int, _ fields: UnsafeBufferPointer<WireField>, _ count: Int) -> Void
    ) throws(RedisError) {
        guard var reply, !places.isEmpty else { return }
        var fields: [WireField] = []
        var wanted = places[...]
        for place in 0..<count {
            guard let next = wanted.first else { break }
            guard place == next else {
                try reply.skip()
                continue
            }
            _ = try Self.takeID(&reply)
            let count = (reply.nextCount ?? 0) / 2
            try reply.fields(into: &fields)
            fields.withUnsafeBufferPointer { body(place, $0, count) }
            wanted.removeFirst()
        }
        withExtendedLifetime(reply) {}
    }

    /// Takes an entry's head; its fields come next.
    private static func takeID(_ reply: inout Reply) throws(RedisError) -> StreamID {
        _ = try reply.array()
        guard let id = try id(&reply) else { throw RedisError(.connection, "Redis answered an entry without an id") }
        return id
    }

    /// Takes an id; nil for what is none.
    private static func id(_ reply: inout Reply) throws(RedisError) -> StreamID? {
        try reply.bytes().flatMap { StreamID($0) }
    }
}
