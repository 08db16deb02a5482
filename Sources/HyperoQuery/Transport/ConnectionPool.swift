import HyperoRedis
import HyperoSchema

/// The connections to the servers that hold the partitions.
///
/// There is one server, unless it is a cluster: then a server that does not hold a partition says who does, and the
/// partition's commands go there from then on.
final class ConnectionPool {
    let home: RedisURL
    private let timeout: Duration
    private var lines: [RedisURL: ConnectionBox] = [:]
    private var places: [Keyspace: RedisURL] = [:]
    private(set) var roundTrips = 0

    /// Bounds what the server has to hold of answers that are not read yet.
    private static let commandsAtOnce = 1_000
    private static let mostMoves = 5

    init(home: RedisURL, timeout: Duration) {
        self.home = home
        self.timeout = timeout
    }

    /// The server that holds the partition, as far as is known.
    func place(of keyspace: Keyspace) -> RedisURL { places[keyspace] ?? home }

    /// Sends the commands and takes their answers: one round trip for up to 1,000 of them.
    ///
    /// - Throws: when a server cannot be asked at all; an error that answers one command is in its ``PendingReply``.
    func run(_ batch: CommandPipeline) throws(QueryError) {
        var start = 0
        while start < batch.commands.count {
            let end = min(start + Self.commandsAtOnce, batch.commands.count)
            var left = Array(batch.commands[start..<end])
            var moves = 0
            while !left.isEmpty {
                guard moves <= Self.mostMoves else {
                    throw QueryError(.unreachable, "the cluster of \(home) is moving its keys: try again in a moment")
                }
                left = try roundTrip(left)
                moves += 1
            }
            start = end
        }
    }

    /// Returns the commands that have to be asked again elsewhere.
    private func roundTrip(_ commands: [CommandPipeline.Command]) throws(QueryError) -> [CommandPipeline.Command] {
        roundTrips += 1
        let groups = Dictionary(grouping: commands) { place(of: $0.keyspace) }
        for (url, commands) in groups {
            try reporting(url) { () throws(RedisError) in try line(to: url).send(commands) }
        }
        var moved: [CommandPipeline.Command] = []
        for (url, commands) in groups {
            try reporting(url) { () throws(RedisError) in
                let line = try line(to: url)
                for command in commands {
                    var reply = try line.connection.receive()
                    if case .moved(let host, let port)? = reply.error?.category {
                        places[command.keyspace] = url.withServer(host: host, port: port)
                        moved.append(command)
                    } else {
                        command.take(&reply)
                    }
                }
            }
        }
        return moved
    }

    private func line(to url: RedisURL) throws(RedisError) -> ConnectionBox {
        if let line = lines[url] { return line }
        let line = ConnectionBox(try RedisConnection.open(to: url, name: "hypero-query", timeout: timeout))
        lines[url] = line
        return line
    }

    /// A connection that failed must not be used again: the next question makes a new one.
    private func reporting(_ url: RedisURL, _ body: () throws(RedisError) -> Void) throws(QueryError) {
        do throws(RedisError) {
            try body()
        } catch {
            lines.removeAll()
            throw QueryError(error, at: url)
        }
    }
}

extension ConnectionPool {
    /// Gives an error that answered a command the server's name.
    func checked<Value>(_ body: () throws(RedisError) -> Value) throws(QueryError) -> Value {
        do throws(RedisError) {
            return try body()
        } catch {
            throw QueryError(error, at: home)
        }
    }
}

/// A connection that can be kept in a dictionary.
final class ConnectionBox {
    var connection: RedisConnection

    init(_ connection: consuming RedisConnection) {
        self.connection = connection
    }

    func send(_ commands: [CommandPipeline.Command]) throws(RedisError) {
        var writer = RESPWriter()
        for command in commands {
            writer.begin(arguments: command.arguments.count)
            for argument in command.arguments { writer.add(argument) }
        }
        try connection.send(writer)
    }
}
