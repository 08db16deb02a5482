import HyperoRedis
import HyperoSchema

/// Commands that go to the servers together, in one round trip.
///
///     var batch = Batch()
///     let lease = batch.ask(keyspace, "GET", keyspace.lease) { reply throws(RedisError) in try reply.string() }
///     try session.run(batch)
///     print(try lease.value())
struct CommandPipeline {
    /// One command, the partition whose server gets it, and who takes the reply.
    struct Command {
        let keyspace: Keyspace
        let arguments: [String]
        let take: (inout Reply) -> Void
    }

    private(set) var commands: [Command] = []

    /// Adds a command.
    ///
    /// - Parameter read: reads the reply; what it throws is thrown by ``PendingReply/value()``.
    mutating func ask<Value>(
        _ keyspace: Keyspace, _ arguments: [String], read: @escaping (inout Reply) throws(RedisError) -> Value
    ) -> PendingReply<Value> {
        let answer = PendingReply<Value>(to: arguments)
        let take = { (reply: inout Reply) in
            do throws(RedisError) {
                answer.result = .success(try read(&reply))
            } catch {
                answer.result = .failure(error)
            }
        }
        commands.append(Command(keyspace: keyspace, arguments: arguments, take: take))
        return answer
    }

    /// Adds a command, as ``ask(_:_:read:)-([String])``.
    mutating func ask<Value>(
        _ keyspace: Keyspace, _ arguments: String..., read: @escaping (inout Reply) throws(RedisError) -> Value
    ) -> PendingReply<Value> {
        ask(keyspace, arguments, read: read)
    }
}
