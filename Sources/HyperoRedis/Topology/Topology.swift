/// The address of the server that has the keys of a partition: the configured server until a redirect names another
/// server.
///
///     var topology = Topology(seed: url)
///     connection = try RedisConnection.open(to: topology.current, …)
///     if topology.follow(connection.verified(error)) { /* connect to topology.current and repeat the command */ }
///
/// All keys of a partition share one hash slot, so a single address is enough.
package struct Topology: Sendable, Hashable {
    /// The configured server.
    package let seed: RedisURL
    /// The server to connect to now.
    package private(set) var current: RedisURL

    /// The maximum number of consecutive redirects to follow. While a cluster migrates slots, several are normal.
    package static let maxRedirects = 5

    package init(seed: RedisURL) {
        self.seed = seed
        current = seed
    }

    /// Switches to the server that a verified redirect names.
    ///
    /// Every client sends its password there, so a MOVED error is not enough: any program that answers one command, such as a proxy,
    /// could name any host. ``RedisConnection/verified(_:)`` makes a verified redirect of an error.
    ///
    /// - Returns: false if the error is not a verified redirect. The current server is then unchanged.
    package mutating func follow(_ error: RedisError) -> Bool {
        guard case .redirected(let host, let port) = error.code else { return false }
        current = current.withServer(host: host, port: port)
        return true
    }

    /// Returns to the configured server.
    package mutating func reset() {
        current = seed
    }
}
