import HyperoRedis
import HyperoSchema

/// The connections to the servers of the partitions.
///
/// Without a cluster there is one server, the seed. In a cluster, a server redirects commands for partitions that it does
/// not own, and the pool sends all further commands of the partition to the new server.
final class ConnectionPool {
    /// The configured server.
    let seed: RedisURL
    let timeout: Duration
    private var connections: [RedisURL: ConnectionBox] = [:]
    /// The configured servers, with the one that is used.
    private var seedTopology: Topology
    /// The servers of the partitions that were redirected.
    private var redirects: [Keyspace: Topology] = [:]
    /// The work so far.
    private(set) var cost = QueryCost()
    /// The pipelines that were sent and whose replies were not read yet, in order.
    private var started: [StartedPipeline] = []
    private var lastTicket = 0

    private struct StartedPipeline {
        let ticket: Int
        let groups: [(server: RedisURL, commands: [CommandPipeline.Command])]
    }

    private struct Redirect {
        let server: RedisURL
        let error: RedisError
        let command: CommandPipeline.Command
    }

    /// The maximum number of commands per round trip. It bounds the unread replies that the server buffers.
    private static let maxCommandsPerRoundTrip = 1_000

    init(seed: RedisURL, timeout: Duration) {
        self.seed = seed
        seedTopology = Topology(seed: seed)
        self.timeout = timeout
    }

    /// Returns the server of a partition: the one that the latest redirect named, else the seed.
    func server(of keyspace: Keyspace) -> RedisURL { redirects[keyspace]?.current ?? seedTopology.current }

    var roundTrips: Int { cost.roundTrips }

    /// Sends the commands and reads their replies: one round trip for up to 1,000 commands, and one more per redirect. Reads the
    /// replies to the pipelines that were started before.
    ///
    /// - Throws: the error of a server that fails as a whole. The error reply to one command is in its ``PendingReply``.
    func run(_ pipeline: CommandPipeline) throws(QueryError) {
        try finish()
        var start = 0
        while start < pipeline.commands.count {
            let end = min(start + Self.maxCommandsPerRoundTrip, pipeline.commands.count)
            try sendAndReceive(Array(pipeline.commands[start..<end]))
            start = end
        }
    }

    /// Sends the commands of a pipeline, without waiting for the replies. The caller bounds the number of commands.
    ///
    /// - Returns: the ticket for ``finish(_:)``.
    func start(_ pipeline: CommandPipeline) throws(QueryError) -> Int {
        lastTicket += 1
        started.append(StartedPipeline(ticket: lastTicket, groups: try send(pipeline.commands)))
        return lastTicket
    }

    /// Reads the replies to the pipelines that were started up to a ticket; to all of them without one.
    ///
    /// If a server redirects a command, reads the replies to all of them, because those to the repeated command follow.
    func finish(_ ticket: Int = .max) throws(QueryError) {
        var redirects: [Redirect] = []
        while let first = started.first, first.ticket <= ticket || !redirects.isEmpty {
            started.removeFirst()
            redirects += try receive(first.groups)
        }
        try sendAndReceive(try follow(redirects))
    }

    private func sendAndReceive(_ commands: [CommandPipeline.Command]) throws(QueryError) {
        var remaining = commands
        var redirectCount = 0
        while !remaining.isEmpty {
            guard redirectCount <= Topology.maxRedirects else {
                throw QueryError(.notReady(reason: "the cluster moves hash slots (\(seed))"))
            }
            remaining = try follow(try receive(try send(remaining)))
            redirectCount += 1
        }
    }

    /// Sends each command to the server of its partition, all before the first reply is read.
    private func send(
        _ commands: [CommandPipeline.Command]
    ) throws(QueryError) -> [(server: RedisURL, commands: [CommandPipeline.Command])] {
        guard !commands.isEmpty else { return [] }
        try connectToSeed()
        cost.roundTrips += 1
        cost.keys += commands.count
        let groups =
            redirects.isEmpty
            ? [(server: seedTopology.current, commands: commands)]
            : Dictionary(grouping: commands) { server(of: $0.keyspace) }.map { (server: $0.key, commands: $0.value) }
        for (server, commands) in groups {
            try withConnection(to: server) { connection throws(RedisError) in try connection.send(commands) }
        }
        return groups
    }

    /// Reads the replies of all servers.
    ///
    /// - Returns: the commands that were redirected.
    private func receive(
        _ groups: [(server: RedisURL, commands: [CommandPipeline.Command])]
    ) throws(QueryError) -> [Redirect] {
        var redirects: [Redirect] = []
        for (server, commands) in groups {
            try withConnection(to: server) { connection throws(RedisError) in
                for command in commands {
                    var reply = try connection.connection.receive()
                    cost.bytes += reply.byteCount
                    if let error = reply.error, case .moved = error.code {
                        redirects.append(Redirect(server: server, error: error, command: command))
                    } else {
                        command.readReply(&reply, server)
                    }
                }
            }
        }
        return redirects
    }

    /// Verifies redirects and records their servers, after all replies are read: the check is a command of its own.
    ///
    /// - Returns: the commands to send again.
    private func follow(_ redirects: [Redirect]) throws(QueryError) -> [CommandPipeline.Command] {
        for redirect in redirects {
            try withConnection(to: redirect.server) { connection throws(RedisError) in
                try follow(connection.connection.verified(redirect.error), of: redirect.command.keyspace)
            }
        }
        return redirects.map(\.command)
    }

    /// Records the server that a verified redirect names.
    ///
    /// - Throws: the error if it is not a verified redirect.
    private func follow(_ error: RedisError, of keyspace: Keyspace) throws(RedisError) {
        var topology = redirects[keyspace] ?? seedTopology
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
            close(after: error)
            throw QueryError(error, server: server)
        }
    }

    /// Connects to a configured server, unless there is a connection to it.
    private func connectToSeed() throws(QueryError) {
        guard connections[seedTopology.current] == nil else { return }
        do throws(RedisError) {
            let box = ConnectionBox(try seedTopology.open(for: .reading, name: "hypero-query", timeout: timeout))
            connections[box.connection.url] = box
        } catch {
            close(after: error)
            throw QueryError(error, server: seed)
        }
    }

    private func close(after error: RedisError) {
        connections.removeAll()
        started.removeAll()
        redirects.removeAll()
        seedTopology.leave(after: error)
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
            writer.begin(arguments: command.arguments.count + command.sharedArguments.count)
            for argument in command.arguments { writer.add(argument) }
            for argument in command.sharedArguments { writer.add(argument) }
        }
        try connection.send(writer)
    }
}
