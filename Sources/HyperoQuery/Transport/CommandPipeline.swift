import HyperoRedis
import HyperoSchema

/// Commands that are sent together, in one round trip.
///
///     var pipeline = CommandPipeline()
///     let owner = pipeline.append("GET", keyspace.lease, in: keyspace, as: .string)
///     try connections.run(pipeline)
///     print(try owner.value(or: nil, warnings: &warnings) ?? "none")
struct CommandPipeline {
    struct Command {
        /// The partition whose server receives the command.
        let keyspace: Keyspace
        let arguments: [String]
        /// The last arguments, which many commands share.
        var sharedArguments: [String] = []
        /// Reads the reply of a server into the command's ``PendingReply``.
        let readReply: (_ reply: inout Reply, _ server: RedisURL) -> Void
    }

    private(set) var commands: [Command] = []

    /// Appends a command.
    ///
    /// - Parameters:
    ///   - arguments: the command's name, its key and its further arguments.
    ///   - keyspace: the partition of the key.
    ///   - reader: converts the reply.
    mutating func append<Value>(
        arguments: [String], in keyspace: Keyspace, as reader: ReplyReader<Value>
    ) -> PendingReply<Value> {
        let pending = PendingReply<Value>(to: arguments)
        commands.append(
            Command(
                keyspace: keyspace, arguments: arguments,
                readReply: { reply, server in pending.read(&reply, with: reader, from: server) }))
        return pending
    }

    /// Appends a command whose last arguments many commands share, and whose reply the caller reads itself.
    mutating func append(
        _ arguments: [String], shared: [String], in keyspace: Keyspace,
        read: @escaping (_ reply: inout Reply, _ server: RedisURL) -> Void
    ) {
        commands.append(
            Command(keyspace: keyspace, arguments: arguments, sharedArguments: shared, readReply: read))
    }

    /// Appends a command, as ``append(arguments:in:as:)`` does.
    mutating func append<Value>(
        _ arguments: String..., in keyspace: Keyspace, as reader: ReplyReader<Value>
    ) -> PendingReply<Value> {
        append(arguments: arguments, in: keyspace, as: reader)
    }
}
