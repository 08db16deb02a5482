import HyperoRedis
import HyperoSchema

/// The discovery of keyspaces that belong to the namespace and to another number of partitions.
///
/// A client with that number, or an orphaned journal, may have left entries in any of them. All keyspaces are probed by
/// EXISTS, many per round trip, and not found by SCAN, which reads the whole database. A further search begins with the servers that
/// the one before has found.
struct PartitionDiscovery {
    struct Found {
        let keyspace: Keyspace
        /// True if the stream has entries after the cursor.
        let hasBacklog: Bool
        /// True if an owner has anything to do: a backlog, commands of operators, or keys of an older format.
        let needsOwner: Bool
        /// The number of dead letters.
        let deadLetters: Int
    }

    private let connections: Connections
    private let own: Set<Keyspace>
    /// All keyspaces of the namespace.
    private let candidates: [Keyspace]
    private let shouldContinue: () -> Bool

    /// The number of keyspaces per round trip.
    private static let probeSize = 1_024

    /// - Throws: ``SchemaError`` if the namespace or the number of partitions is invalid.
    init(
        _ settings: IngestSettings, shouldContinue: @escaping () -> Bool = { true }
    ) throws(SchemaError) {
        connections = Connections(settings.redis, shouldContinue: shouldContinue)
        own = Set(try settings.keyspaces())
        candidates =
            try Keyspace.all(namespace: settings.namespace)
            + Keyspace.all(namespace: settings.namespace, partitions: 16_384)
        self.shouldContinue = shouldContinue
    }

    /// Returns the keyspaces that exist besides those of the settings, or those found until the discovery must end. A
    /// keyspace that the account must not read is left out.
    func otherPartitions() throws(RedisError) -> [Found] {
        defer { connections.close() }
        var found: [Found] = []
        for start in stride(from: 0, to: candidates.count, by: Self.probeSize) {
            let part = candidates[start..<min(start + Self.probeSize, candidates.count)].filter { !own.contains($0) }
            for (keyspace, url) in try existing(among: part) {
                // A server that replies at once never makes the connection wait.
                guard shouldContinue() else { return found }
                let connection = try connections.connection(to: url)
                if let other = try Self.read(keyspace, over: &connection.value) { found.append(other) }
            }
            guard shouldContinue() else { return found }
        }
        return found
    }

    /// Returns the keyspaces that exist, with their servers: EXISTS events ingest dead for each.
    private func existing(
        among keyspaces: [Keyspace]
    ) throws(RedisError) -> [(keyspace: Keyspace, url: RedisURL)] {
        var existing: [(keyspace: Keyspace, url: RedisURL)] = []
        let seed = try connections.seed()
        var remaining = [seed: keyspaces]
        for _ in 0...Topology.maxRedirects where !remaining.isEmpty {
            var moved: [RedisURL: [Keyspace]] = [:]
            for (server, keyspaces) in remaining {
                let connection = try connections.connection(to: server)
                var writer = RESPWriter()
                for keyspace in keyspaces {
                    writer.command("EXISTS", keyspace.events, keyspace.ingest, keyspace.dead)
                }
                try connection.value.send(writer)
                var errors: [(keyspace: Keyspace, error: RedisError)] = []
                for keyspace in keyspaces {
                    var reply = try connection.value.receive()
                    if let error = reply.error {
                        errors.append((keyspace, error))
                    } else if try reply.integer() > 0 {
                        existing.append((keyspace, server))
                    }
                }
                for (keyspace, error) in errors {
                    guard let target = try connections.target(of: error, over: connection) else { continue }
                    moved[target, default: []].append(keyspace)
                }
            }
            remaining = moved
        }
        return existing
    }

