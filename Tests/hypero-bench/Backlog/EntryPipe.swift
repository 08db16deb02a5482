import HyperoRedis
import HyperoSchema

/// A writer of entries in pipelined batches. The next batch is rendered while the previous batch is in flight.
struct EntryPipe: ~Copyable {
    private let stream: String
    private var writer = RESPWriter(capacity: 1 << 20)
    /// The number of commands in flight.
    private var inFlight = 0

    private static let batchSize = 256 << 10

    init(to stream: String) {
        self.stream = stream
    }

    /// Returns the time in Unix milliseconds of the entry at a position of the stream. 500 entries share a millisecond.
    static func time(ofEntry position: Int) -> Int64 { 1_750_000_000_000 + Int64(position / 500) }

    /// Adds an event as the entry at a position of the stream.
    mutating func add(_ event: Event, position: Int, over connection: inout RedisConnection) throws(RedisError) {
        var count = 0
        event.forEachField { _, _ in count += 1 }
        writer.begin(arguments: 3 + 2 * count)
        writer.add("XADD" as StaticString)
        writer.add(stream)
        writer.add("\(Self.time(ofEntry: position))-\(position % 500)")
        var fields: [(String, String)] = []
        fields.reserveCapacity(count)
        event.forEachField { fields.append(($0, $1)) }
        for (name, value) in fields {
            writer.add(name)
            writer.add(value)
        }
        if writer.count >= Self.batchSize { try send(over: &connection) }
    }

    /// Sends the last batch and waits for all replies.
    mutating func finish(over connection: inout RedisConnection) throws(RedisError) {
        try send(over: &connection)
        try receiveReplies(over: &connection)
    }

    private mutating func send(over connection: inout RedisConnection) throws(RedisError) {
        try connection.send(writer)
        try receiveReplies(over: &connection)
        inFlight = writer.commands
        writer.removeAll()
    }

    private mutating func receiveReplies(over connection: inout RedisConnection) throws(RedisError) {
        for _ in 0..<inFlight {
            var reply = try connection.receive()
            _ = try reply.string()
        }
        inFlight = 0
    }
}
