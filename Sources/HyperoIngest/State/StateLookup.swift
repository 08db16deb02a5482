import HyperoRedis
import HyperoSchema

/// A read of state that a batch needs and the cache lacks.
package struct StateLookup {
    package let batch: DecodedBatch
    package let missing: MissingState
    /// The state known so far. The replies are added to it.
    package var state: PriorState
}

/// The commands of the lookup that is sent before the next transaction.
struct LookupQueue: ~Copyable {
    private let keyspace: Keyspace
    private var writer = RESPWriter()
    private var loader: StateLoader

    /// - Parameter hasTombstones: true if the partition has deleted experiments or batteries.
    init(keyspace: Keyspace, hasTombstones: Bool) {
        self.keyspace = keyspace
        loader = StateLoader(readsTombstones: hasTombstones)
    }

    /// Queues a lookup in place of an earlier one.
    mutating func set(_ lookup: StateLookup) {
        writer.removeAll()
        loader.appendLookups(
            for: lookup.missing, of: lookup.batch, given: lookup.state, in: keyspace, to: &writer)
    }

    mutating func removeAll() {
        writer.removeAll()
    }

    /// Sends the queued lookup, if there is one.
    mutating func send(over connection: inout RedisConnection) throws(RedisError) {
        try connection.send(writer)
        writer.removeAll()
    }

    /// Reads the replies to a lookup.
    ///
    /// - Returns: the lookup with the state that was read.
    mutating func receive(
        _ lookup: consuming StateLookup, from connection: inout RedisConnection,
        logger: RateLimitedLogger
    ) throws(RedisError) -> StateLookup {
        var lookup = lookup
        try loader.readReplies(
            for: lookup.missing, of: lookup.batch, into: &lookup.state, from: &connection, in: keyspace, logger: logger)
        return lookup
    }
}
