import HyperoRedis
import HyperoSchema
import TestSupport

/// The indexes and dead letters of one partition after a run.
struct FoundPartition {
    let keyspace: Keyspace
    let content: PartitionContent
    /// The entries of the stream of dead letters, in order.
    let deadLetters: [StreamEntry]
    /// The number of dead letters that the ingest has removed because of their size, and counted.
    let trimmedLetters: Int

    init(keyspace: Keyspace, content: PartitionContent, deadLetters: [StreamEntry] = [], trimmedLetters: Int = 0) {
        self.keyspace = keyspace
        self.content = content
        self.deadLetters = deadLetters
        self.trimmedLetters = trimmedLetters
    }

    init(reading keyspace: Keyspace, from connection: inout RedisConnection) throws {
        self.keyspace = keyspace
        content = try PartitionContent.read(from: &connection, keyspace)
        deadLetters = try StreamEntry.all(of: keyspace.dead, from: &connection)
        var trimmed = try connection.call("HGET", keyspace.ingest, IngestField.trimmed)
        trimmedLetters = try trimmed.string().flatMap { Int($0) } ?? 0
    }
}
