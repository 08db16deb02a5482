import HyperoRedis
import HyperoSchema
import TestSupport

/// The indexes and dead letters of one partition after a run.
struct FoundPartition {
    let keyspace: Keyspace
    let content: PartitionContent
    /// The entries of the stream of dead letters, in order.
    let deadLetters: [StreamEntry]

    init(keyspace: Keyspace, content: PartitionContent, deadLetters: [StreamEntry] = []) {
        self.keyspace = keyspace
        self.content = content
        self.deadLetters = deadLetters
    }

    init(reading keyspace: Keyspace, from connection: inout RedisConnection) throws {
        self.keyspace = keyspace
        content = try PartitionContent.read(from: &connection, keyspace)
        deadLetters = try StreamEntry.all(of: keyspace.dead, from: &connection)
    }
}
