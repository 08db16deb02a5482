import HyperoRedis

/// The conversion of one command's reply to a value.
struct ReplyReader<Value> {
    /// Reads the whole reply. An error reply is thrown.
    let read: (inout Reply) throws(RedisError) -> Value
}

extension ReplyReader<Int> {
    static var integer: Self { Self { reply throws(RedisError) in try reply.integer() } }

    /// A number of members, such as the reply of ZCARD. A hostile reply is bounded, so that sums of counts do not overflow.
    static var count: Self {
        Self { reply throws(RedisError) in min(max(try reply.integer(), 0), 1 << 48) }
    }
}

extension ReplyReader<String?> {
    /// A string, or nil for null.
    static var string: Self { Self { reply throws(RedisError) in try reply.string() } }
}

extension ReplyReader<Bool> {
    /// True if the reply is not null.
    static var isNotNull: Self { Self { reply throws(RedisError) in try reply.string() != nil } }
}

extension ReplyReader<[String?]> {
    /// An array with null elements, the reply of HMGET.
    static var optionalStrings: Self { Self { reply throws(RedisError) in try reply.strings() } }
}

extension ReplyReader<[String]> {
    /// An array without its null elements, such as the reply of ZRANGE.
    static var strings: Self { Self { reply throws(RedisError) in try reply.strings().compactMap(\.self) } }
}

extension ReplyReader<[(name: String, value: String)]> {
    /// Alternating names and values, such as the reply of HGETALL.
    static var pairs: Self { Self { reply throws(RedisError) in try reply.pairs() } }
}

extension ReplyReader<StreamInfo> {
    /// The reply of XINFO STREAM.
    static var streamInfo: Self { Self { reply throws(RedisError) in try StreamInfo(&reply) } }
}

/// An entry in the reply of XRANGE or XREVRANGE.
struct StreamEntryReply {
    let id: String
    let fields: [(name: String, value: String)]
}

extension ReplyReader<[StreamEntryReply]> {
    /// The reply of XRANGE or XREVRANGE.
    static var streamEntries: Self {
        Self { reply throws(RedisError) in
            var entries: [StreamEntryReply] = []
            for _ in 0..<(try reply.array() ?? 0) {
                _ = try reply.array()
                entries.append(StreamEntryReply(id: try reply.string() ?? "", fields: try reply.pairs()))
            }
            return entries
        }
    }
}
