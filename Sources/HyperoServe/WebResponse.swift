import NIOCore
import NIOHTTP1

/// A whole response. As an error, it is the one that says what is wrong with the request.
struct WebResponse: Error, Sendable {
    var status: HTTPResponseStatus
    var body: ByteBuffer
    var headers: [(String, String)]

    init(_ status: HTTPResponseStatus, body: ByteBuffer, type: String, headers: [(String, String)] = []) {
        self.status = status
        self.body = body
        self.headers = [("Content-Type", type)] + headers
    }

    /// Creates a response of one sentence.
    init(_ status: HTTPResponseStatus, _ sentence: String, headers: [(String, String)] = []) {
        let body = ByteBuffer(string: sentence + "\n")
        self.init(status, body: body, type: "text/plain; charset=utf-8", headers: headers)
    }

    /// Creates a page.
    ///
    /// - Parameter policy: the rules of the browser for the page.
    init(page: ByteBuffer, policy: String, headers: [(String, String)] = []) {
        self.init(
            .ok, body: page, type: "text/html; charset=utf-8",
            headers: [("Content-Security-Policy", policy + "; frame-ancestors 'none'")] + headers)
    }

    /// The headers of all responses: no other site may use them, and no copy is kept.
    static let commonHeaders = [
        ("X-Content-Type-Options", "nosniff"), ("Referrer-Policy", "no-referrer"), ("Cache-Control", "no-store"),
        ("Cross-Origin-Resource-Policy", "same-origin"), ("X-Frame-Options", "DENY"),
    ]

    /// The head of the response, which tells the length of the body also if the body is left out.
    func head(version: HTTPVersion, isKeptAlive: Bool) -> HTTPResponseHead {
        var fields = HTTPHeaders(headers + Self.commonHeaders)
        if status != .notModified { fields.add(name: "Content-Length", value: "\(body.readableBytes)") }
        if !isKeptAlive {
            fields.add(name: "Connection", value: "close")
        } else if version == .http1_0 {
            fields.add(name: "Connection", value: "keep-alive")
        }
        return HTTPResponseHead(version: version, status: status, headers: fields)
    }
}
