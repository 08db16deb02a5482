import HyperoRedis
import HyperoSchema

/// What XINFO STREAM says that matters here.
struct StreamInfo {
    var length = 0
    var lastID: StreamID?
    /// Entries ever added; nil before Redis 7.0.
    var added: Int?

    /// A stream that is not there.
    init() {
        added = 0
    }

    /// Reads the reply: names and values in turn, of several types, newer servers more of them.
    init(_ reply: inout Reply) throws(RedisError) {
        for _ in 0..<(try reply.array() ?? 0) / 2 {
            switch try reply.string() {
            case "length": length = try reply.integer()
            case "entries-added": added = try reply.integer()
            case "last-generated-id": lastID = try reply.string().flatMap { StreamID($0) }
            default: try reply.skip()
            }
        }
    }

    /// How many entries wait to be applied; nil when the server is too old to say.
    ///
    /// Entries added minus entries consumed, which is right also when the stream was trimmed. At the last id nothing
    /// waits, whatever the numbers say: they may have been lost apart from each other.
    func behind(cursor: StreamID?, consumed: [Int]) -> Int? {
        if lastID ?? .zero <= cursor ?? .zero { return 0 }
        guard let added else { return nil }
        let rest = consumed.reduce(added) { $0.subtractingReportingOverflow($1).partialValue }
        return max(rest, 0)
    }
}
