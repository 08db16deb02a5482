import HyperoRedis
import HyperoSchema

/// The connections to the servers of the partitions.
///
/// Without a cluster there is one server, the seed. In a cluster, a server redirects commands for partitions that it does
/// not own, and the pool sends all further commands of the partition to the new server. A server that fails is not tried again
/// within the query, and its partitions are recorded in ``failures``.
final class ConnectionPool {
    /// The configured servers.
    let seed: RedisURL
    let timeout: Duration
    var connections: [RedisURL: ServerConnection] = [:]
    /// The configured servers, with the one that is used.
    var seedTopology: Topology
    /// The error of the last attempt to connect to a configured server; nil if it succeeded.
    private var seedFailure: RedisError?
    /// The servers of the partitions that were redirected.
    var redirects: [Keyspace: Topology] = [:]
    /// The work so far.
    var cost = QueryCost()
    /// The keys of another type, if they are recorded.
    var wrongTypes = WrongTypes()
    /// The pipelines that were sent and whose replies were not read yet, in order.
    var started: [StartedPipeline] = []
    private var lastTicket = 0
    /// The failures of the current query, else of the latest one.
    var failures = QueryFailures()
    private(set) var isInQuery = false

    struct StartedPipeline {
        let ticket: Int
        let batches: Batches
    }

    /// Commands by server, which were sent.
    struct Batches {
        var batches: [(server: RedisURL, commands: [CommandPipeline.Command])] = []
        /// The first failure to send.
        var failure: QueryError?
    }

    /// The outcome of commands.
    struct Outcome {
        var redirects: [Redirect] = []
        /// The first failure of a server or partition.
        var failure: QueryError?

        mutating func fail(_ error: QueryError) { failure = failure ?? error }
    }

    struct Redirect {
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

    /// Returns the server of a partition: the one that the latest redirect named, else the configured one that is used.
    func server(of keyspace: Keyspace) -> RedisURL { redirects[keyspace]?.current ?? seedTopology.current }

    var roundTrips: Int { cost.roundTrips }

    // MARK: - Queries

    /// Begins a query: forgets the failures of the query before, and the connections that servers have closed since.
    ///
    /// - Returns: false within another query.
    func beginQuery(requiresAll: Bool) -> Bool {
        guard !isInQuery else { return false }
        // Replies to the commands of a scan that ended early. If they do not arrive, the connections are closed.
        if !started.isEmpty { try? finish() }
        connections = connections.filter { !$0.value.hasEnded }
        failures = QueryFailures()
        failures.requiresAll = requiresAll
        isInQuery = true
        return true
    }

    /// Ends a query: forgets its failures, except for the partitions that it has left out.
    func endQuery() {
        isInQuery = false
        let leftOut = failures.leftOut
        failures = QueryFailures()
        failures.leftOut = leftOut
    }

    // MARK: - Commands

    /// Sends the commands and reads their replies: one round trip for up to 1,000 commands, and one more per redirect. Reads the
    /// replies to the pipelines that were started before.
    ///
    /// - Throws: the error of a server or partition that fails as a whole, after the replies of the others are read. The error
    ///   reply to one command is in its ``PendingReply``.
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
        started.append(StartedPipeline(ticket: lastTicket, batches: send(pipeline.commands)))
        return lastTicket
    }

    /// Reads the replies to the pipelines that were started up to a ticket; to all of them without one.
    ///
    /// If a server redirects a command, reads the replies to all of them, because those to the repeated command follow.
    func finish(_ ticket: Int = .max) throws(QueryError) {
        var outcome = Outcome()
        while let first = started.first, first.ticket <= ticket || !outcome.redirects.isEmpty {
            started.removeFirst()
            let received = receive(first.batches)
            outcome.redirects += received.redirects
            if let failure = received.failure { outcome.fail(failure) }
            if outcome.failure != nil { break }
        }
        try sendAndReceive(try follow(outcome))
    }

    private func sendAndReceive(_ commands: [CommandPipeline.Command]) throws(QueryError) {
        var remaining = commands
        var redirectCount = 0
        while !remaining.isEmpty {
            guard redirectCount <= Topology.maxRedirects else {
                let error = QueryError(.notReady(reason: "the cluster moves hash slots (\(seed))"))
                if isInQuery { for command in remaining { failures.add(error, of: command.keyspace) } }
                throw error
            }
            remaining = try follow(receive(send(remaining)))
            redirectCount += 1
        }
    }

    /// Sends each command to the server of its partition, all before the first reply is read.
    private func send(_ commands: [CommandPipeline.Command]) -> Batches {
        guard !commands.isEmpty else { return Batches() }
        if commands.contains(where: { redirects[$0.keyspace] == nil }) { connectToSeed() }
        cost.roundTrips += 1
        cost.keys += commands.count
        var sent = Batches()
        for (server, commands) in batches(of: commands) {
            do throws(RedisError) {
                try connection(to: server).send(commands)
                sent.batches.append((server, commands))
            } catch {
                if error.category == .denied || error.category == .refused,
                    ServerConnection.isSentinel(server, timeout: timeout)
                {
                    sent.failure = QueryError(.isSentinel(server.description))
                } else {
                    sent.failure = sent.failure ?? fail(error, of: server, commands)
                }
            }
        }
        return sent
    }

