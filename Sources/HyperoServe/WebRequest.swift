import NIOHTTP1

/// The parts of a request that the server uses.
struct WebRequest {
    /// The decoded path, such as `/battery`.
    var path: String
    /// The decoded parameters of the query.
    var parameters: [(name: String, value: String)]
    /// The header Host.
    var host: String
    /// The value of a cookie; nil without it.
    private let cookies: [String: String]
    /// The token of the header Authorization; nil without one.
    var bearer: String?
    /// The id of the latest event that the client has received; nil if it connects for the first time.
    var lastEventID: String?
    /// The value of If-None-Match; nil without it.
    var knownTag: String?

    /// Decodes a request.
    ///
    /// - Throws: the response that says what is wrong.
    init(_ head: HTTPRequestHead) throws(WebResponse) {
        guard head.method == .GET || head.method == .HEAD else {
            throw WebResponse(
                .methodNotAllowed, "This server answers GET and HEAD only, not \(head.method.rawValue).",
                headers: [("Allow", "GET, HEAD")])
        }
        let headers = head.headers
        // A page of another site cannot read the answer, but could cost Redis a question.
        guard
            headers.first(name: "Sec-Fetch-Site") != "cross-site" || headers.first(name: "Sec-Fetch-Mode") == "navigate"
        else { throw WebResponse(.forbidden, "A page of another site must not ask this server.") }
        let length = headers["Content-Length"]
        guard length.allSatisfy({ $0 == "0" }), headers["Transfer-Encoding"].isEmpty else {
            throw WebResponse(.payloadTooLarge, "A request must not have a body.")
        }
        let hosts = headers["Host"]
        guard hosts.count == 1 else { throw WebResponse(.badRequest, "The request must have one header Host.") }
        let parts = head.uri.split(separator: "?", maxSplits: 1, omittingEmptySubsequences: false)
        guard head.uri.hasPrefix("/"), let path = Self.decoded(parts[0]) else {
            throw WebResponse(.badRequest, "The path of the request is malformed.")
        }
        var parameters: [(name: String, value: String)] = []
        for item in parts.dropFirst().joined().split(separator: "&") {
            let sides = item.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            guard let name = Self.decoded(sides[0], isQuery: true),
                let value = Self.decoded(sides.count > 1 ? sides[1] : "", isQuery: true)
            else { throw WebResponse(.badRequest, "A parameter of the request is not percent-encoded UTF-8.") }
            guard !parameters.contains(where: { $0.name == name }) else {
                throw WebResponse(.badRequest, "The parameter '\(name)' is there twice.")
            }
            parameters.append((name, value))
        }
        self.path = path
        self.parameters = parameters
        host = hosts[0]
        cookies = Self.cookies(in: headers["Cookie"])
        bearer = headers.first(name: "Authorization").flatMap { value in
            value.lowercased().hasPrefix("bearer ") ? String(value.dropFirst(7)) : nil
        }
        lastEventID = headers.first(name: "Last-Event-ID")
        knownTag = headers.first(name: "If-None-Match")
    }

    func cookie(_ name: String) -> String? { cookies[name] }

    private static func cookies(in headers: [String]) -> [String: String] {
        var cookies: [String: String] = [:]
        for pair in headers.joined(separator: ";").split(separator: ";") {
            let sides = pair.drop { $0 == " " }.split(separator: "=", maxSplits: 1)
            if sides.count == 2, cookies[String(sides[0])] == nil { cookies[String(sides[0])] = String(sides[1]) }
        }
        return cookies
    }

    /// Decodes percent-encoded UTF-8; nil if it is malformed.
    ///
    /// - Parameter isQuery: true to decode `+` as a space.
    static func decoded(_ text: some StringProtocol, isQuery: Bool = false) -> String? {
        var bytes: [UInt8] = []
        var rest = text.utf8[...]
        while let byte = rest.popFirst() {
            switch byte {
            case UInt8(ascii: "%"):
                guard let high = rest.popFirst().flatMap(hexValue), let low = rest.popFirst().flatMap(hexValue) else {
                    return nil
                }
                bytes.append(high << 4 | low)
            case UInt8(ascii: "+") where isQuery: bytes.append(UInt8(ascii: " "))
            default: bytes.append(byte)
            }
        }
        return String(validating: bytes, as: UTF8.self)
    }

    private static func hexValue(_ byte: UInt8) -> UInt8? {
        switch byte {
        case UInt8(ascii: "0")...UInt8(ascii: "9"): byte - UInt8(ascii: "0")
        case UInt8(ascii: "a")...UInt8(ascii: "f"): byte - UInt8(ascii: "a") + 10
        case UInt8(ascii: "A")...UInt8(ascii: "F"): byte - UInt8(ascii: "A") + 10
        default: nil
        }
    }
}
