import HyperoRedis
import HyperoSchema

/// The discovery of keyspaces that belong to the namespace and to another number of partitions.
///
/// A client with that number, or an orphaned journal, may have left entries there. The keyspaces are probed 16 at a time,
/// until none of the 16 exists, and not by SCAN, which reads the whole database. `hypero-query` finds them in the same way.
struct PartitionDiscovery {
    struct Found {
        let keyspace: Keyspace
        /// True if the stream has entries after the cursor.
        let hasBacklog: Bool
        /// The number of dead letters.
        let deadLetters: Int
    }

    private let url: RedisURL
    private let own: Set<Keyspace>
    private let undivided: Keyspace
    private let divided: [Keyspace]
    private let shouldContinue: () -> Bool

    private static let probeSize = 16

    /// - Throws: ``SchemaError`` if the namespace or the number of partitions is invalid.
    init(
        _ settings: IngestSettings, shouldContinue: @escaping () -> Bool = { true }
    ) throws(SchemaError) {
        url = settings.redis
        own = Set(try settings.keyspaces())
        undivided = try Keyspace.all(namespace: settings.namespace)[0]
        divided = try Keyspace.all(namespace: settings.namespace, partitions: 16_384)
        self.shouldContinue = shouldContinue
    }

    /// Returns the keyspaces that exist besides those of the settings, or those found until the discovery must end. A
    /// keyspace that the account must not read is left out.
    func otherPartitions() throws(RedisError) -> [Found] {
        let connections = Connections(shouldContinue: shouldContinue)
        var found: [Found] = []
        if !own.contains(undivided), let other = try probe(undivided, over: connections) { found.append(other) }
        for start in stride(from: 0, to: divided.count, by: Self.probeSize) {
            let part = divided[start..<min(start + Self.probeSize, divided.count)]
            var exists = false
            for keyspace in part {
                // A server with many partitions that replies at once never makes the connection wait.
                guard shouldContinue() else { return found }
                guard !own.contains(keyspace) else {
                    exists = true
                    continue
                }
                guard let other = try probe(keyspace, over: connections) else { continue }
                exists = true
                found.append(other)
            }
            guard exists else { return found }
        }
        return found
    }

    /// Reads whether a keyspace exists: HGET ingest cursor, XLEN dead, XREAD COUNT 1 STREAMS events cursor.
    ///
    /// - Returns: nil if it does not exist or cannot be read.
    private func probe(_ keyspace: Keyspace, over connections: Connections) throws(RedisError) -> Found? {
        var topology = Topology(seed: url)
        for _ in 0...Topology.maxRedirects {
            let connection = try connections.connection(to: topology.current)
            var writer = RESPWriter(capacity: 256)
            writer.command("HGET", keyspace.ingest, IngestField.cursor)
            writer.command("XLEN", keyspace.dead)
            try connection.value.send(writer)
            var hash = try connection.value.receive()
            var dead = try connection.value.receive()
            if let error = hash.error {
                guard topology.follow(error) else { return nil }
                continue
            }
            let cursor = try hash.string()
            let deadLetters = dead.error == nil ? try dead.integer() : 0
            writer.removeAll()
            writer.addRead(after: cursor.flatMap { StreamID($0) } ?? .zero, count: 1, block: nil, in: keyspace)
            try connection.value.send(writer)
            var stream = try connection.value.receive(within: XReadReply.bounds)
            guard stream.error == nil else { return nil }
            let hasBacklog = try stream.array() != nil
            guard cursor != nil || hasBacklog || deadLetters > 0 else { return nil }
            return Found(keyspace: keyspace, hasBacklog: hasBacklog, deadLetters: deadLetters)
        }
        return nil
    }
}

/// The connections of one discovery. In a cluster the keyspaces are on several servers.
private final class Connections {
    /// A reference to a connection, because a dictionary cannot hold a noncopyable value.
    final class Box {
        var value: RedisConnection

        init(_ value: consuming RedisConnection) {
            self.value = value
        }
    }

    private var boxes: [RedisURL: Box] = [:]
    private let shouldContinue: () -> Bool

    init(shouldContinue: @escaping () -> Bool) {
        self.shouldContinue = shouldContinue
    }

    func connection(to url: RedisURL) throws(RedisError) -> Box {
        if let box = boxes[url] { return box }
        let box = Box(try RedisConnection.open(to: url, name: "hypero-discovery", shouldContinue: shouldContinue))
        boxes[url] = box
        return box
    }
}