    /// Groups commands by server, in the order in which the servers appear.
    private func batches(
        of commands: [CommandPipeline.Command]
    ) -> [(server: RedisURL, commands: [CommandPipeline.Command])] {
        guard !redirects.isEmpty else { return [(seedTopology.current, commands)] }
        var batches: [(server: RedisURL, commands: [CommandPipeline.Command])] = []
        var indexes: [RedisURL: Int] = [:]
        for command in commands {
            let server = server(of: command.keyspace)
            if let index = indexes[server] {
                batches[index].commands.append(command)
            } else {
                indexes[server] = batches.count
                batches.append((server, [command]))
            }
        }
        return batches
    }

    /// Reads the replies of all servers, also after the failure of one of them, so that no reply is left on a connection.
    private func receive(_ sent: Batches) -> Outcome {
        var outcome = Outcome(failure: sent.failure)
        for (server, commands) in sent.batches {
            do throws(RedisError) {
                try receive(commands, from: server, &outcome)
            } catch {
                outcome.fail(fail(error, of: server, commands))
            }
        }
        return outcome
    }

    private func receive(
        _ commands: [CommandPipeline.Command], from server: RedisURL, _ outcome: inout Outcome
    ) throws(RedisError) {
        guard let connection = connections[server] else {
            throw RedisError(.connection, "the connection to \(server) was closed")
        }
        var isUnknown = false
        for command in commands {
            var reply = try connection.connection.receive()
            cost.bytes += reply.byteCount
            if let error = reply.error {
                if error.code.isRedirect {
                    outcome.redirects.append(Redirect(server: server, error: error, command: command))
                    continue
                }
                if !error.isOfOneCommand {
                    outcome.fail(fail(error, of: command.keyspace, at: server))
                    continue
                }
                isUnknown = isUnknown || error.isUnknownCommand
                if error.code == .wrongType { wrongTypes.record(command) }
            }
            command.readReply(&reply, server)
        }
        if isUnknown, try connection.isSentinel() { outcome.failure = QueryError(.isSentinel(server.description)) }
    }

    /// Returns the connection to a server, opened on first use.
    func connection(to server: RedisURL) throws(RedisError) -> ServerConnection {
        if let connection = connections[server] { return connection }
        if let seedFailure, server == seedTopology.current { throw seedFailure }
        if isInQuery, let error = failures.servers[server] { throw error }
        let connection = try ServerConnection(to: server, timeout: timeout)
        connections[server] = connection
        return connection
    }

    /// Connects to the first of the configured servers that can be used, unless one of them is connected.
    private func connectToSeed() {
        guard connections[seedTopology.current] == nil, !isInQuery || failures.servers[seedTopology.current] == nil
        else {
            return
        }
        do throws(RedisError) {
            let connection = try ServerConnection(to: &seedTopology, timeout: timeout)
            connections[connection.connection.url] = connection
            seedFailure = nil
        } catch {
            seedFailure = error
        }
    }

    /// Connects to the primary among several configured servers, instead of a replica that precedes it. If none answers, another
    /// server is used.
    func preferPrimary() {
        guard seedTopology.hasAlternatives, !seed.namesSentinels,
            connections[seedTopology.current]?.connection.isPrimary != true
        else { return }
        var topology = seedTopology
        guard let connection = try? ServerConnection(to: &topology, for: .writing, timeout: timeout) else { return }
        connections[connection.connection.url] = connection
        (seedTopology, seedFailure) = (topology, nil)
    }

    // MARK: - Failures

    /// Records that a server has failed, with the partitions of the commands, and closes its connection: replies may still
    /// arrive on it, and would be read as the replies to later commands.
    func fail(_ error: RedisError, of server: RedisURL, _ commands: [CommandPipeline.Command]) -> QueryError {
        connections[server] = nil
        let failure = QueryError(error, server: server)
        if server == seedTopology.current {
            seedTopology.leave(after: error)
            // The next attempt uses another of the configured servers.
            if isInQuery, seedTopology.hasAlternatives, seedFailure == nil, failures.changeSeed() { return failure }
        }
        if isInQuery { failures.add(error, of: server) }
        for command in commands {
            let keyspace = command.keyspace
            if redirects[keyspace] != nil, !failures.redirected.contains(keyspace) {
                // The redirect is of an earlier query. Another server may have the partition since.
                redirects[keyspace] = nil
                failures.changeServer()
            } else if isInQuery, server == self.server(of: keyspace) {
                failures.add(failure, of: keyspace)
            }
        }
        return failure
    }

    /// Records that a partition does not answer, while its server does.
    func fail(_ error: RedisError, of keyspace: Keyspace, at server: RedisURL) -> QueryError {
        let failure =
            error.code == .tryAgain
            ? QueryError(.notReady(reason: "its hash slot moves to another server: \(error) (\(server))"))
            : QueryError(error, server: server)
        if isInQuery, error.category == .elsewhere, server == seedTopology.current, seedTopology.hasAlternatives,
            failures.changeSeed()
        {
            seedTopology.leave(after: error)
            return failure
        }
        if isInQuery { failures.add(failure, of: keyspace) }
        return failure
    }
}
