import HyperoCore
import HyperoRedis
import HyperoSchema

/// A read of the stream by XREAD, which waits for entries, and of its state by XINFO. It follows a transaction without
/// a backlog.
struct BlockingRead {
    let after: StreamID
    let count: Int
    /// The longest time for which XREAD waits for an entry.
    let block: Duration
    let withStreamInfo: Bool

    /// Writes XREAD COUNT n BLOCK ms STREAMS events id, and XINFO STREAM events if the state is requested.
    func write(to writer: inout RESPWriter, in keyspace: Keyspace) {
        writer.addRead(after: after, count: count, block: block, in: keyspace)
        if withStreamInfo { writer.command("XINFO", "STREAM", keyspace.events) }
    }

    /// Reads the replies.
    ///
    /// - Returns: the reply to XREAD, which may be an error, and the state of the stream. The state is nil if it was
    ///   not requested or XINFO failed, for example without permission. An error of the key itself is in the reply to
    ///   XREAD.
    func receive(
        from connection: inout RedisConnection, in keyspace: Keyspace
    ) throws(RedisError) -> (entries: Reply, stream: StreamInfo?) {
        let entries = try connection.receive(blockTimeout: block, within: XReadReply.bounds)
        guard withStreamInfo else { return (entries, nil) }
        let stream = try connection.receiveStreamInfo(of: keyspace.events)
        return (entries, try? stream.get())
    }

    /// Reads and ignores the replies after a failure, so that they are not mistaken for replies to the next commands.
    func discardReplies(from connection: inout RedisConnection) throws(RedisError) {
        _ = try connection.receive(blockTimeout: block, within: XReadReply.bounds)
        if withStreamInfo { _ = try connection.receive(within: XReadReply.bounds) }
    }
}
