import HyperoRedis
import HyperoSchema

/// Writes entries as fast as Redis takes them: one batch is on its way while the next is made.
struct EntryPipe: ~Copyable {
    private let stream: String
    private var writer = RESPWriter(capacity: 1 << 20)
    private var unanswered = 0

    private static let batchSize = 256 << 10

    init(to stream: String) {
        self.stream = stream
    }

    /// The millisecond of an entry at this place of the stream: 500 entries share one.
    static func time(ofEntry place: Int) -> Int64 { 1_750_000_000_000 + Int64(place / 500) }

    /// Adds an event as the entry at this place of the stream.
    mutating func add(_ event: Event, place: Int, over connection: inout RedisConnection) throws(RedisError) {
        var count = 0
        event.forEachField { _, _ in count += 1 }
        writer.begin(arguments: 3 + 2 * count)
        writer.add("XADD" as StaticString)
        writer.add(stream)
        writer.add("\(Self.time(ofEntry: place))-\(place % 500)")
        var fields: [(String, String)] = []
        fields.reserveCapacity(count)
        event.forEachField { fields.append(($0, $1)) }
        for (name, value) in fields {
            writer.add(name)
            writer.add(value)
        }
        if writer.count >= Self.batchSize { try send(over: &connection) }
    }

    /// Waits until Redis has taken all.
    mutating func finish(over connection: inout RedisConnection) throws(RedisError) {
        try send(over: &connection)
        try takeReplies(over: &connection)
    }

    private mutating func send(over connection: inout RedisConnection) throws(RedisError) {
        try connection.send(writer)
        try takeReplies(over: &connection)
        unanswered = writer.commands
        writer.removeAll()
    }

    private mutating func takeReplies(over connection: inout RedisConnection) throws(RedisError) {
        for _ in 0..<unanswered {
            var reply = try connection.receive()
            _ = try reply.string()
        }
        unanswered = 0
    }
}
