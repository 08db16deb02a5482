/// The server that a partition's commands go to: the configured one, until a redirect names another.
///
///     var topology = Topology(seed: url)
///     connection = try RedisConnection.open(to: topology.current, …)
///     if topology.follow(error) { /* connect to topology.current and repeat the command */ }
///
/// All keys of a partition share one hash slot, so a single address is enough.
package struct Topology: Sendable, Hashable {
    /// The configured server.
    package let seed: RedisURL
    /// The server to connect to.
    package private(set) var current: RedisURL

    /// The redirects a caller follows before it gives up or waits: a cluster that moves slots may answer several in a row.
    package static let maxRedirects = 5

    package init(seed: RedisURL) {
        self.seed = seed
        current = seed
    }

    /// Adopts the server that a MOVED or ASK error names.
    ///
    /// - Returns: false if the error is not a redirect. The current server stays.
    package mutating func follow(_ error: RedisError) -> Bool {
        guard case .moved(let host, let port) = error.category else { return false }
        current = current.withServer(host: host, port: port)
        return true
    }

    /// Returns to the configured server.
    package mutating func reset() {
        current = seed
    }
}