    /// Reads a keyspace: HMGET ingest format cursor control, XLEN dead, XREAD COUNT 1 STREAMS events cursor, XREAD COUNT 1
    /// STREAMS control id.
    ///
    /// - Returns: nil if it has nothing to apply, or cannot be read.
    private static func read(
        _ keyspace: Keyspace, over connection: inout RedisConnection
    ) throws(RedisError) -> Found? {
        var writer = RESPWriter(capacity: 256)
        writer.command("HMGET", keyspace.ingest, IngestField.format, IngestField.cursor, IngestField.control)
        writer.command("XLEN", keyspace.dead)
        try connection.send(writer)
        var hash = try connection.receive()
        var dead = try connection.receive()
        guard hash.error == nil else { return nil }
        let fields = try hash.strings(count: 3)
        let cursor = fields[1]
        let deadLetters = dead.error == nil ? try dead.integer() : 0
        writer.removeAll()
        writer.addRead(after: cursor.flatMap { StreamID($0) } ?? .zero, count: 1, block: nil, in: keyspace)
        writer.command("XREAD", "COUNT", "1", "STREAMS", keyspace.control, fields[2] ?? "0-0")
        try connection.send(writer)
        var stream = try connection.receive(within: XReadReply.bounds)
        var control = try connection.receive(within: XReadReply.bounds)
        guard stream.error == nil else { return nil }
        let hasBacklog = try stream.array() != nil
        let hasCommands = if control.error == nil { try control.array() != nil } else { false }
        guard cursor != nil || hasBacklog || hasCommands || deadLetters > 0 else { return nil }
        return Found(
            keyspace: keyspace, hasBacklog: hasBacklog,
            needsOwner: hasBacklog || hasCommands || cursor != nil && fields[0] == nil, deadLetters: deadLetters)
    }
}

/// The connections of a discovery. In a cluster the keyspaces are on several servers.
private final class Connections {
    /// A reference to a connection, because a dictionary cannot hold a noncopyable value.
    final class Box {
        var value: RedisConnection

        init(_ value: consuming RedisConnection) {
            self.value = value
        }
    }

    private var boxes: [RedisURL: Box] = [:]
    private struct Redirect: Hashable {
        let server: RedisURL
        let code: RedisError.Code
    }

    /// The redirects after their check.
    private var targets: [Redirect: RedisError] = [:]
    private var topology: Topology
    private let shouldContinue: () -> Bool

    init(_ url: RedisURL, shouldContinue: @escaping () -> Bool) {
        topology = Topology(seed: url)
        self.shouldContinue = shouldContinue
    }

    /// Closes the connections. What is known about the servers stays.
    func close() {
        boxes = [:]
        targets = [:]
    }

    /// Connects to a configured server unless there is a connection to it, and returns its URL.
    func seed() throws(RedisError) -> RedisURL {
        if boxes[topology.current] == nil {
            let box = Box(
                try topology.open(
                    for: .writing, name: "hypero-discovery", bounds: .small, shouldContinue: shouldContinue))
            boxes[box.value.url] = box
        }
        return topology.current
    }

    func connection(to url: RedisURL) throws(RedisError) -> Box {
        if let box = boxes[url] { return box }
        let box = Box(
            try RedisConnection.open(
                to: url, name: "hypero-discovery", bounds: .small, shouldContinue: shouldContinue))
        boxes[url] = box
        return box
    }

    /// Returns the server that a redirect leads to; nil if the error is no redirect, or must not be followed.
    func target(of error: RedisError, over box: Box) throws(RedisError) -> RedisURL? {
        guard case .moved = error.code else { return nil }
        let key = Redirect(server: box.value.url, code: error.code)
        let verified = targets[key]?.repeated(for: error) ?? box.value.verified(error)
        targets[key] = verified
        var target = topology.withoutRedirect
        guard target.follow(verified, from: box.value.url) else { return nil }
        guard boxes[target.current] == nil else { return target.current }
        // The node may answer at another address than the one that it announces.
        defer { topology.learnAddresses(of: target) }
        let connection = Box(
            try target.open(for: .writing, name: "hypero-discovery", bounds: .small, shouldContinue: shouldContinue))
        boxes[connection.value.url] = connection
        return target.current
    }
}
