import HyperoSchema

extension RedisURL {
    /// The configured servers, each as a URL of its own with the same account and database; the sentinels, with their account, if
    /// the URL names sentinels.
    var servers: [RedisURL] {
        addresses.map { address in
            var url = self
            url.addresses = [address]
            url.sentinel = nil
            if let sentinel { (url.user, url.password, url.database) = (sentinel.user, sentinel.password, 0) }
            return url
        }
    }

    /// The host; nil for a unix socket.
    var tcpHost: String? { if case .tcp(let host, _) = addresses[0] { host } else { nil } }

    /// Returns the URL of the same account and database on another server.
    ///
    /// - Parameters:
    ///   - host: empty for the host of this URL. A server that does not know its own address sends such redirects.
    ///   - port: 1 to 65,535.
    /// - Returns: this URL if it names a unix socket, because a cluster's nodes have TCP addresses.
    package func withServer(host: String, port: Int) -> RedisURL {
        guard case .tcp(let current, _) = addresses[0] else { return self }
        var url = self
        url.addresses = [.tcp(host: host.isEmpty ? current : host, port: port)]
        url.sentinel = nil
        return url
    }

    /// Returns whether the URL and the text of another one, without an account, name the same deployment: the same database of
    /// at least one common server, or of the same primary of at least one common sentinel.
    package func sharesServer(with text: String) -> Bool {
        guard text != serverURL else { return true }
        guard let other = try? RedisURL(parsing: text, environment: { _ in nil }) else { return false }
        return other.database == database && other.sentinel?.name == sentinel?.name
            && !Set(other.addresses).isDisjoint(with: addresses)
    }
}
