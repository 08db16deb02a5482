import HyperoRedis
import HyperoSchema

extension ReplyBounds {
    /// 32 MiB, for a whole hash of a battery or an experiment. A larger reply is incomplete and no error of the connection,
    /// because any client can make a hash as large as it likes.
    static let hash = ReplyBounds(maxTextBytes: 32 << 20, maxTotalBytes: 32 << 20)
}

extension RedisConnection {
    /// Reads a hash: HGETALL key. The reply is incomplete if the hash is beyond ``HyperoRedis/ReplyBounds/hash``.
    mutating func hash(at key: String) throws(RedisError) -> Reply {
        var writer = RESPWriter(capacity: 256)
        writer.command("HGETALL", key)
        try send(writer)
        return try receive(within: .hash)
    }

    /// Connects to the server that owns the keys of a partition, following redirects that are verified.
    ///
    /// - Parameters:
    ///   - url: the configured servers.
    ///   - key: a stream of the partition, which is asked for.
    ///   - name: the name in `CLIENT LIST`.
    static func open(
        to url: RedisURL, key: String, name: String
    ) throws(RedisError) -> RedisConnection {
        var topology = Topology(seed: url)
        var connection = try topology.open(for: .writing, name: name)
        for _ in 0..<Topology.maxRedirects {
            let reply = try connection.call("XLEN", key)
            guard let error = reply.error.map({ connection.verified($0) }) else { return connection }
            guard topology.follow(error) else {
                if error.code == .untrustedRedirect { throw error }
                return connection
            }
            connection = try topology.open(for: .writing, name: name)
        }
        throw RedisError(.tryAgain, "the nodes of \(url) redirect \(key) to each other")
    }
}
