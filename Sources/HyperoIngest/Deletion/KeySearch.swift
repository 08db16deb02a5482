import HyperoRedis
import HyperoSchema

/// A search for the keys that begin with a prefix, in parts: SCAN cursor MATCH prefix* COUNT n.
///
/// It finds what the lists of a battery lack, because another client has removed or replaced them. Each part takes the server
/// about 2 ms.
struct KeySearch {
    let prefix: String
    private(set) var isComplete = false
    private var cursor = "0"
    /// The number of keys that Redis looks at in the next part, and the largest one.
    private var count: Int
    private let maxCount: Int

    /// The number of keys that Redis looks at per part.
    static let partCount = 10_000
    /// The bounds of a part. Keys of the contract are short, and those of other clients may have any length.
    private static let bounds = ReplyBounds(maxTextBytes: Limits.value, maxTotalBytes: 32 << 20)

    /// - Parameters:
    ///   - prefix: without characters that are special in a pattern. Namespaces and ids have none.
    ///   - partCount: the number of keys that Redis looks at per part.
    init(prefix: String, partCount: Int = Self.partCount) {
        self.prefix = prefix
        (count, maxCount) = (partCount, partCount)
    }

    /// Ends the search, for example because the account must not run SCAN.
    mutating func end() { isComplete = true }

    /// Reads the next part.
    ///
    /// - Returns: the keys, without the prefix. The same key may be in several parts. Keys that are far longer than any of the
    ///   contract are left out.
    mutating func readPart(over connection: inout RedisConnection) throws(RedisError) -> [String] {
        var reply = try read(over: &connection)
        while !reply.isComplete, count > 1 {
            // Read again from the same cursor, so that what is left out is no more than a long key.
            count = max(count / 64, 1)
            reply = try read(over: &connection)
        }
        if reply.isComplete { count = min(count * 2, maxCount) }
        guard try reply.array() == 2, let next = try reply.string() else {
            throw RedisError(.connection, "invalid reply to SCAN: no cursor")
        }
        cursor = next
        isComplete = next == "0"
        return try reply.keptStrings().compactMap { $0?.dropping(prefix: prefix) }
    }

    private func read(over connection: inout RedisConnection) throws(RedisError) -> Reply {
        var writer = RESPWriter(capacity: 256)
        writer.command("SCAN", cursor, "MATCH", prefix + "*", "COUNT", String(count))
        try connection.send(writer)
        let reply = try connection.receive(within: Self.bounds)
        if let error = reply.error { throw error }
        return reply
    }
}
