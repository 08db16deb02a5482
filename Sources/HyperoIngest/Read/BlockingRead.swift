import HyperoCore
import HyperoRedis
import HyperoSchema

/// XREAD that waits for entries, and XINFO of the stream: sent after a transaction if there is no backlog.
struct BlockingRead {
    let after: StreamID
    let count: Int
    /// The time for which XREAD waits for an entry.
    let block: Duration
    let withStreamInfo: Bool

    /// XREAD COUNT n BLOCK ms STREAMS events id, XINFO STREAM events.
    func write(to writer: inout RESPWriter, in keys: Keyspace) {
        writer.addRead(after: after, count: count, block: block, in: keys)
        if withStreamInfo { writer.command("XINFO", "STREAM", keys.events) }
    }

    /// Reads the replies.
    ///
    /// - Returns: the reply to XREAD, which may be an error, and the state of the stream. The state is nil if it was not
    ///   requested or XINFO failed, for example without permission: an error of the stream is in the reply to XREAD too.
    func receive(
        from connection: inout RedisConnection, in keys: Keyspace
    ) throws(RedisError) -> (entries: Reply, stream: StreamInfo?) {
        let entries = try connection.receive(blockTimeout: block, within: XReadReply.bounds)
        guard withStreamInfo else { return (entries, nil) }
        let stream = try connection.receiveStreamInfo(of: keys.events)
        return (entries, try? stream.get())
    }

    /// Reads the replies after a failure, so that they do not answer the next commands.
    func discardReplies(from connection: inout RedisConnection) throws(RedisError) {
        _ = try connection.receive(blockTimeout: block, within: XReadReply.bounds)
        if withStreamInfo { _ = try connection.receive(within: XReadReply.bounds) }
    }
}
