import NIOHTTP1

/// The rules that decide whether a request is answered: the name by which it addresses the server, and the token.
struct WebAccess: Sendable {
    private let hostNames: Set<String>
    private let token: String?
    private let cookieName: String

    init(hostNames: [String], token: String?) {
        self.hostNames = Set(hostNames.map { $0.lowercased() } + ["localhost"])
        self.token = token
        cookieName = Self.cookieName(of: token ?? "")
    }

    /// Returns the name of the cookie of a secret. Browsers send a cookie to all ports of a host, so that two servers that are forwarded to
    /// one host need two names.
    static func cookieName(of token: String) -> String {
        // FNV-1a: http://www.isthe.com/chongo/tech/comp/fnv/. A part of its bits does not tell the secret.
        let hash = token.utf8.reduce(UInt64(0xcbf2_9ce4_8422_2325)) { ($0 ^ UInt64($1)) &* 0x100_0000_01b3 }
        return "hypero-" + String(UInt32(truncatingIfNeeded: hash ^ hash >> 32), radix: 16)
    }

    /// Checks a request.
    ///
    /// - Throws: the response that refuses it, or that replaces a token in the address by a cookie.
    func check(_ request: WebRequest, for route: WebRoute) throws(WebResponse) {
        // A page of another site may reach this server by a name that it resolves to this address, but not by a number.
        guard let name = Self.name(inHost: request.host), Self.isAddress(name) || hostNames.contains(name) else {
            throw WebResponse(
                .misdirectedRequest,
                "This server does not answer by the name in the header Host. Use localhost or an address in numbers, or start it with --host-name and this name."
            )
        }
        guard let token, route != .health else { return }
        if let given = request.parameters.first(where: { $0.name == "token" })?.value {
            guard Self.isEqual(given, token) else { throw Self.wrongToken }
            // The token must not stay in the address, of which browsers keep a history.
            throw WebResponse(
                .seeOther, "The token is in a cookie now.",
                headers: [
                    ("Location", route.reference),
                    ("Set-Cookie", "\(cookieName)=\(token); HttpOnly; SameSite=Lax; Path=/"),
                ])
        }
        if let given = request.bearer ?? request.cookie(cookieName) {
            guard Self.isEqual(given, token) else { throw Self.wrongToken }
            return
        }
        throw WebResponse(
            .unauthorized, "This server needs its token. Open the address that hypero-web has printed.",
            headers: [("WWW-Authenticate", "Bearer")])
    }

    private static let wrongToken = WebResponse(
        .forbidden, "The token is wrong. Open the address that hypero-web has printed.")

    /// Returns the name of a header Host without the port, in lower case; nil if it is malformed.
    static func name(inHost host: String) -> String? {
        let host = host.lowercased()
        if host.hasPrefix("[") {
            guard let end = host.firstIndex(of: "]"), isPort(host[host.index(after: end)...]) else { return nil }
            return String(host[host.index(after: host.startIndex)..<end])
        }
        let name = host.prefix { $0 != ":" }
        guard !name.isEmpty, isPort(host[name.endIndex...]) else { return nil }
        return String(name.last == "." ? name.dropLast() : name)
    }

    private static func isPort(_ text: Substring) -> Bool {
        text.isEmpty || text.first == ":" && text.dropFirst().allSatisfy { ("0"..."9").contains($0) }
    }

    /// Returns whether a name is an address in numbers, which no name server can direct elsewhere.
    private static func isAddress(_ name: String) -> Bool {
        // The name of a network interface may follow: fe80::1%eth0.
        if name.contains(":") {
            return name.prefix { $0 != "%" }.allSatisfy { $0.isHexDigit || $0 == ":" || $0 == "." }
        }
        let parts = name.split(separator: ".", omittingEmptySubsequences: false)
        return parts.count == 4 && parts.allSatisfy { UInt8($0) != nil }
    }

    /// Compares two texts in a time that does not depend on where they differ.
    static func isEqual(_ given: String, _ token: String) -> Bool {
        let (left, right) = (Array(given.utf8), Array(token.utf8))
        guard left.count == right.count else { return false }
        return zip(left, right).reduce(UInt8(0)) { $0 | ($1.0 ^ $1.1) } == 0
    }
}
