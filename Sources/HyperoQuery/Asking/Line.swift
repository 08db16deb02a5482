import HyperoRedis

/// A connection that can be kept in a dictionary.
final class Line {
    var connection: RedisConnection

    init(_ connection: consuming RedisConnection) {
        self.connection = connection
    }

    func send(_ commands: [Batch.Command]) throws(RedisError) {
        var writer = RESPWriter()
        for command in commands {
            writer.begin(arguments: command.arguments.count)
            for argument in command.arguments { writer.add(argument) }
        }
        try connection.send(writer)
    }
}
