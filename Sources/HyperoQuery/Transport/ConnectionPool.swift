import HyperoRedis
import HyperoSchema

/// The connections to the servers of the partitions.
///
/// Without a cluster there is one server, the seed. In a cluster, a server redirects commands for partitions that it does
/// not own, and the pool sends all further commands of the partition to the new server.
final class ConnectionPool {
    /// The configured server.
    let seed: RedisURL
    private let timeout: Duration
    private var connections: [RedisURL: ConnectionBox] = [:]
    /// The servers of the partitions that were redirected.
    private var redirects: [Keyspace: Topology] = [:]
    private(set) var roundTrips = 0

    /// The maximum number of commands per round trip. It bounds the unread replies that the server buffers.
    private static let maxCommandsPerRoundTrip = 1_000

    init(seed: RedisURL, timeout: Duration) {
        self.seed = seed
        self.timeout = timeout
    }

    /// Returns the server of a partition: the one that the latest redirect named, else the seed.
    func server(of keyspace: Keyspace) -> RedisURL { redirects[keyspace]?.current ?? seed }

    /// Sends the commands and reads their replies: one round trip for up to 1,000 commands, and one more per redirect.
    ///
    /// - Throws: the error of a server that fails as a whole. The error reply to one command is in its ``PendingReply``.
    func run(_ pipeline: CommandPipeline) throws(QueryError) {
        var start = 0
        while start < pipeline.commands.count {
            let end = min(start + Self.maxCommandsPerRoundTrip, pipeline.commands.count)
            var remaining = Array(pipeline.commands[start..<end])
            var redirectCount = 0
            while !remaining.isEmpty {
                guard redirectCount <= Topology.maxRedirects else {
                    throw QueryError(.notReady(reason: "the cluster moves hash slots (\(seed))"))
                }
                remaining = try sendAndReceive(remaining)
                redirectCount += 1
            }
            start = end
        }
    }

    /// Sends each command to the server of its partition, all before the first reply is read.
    ///
    /// - Returns: the commands that were redirected.
    private func sendAndReceive(_ commands: [CommandPipeline.Command]) throws(QueryError) -> [CommandPipeline.Command] {
        roundTrips += 1
        let groups = Dictionary(grouping: commands) { server(of: $0.keyspace) }
        for (server, commands) in groups {
            try withConnection(to: server) { connection throws(RedisError) in try connection.send(commands) }
        }
        var redirected: [CommandPipeline.Command] = []
        for (server, commands) in groups {
            try withConnection(to: server) { connection throws(RedisError) in
                var redirects: [(error: RedisError, command: CommandPipeline.Command)] = []
                for command in commands {
                    var reply = try connection.connection.receive()
                    if let error = reply.error, case .moved = error.code {
                        redirects.append((error, command))
                    } else {
                        command.readReply(&reply, server)
                    }
                }
                // Verified after all replies are read, because the check is a command of its own.
                for (error, command) in redirects {
                    try follow(connection.connection.verified(error), of: command.keyspace)
                    redirected.append(command)
                }
            }
        }
        return redirected
    }

    /// Records the server that a verified redirect names.
    ///
    /// - Throws: the error if it is not a verified redirect.
    private func follow(_ error: RedisError, of keyspace: Keyspace) throws(RedisError) {
        var topology = redirects[keyspace] ?? Topology(seed: seed)
        guard topology.follow(error) else { throw error }
        redirects[keyspace] = topology
    }

    /// Calls the body with the connection to a server, opened on first use.
    ///
    /// If the body fails, all connections are closed. Replies may still arrive on them, and would be read as the
    /// replies to later commands.
    private func withConnection(
        to server: RedisURL, _ body: (ConnectionBox) throws(RedisError) -> Void
    ) throws(QueryError) {
        do throws(RedisError) {
            if let connection = connections[server] {
                try body(connection)
            } else {
                let connection = ConnectionBox(
                    try RedisConnection.open(to: server, name: "hypero-query", timeout: timeout))
                connections[server] = connection
                try body(connection)
            }
        } catch {
            connections.removeAll()
            throw QueryError(error, server: server)
        }
    }
}

/// A reference to a connection, because a dictionary cannot hold a noncopyable value.
private final class ConnectionBox {
    var connection: RedisConnection

    init(_ connection: consuming RedisConnection) {
        self.connection = connection
    }

    /// Sends the commands in one write.
    func send(_ commands: [CommandPipeline.Command]) throws(RedisError) {
        var writer = RESPWriter()
        for command in commands {
            writer.begin(arguments: command.arguments.count)
            for argument in command.arguments { writer.add(argument) }
        }
        try connection.send(writer)
    }
}
