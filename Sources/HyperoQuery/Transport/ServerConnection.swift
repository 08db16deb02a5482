import Glibc
import HyperoRedis

/// The connection to a server. A class, because a dictionary cannot hold a noncopyable value.
final class ServerConnection {
    var connection: RedisConnection
    private let descriptor: Int32
    /// True if a server that does not know a command has said that it is no sentinel.
    private var isKnownServer = false

    /// Connects to a server. All connections of queries but those of a watch are opened by the initializers of this class.
    init(to server: RedisURL, timeout: Duration) throws(RedisError) {
        var socket: Int32 = -1
        connection = try RedisConnection.open(
            to: server, name: "hypero-query", timeout: timeout, opened: { socket = $0 })
        descriptor = socket
    }

    /// Connects to the first server of a topology that can be used.
    init(
        to topology: inout Topology, for purpose: Topology.Purpose = .reading, timeout: Duration
    ) throws(RedisError) {
        var socket: Int32 = -1
        connection = try topology.open(
            for: purpose, name: "hypero-query", timeout: timeout, opened: { socket = $0 })
        descriptor = socket
    }

    /// True if the server has closed the connection while no reply was expected, for example by a restart.
    var hasEnded: Bool {
        guard connection.pendingReplies == 0 else { return false }
        var polled = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
        return poll(&polled, 1, 0) > 0
    }

    /// Sends the commands in one write.
    func send(_ commands: [CommandPipeline.Command]) throws(RedisError) {
        var writer = RESPWriter()
        for command in commands { writer.add(command) }
        try connection.send(writer)
    }

    /// Sends commands to the server that a hash slot moves to, each after ASKING, and reads the replies to them.
    ///
    /// Commands: ASKING before each command. An account of a cluster needs the permission `+asking`.
    ///
    /// - Parameter read: receives the error of ASKING, or nil, the reply to the command and its index.
    func ask(
        _ commands: [CommandPipeline.Command], read: (RedisError?, inout Reply, Int) -> Void
    ) throws(RedisError) {
        var writer = RESPWriter()
        for command in commands {
            writer.command("ASKING")
            writer.add(command)
        }
        try connection.send(writer)
        for index in commands.indices {
            let asking = try connection.receive()
            var reply = try connection.receive()
            read(asking.error, &reply, index)
        }
    }

    /// Returns whether a server that refuses the login or the database is a sentinel, which has neither.
    ///
    /// Command: INFO server.
    static func isSentinel(_ server: RedisURL, timeout: Duration) -> Bool {
        guard !server.namesSentinels, server.isTCP else { return false }
        return (try? ServerConnection(to: server.withoutAccount, timeout: timeout).isSentinel()) ?? false
    }

    /// Returns whether the server is a sentinel. Asks once, when the server does not know a command.
    ///
    /// Command: INFO server.
    func isSentinel() throws(RedisError) -> Bool {
        guard !isKnownServer, connection.pendingReplies == 0 else { return false }
        isKnownServer = true
        var reply = try connection.call("INFO", "server")
        guard reply.error == nil, let text = try reply.string() else { return false }
        return ServerInfo(text)["redis_mode"] == "sentinel"
    }
}

extension RESPWriter {
    fileprivate mutating func add(_ command: CommandPipeline.Command) {
        begin(arguments: command.arguments.count + command.sharedArguments.count)
        for argument in command.arguments { add(argument) }
        for argument in command.sharedArguments { add(argument) }
    }
}
