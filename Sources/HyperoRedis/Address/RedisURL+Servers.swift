import HyperoSchema

extension RedisURL {
    /// The configured servers, each as a URL of its own with the same account and database; the sentinels, with their account, if
    /// the URL names sentinels.
    package var servers: [RedisURL] {
        addresses.map { address in
            var url = self
            url.addresses = [address]
            url.sentinel = nil
            if let sentinel { (url.user, url.password, url.database) = (sentinel.user, sentinel.password, 0) }
            return url
        }
    }

    /// True if the URL names several servers or sentinels.
    package var namesSeveral: Bool { addresses.count > 1 }

    /// True if the URL names sentinels.
    package var namesSentinels: Bool { sentinel != nil }

    /// True if the connections are encrypted.
    package var usesTLS: Bool { tls != nil }

    /// True if the URL names no unix socket.
    package var isTCP: Bool { tcpHost != nil }

    /// The host; nil for a unix socket.
    var tcpHost: String? { if case .tcp(let host, _) = addresses[0] { host } else { nil } }

    /// The name or address that the certificate of the server must have.
    var certificateName: String { tls?.serverName ?? hostName ?? tcpHost ?? "" }

    /// The URL of the default database without an account.
    package var withoutAccount: RedisURL {
        var url = self
        (url.user, url.password, url.database) = (nil, nil, 0)
        return url
    }

    /// Returns the URL of one address of the server, whose certificate must still have the name.
    func at(_ address: Address) -> RedisURL {
        var url = self
        url.addresses = [address]
        url.hostName = hostName ?? tcpHost
        return url
    }

    /// Returns the URL of the same account, database and TLS settings on another server.
    ///
    /// - Parameters:
    ///   - host: empty for the host of this URL. A server that does not know its own address sends such redirects.
    ///   - port: 1 to 65,535.
    /// - Returns: this URL if it names a unix socket, because a cluster's nodes have TCP addresses.
    package func withServer(host: String, port: Int) -> RedisURL {
        guard case .tcp(let current, _) = addresses[0] else { return self }
        var url = self
        url.addresses = [.tcp(host: host.isEmpty ? current : host, port: port)]
        if !host.isEmpty { url.hostName = nil }
        url.sentinel = nil
        return url
    }

    /// Returns the text of the servers and the database without the account, with as many whole addresses as fit, and with a digest of
    /// the whole text if some do not fit.
    ///
    /// - Parameter maxLength: the largest number of bytes.
    package static func shortened(_ serverURL: String, to maxLength: Int) -> String {
        guard serverURL.utf8.count > maxLength || serverURL.contains(where: \.isNewline) else { return serverURL }
        // FNV-1a, 64 bits.
        let digest = serverURL.utf8.reduce(0xcbf2_9ce4_8422_2325 as UInt64) { ($0 ^ UInt64($1)) &* 0x100_0000_01b3 }
        let end = "#\(String(digest, radix: 16))"
        guard let scheme = serverURL.firstRange(of: "://"), !serverURL.contains(where: \.isNewline) else {
            return cut(serverURL, to: maxLength - end.utf8.count) + end
        }
        let rest = serverURL[scheme.upperBound...]
        let slash = rest.firstIndex(of: "/") ?? rest.endIndex
        var text = String(serverURL[..<scheme.upperBound])
        var hosts = 0
        for host in rest[..<slash].split(separator: ",") {
            let part = (hosts == 0 ? "" : ",") + host
            guard text.utf8.count + part.utf8.count + rest[slash...].utf8.count + end.utf8.count <= maxLength else {
                break
            }
            text += part
            hosts += 1
        }
        guard hosts > 0 else { return cut(serverURL, to: maxLength - end.utf8.count) + end }
        return text + rest[slash...] + end
    }

    private static func cut(_ text: String, to count: Int) -> String {
        var start = ""
        for character in text where !character.isNewline {
            guard start.utf8.count + character.utf8.count <= count else { break }
            start.append(character)
        }
        return start
    }

    /// Returns whether a text is the result of ``shortened(_:to:)`` for a longer one, which names more servers.
    package static func isShortened(_ text: String) -> Bool { withoutDigest(text) != text }

    private static func withoutDigest(_ text: String) -> String {
        // Only the path of a socket may contain the sign, and is never too long.
        guard !text.hasPrefix("unix://"), let sign = text.lastIndex(of: "#"),
            UInt64(text[text.index(after: sign)...], radix: 16) != nil
        else { return text }
        return String(text[..<sign])
    }

    /// Returns whether the URL and the text of another one, without an account, name the same deployment: the same database of
    /// at least one common server, or of the same primary of at least one common sentinel. With or without TLS is no difference: a
    /// journal outlives the change of a server to TLS on the same port.
    package func sharesServer(with text: String) -> Bool {
        guard text != serverURL else { return true }
        // A build without TLS compares it too.
        guard let other = try? RedisURL(parsing: Self.withoutDigest(text), environment: { _ in nil }, hasTLS: true)
        else {
            return false
        }
        return other.database == database && other.sentinel?.name == sentinel?.name
            && !Set(other.addresses).isDisjoint(with: addresses)
    }
}
