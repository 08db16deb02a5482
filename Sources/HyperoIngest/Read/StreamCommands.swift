import HyperoCore
import HyperoRedis
import HyperoSchema

extension RESPWriter {
    /// Adds XREAD COUNT n [BLOCK ms] STREAMS events id: the entries after an id.
    ///
    /// - Parameter block: the longest time for which XREAD waits for an entry; nil for no wait.
    mutating func addRead(after id: StreamID, count: Int, block: Duration?, in keyspace: Keyspace) {
        begin(arguments: block == nil ? 6 : 8)
        add("XREAD" as StaticString)
        add("COUNT" as StaticString)
        add(count)
        if let block {
            add("BLOCK" as StaticString)
            // At least 1, because BLOCK 0 waits without a limit.
            add(max(block.wholeMilliseconds, 1))
        }
        add("STREAMS" as StaticString)
        add(keyspace.events)
        add(id.description)
    }
}

extension RedisConnection {
    /// Reads the identity of the server's process by INFO server.
    ///
    /// - Returns: nil if the account must not run INFO, or if the server omits its identity.
    mutating func serverID() throws(RedisError) -> String? {
        var reply = try call("INFO", "server")
        guard reply.error == nil, let info = try reply.string() else { return nil }
        return ServerInfo(info)["run_id"]
    }

    /// Sends XINFO STREAM, and reads the reply.
    mutating func streamInfo(of key: String) throws(RedisError) -> Result<StreamInfo, RedisError> {
        var writer = RESPWriter(capacity: 256)
        writer.command("XINFO", "STREAM", key)
        try send(writer)
        return try receiveStreamInfo(of: key)
    }

    /// Reads the reply to XINFO STREAM. A missing key is an empty stream.
    ///
    /// - Returns: the stream's state, or the error that the server answered, for example if the account lacks
    ///   permission.
    mutating func receiveStreamInfo(of key: String) throws(RedisError) -> Result<StreamInfo, RedisError> {
        var reply = try receive(within: XReadReply.bounds)
        do {
            return .success(try StreamInfo(&reply))
        } catch {
            guard error.category != .connection else { throw error }
            return .failure(error.naming(key: key, expected: .stream))
        }
    }
}
