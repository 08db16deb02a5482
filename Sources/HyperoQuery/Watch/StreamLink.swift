import HyperoCore
import HyperoRedis
import HyperoSchema

/// A connection on which one XREAD BLOCK waits for the streams of some partitions.
final class StreamLink {
    let server: RedisURL
    /// The indices of the partitions.
    let partitions: [Int]
    /// The socket, to wait for.
    private(set) var descriptor: Int32 = -1
    private var connection: RedisConnection
    private let timeout: Duration
    /// The time at which the reply must have arrived; nil if no command waits.
    private(set) var deadline: MonotonicTime?

    init(
        to server: RedisURL, partitions: [Int], timeout: Duration, shouldContinue: @escaping () -> Bool
    ) throws(RedisError) {
        self.server = server
        self.partitions = partitions
        self.timeout = timeout
        var socket: Int32 = -1
        connection = try RedisConnection.open(
            to: server, name: "hypero-query-watch", timeout: timeout, shouldContinue: shouldContinue,
            opened: { socket = $0 })
        descriptor = socket
    }

    /// Sends XREAD COUNT n BLOCK ms STREAMS, with the events and the control stream of each partition.
    func send(
        _ all: [EventStreams.Partition], block: Duration, count: Int, at now: MonotonicTime
    ) throws(RedisError) {
        var writer = RESPWriter(capacity: 512)
        writer.begin(arguments: 6 + 4 * partitions.count)
        for word in ["XREAD", "COUNT", String(count), "BLOCK", String(block.wholeMilliseconds), "STREAMS"] {
            writer.add(word)
        }
        for index in partitions {
            writer.add(all[index].keyspace.events)
            writer.add(all[index].keyspace.control)
        }
        for index in partitions {
            writer.add(all[index].events.description)
            writer.add(all[index].control.description)
        }
        try connection.send(writer)
        deadline = now + block + timeout
    }

    /// Reads the reply, of which at least one byte has arrived.
    ///
    /// Of a reply beyond the ``bounds``, the entries that are complete are returned, and the next XREAD returns the others. The first
    /// entry is always returned, so that reading progresses.
    func receive(_ all: [EventStreams.Partition]) throws(RedisError) -> [StreamedEvent] {
        var reply = try connection.receive(within: Self.bounds)
        deadline = nil
        if let error = reply.error { throw connection.verified(error) }
        // Null if there were no entries in time.
        guard let count = try reply.array() else { return [] }
        var events: [StreamedEvent] = []
        var fields: [WireField] = []
        streams: for _ in 0..<count {
            guard !reply.isAtTruncation, try reply.array() != nil, !reply.isAtTruncation else { break }
            let key = try reply.string()
            let partition = partitions.first { all[$0].keyspace.events == key || all[$0].keyspace.control == key }
            guard !reply.isAtTruncation else { break }
            for _ in 0..<(try reply.array() ?? 0) {
                guard !reply.isAtTruncation, try reply.array() != nil, !reply.isAtTruncation else { break streams }
                let id = try reply.string().flatMap { StreamID($0) }
                guard !reply.isAtTruncation else { break streams }
                let declared = reply.nextArrayCount ?? 0
                try reply.fields(into: &fields)
                guard let id, let partition else {
                    throw RedisError(.connection, "unexpected reply to XREAD from \(server)")
                }
                let isComplete = 2 * fields.count == declared
                guard isComplete || events.isEmpty else { break streams }
                let isControl = all[partition].keyspace.control == key
                events.append(
                    StreamedEvent(
                        partition: partition, id: id, isControl: isControl,
                        event: isComplete ? WatchEvent(fields: fields, id: id, isControl: isControl) : nil))
            }
        }
        return withExtendedLifetime(reply) { events }
    }

    /// The bounds of a reply in memory: per value the maximum that an event may have.
    private static let bounds = ReplyBounds(maxTextBytes: Limits.value, maxTotalBytes: 64 << 20)
}

extension WatchEvent {
    /// Decodes the fields of an entry; nil if it is no event.
    init?(fields: [WireField], id: StreamID, isControl: Bool) {
        if isControl {
            let texts = fields.map {
                (name: String(decoding: $0.name, as: UTF8.self), value: String(decoding: $0.value, as: UTF8.self))
            }
            self.init(control: texts, id: id)
        } else {
            guard let event = try? fields.withUnsafeBufferPointer({ try Event(decoding: $0) }) else { return nil }
            self.init(event, id: id)
        }
    }

    /// Decodes the fields of an entry as texts; nil if it is no event.
    init?(fields: [(name: String, value: String)], id: StreamID, isControl: Bool) {
        guard !isControl else {
            self.init(control: fields, id: id)
            return
        }
        let bytes = fields.flatMap { Array($0.name.utf8) + Array($0.value.utf8) }
        let event = bytes.withUnsafeBufferPointer { bytes -> Event? in
            var start = 0
            func next(_ text: String) -> Bytes {
                defer { start += text.utf8.count }
                return Bytes(rebasing: bytes[start..<(start + text.utf8.count)])
            }
            let wire = fields.map { field in
                let name = next(field.name)
                return WireField(name: name, value: next(field.value))
            }
            return wire.withUnsafeBufferPointer { try? Event(decoding: $0) }
        }
        guard let event else { return nil }
        self.init(event, id: id)
    }

    private init?(control fields: [(name: String, value: String)], id: StreamID) {
        guard let event = try? ControlEvent(fields: fields) else { return nil }
        // It changes no experiment.
        if case .rebuild = event { return nil }
        self.init(event, id: id)
    }
}
