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

    /// The number of keys that Redis looks at per part.
    private static let partCount = 10_000

    /// - Parameter prefix: without characters that are special in a pattern. Namespaces and ids have none.
    init(prefix: String) {
        self.prefix = prefix
    }

    /// Ends the search, for example because the account must not run SCAN.
    mutating func end() { isComplete = true }

    /// Reads the next part.
    ///
    /// - Returns: the keys, without the prefix. The same key may be in several parts.
    mutating func readPart(over connection: inout RedisConnection) throws(RedisError) -> [String] {
        var reply = try connection.call("SCAN", cursor, "MATCH", prefix + "*", "COUNT", String(Self.partCount))
        if let error = reply.error { throw error }
        guard try reply.array() == 2, let next = try reply.string() else {
            throw RedisError(.connection, "invalid reply to SCAN: no cursor")
        }
        cursor = next
        isComplete = next == "0"
        return try reply.strings().compactMap { $0?.dropping(prefix: prefix) }
    }
}
