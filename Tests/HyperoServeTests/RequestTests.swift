import NIOCore
import NIOHTTP1
import Testing

@testable import HyperoServe

/// The decoding of requests, and the rules that refuse some.
@Suite struct RequestTests {
    private func request(
        _ uri: String, _ headers: [(String, String)] = [], host: String? = "localhost:8265",
        method: HTTPMethod = .GET
    ) throws(WebResponse) -> WebRequest {
        let fields = HTTPHeaders(headers + (host.map { [("Host", $0)] } ?? []))
        return try WebRequest(HTTPRequestHead(version: .http1_1, method: method, uri: uri, headers: fields))
    }

    private func route(_ uri: String) -> WebRoute? { try? WebRoute(request(uri)) }

    private func status(_ body: () throws -> Void) -> UInt? {
        do {
            try body()
            return nil
        } catch {
            return (error as? WebResponse)?.status.code
        }
    }

    @Test func `An address names a resource`() {
        #expect(route("/") == .listing && route("/metrics") == .metrics && route("/healthz") == .health)
        #expect(route("/battery?name=digits%20mlp") == .battery(BatteryKey(name: "digits mlp")))
        #expect(route("/battery?name=digits+mlp&version=2") == .battery(BatteryKey(name: "digits mlp", version: 2)))
        #expect(route("/battery?name=a%2Bb%26c%3D%F0%9F%8C%8D") == .battery(BatteryKey(name: "a+b&c=🌍")))
        #expect(route("/events?name=n&after=ab-7") == .events(BatteryKey(name: "n"), after: "ab-7"))
        let again = try? WebRoute(request("/events?name=n&after=ab-7", [("Last-Event-ID", "ab-9")]))
        #expect(again == .events(BatteryKey(name: "n"), after: "ab-9"))
    }

    @Test(arguments: ["a b", "a+b&c=d?e#f", "../x", "\u{202E}abc", "🌍", "%41", "\"<>", "\u{0}\n"])
    func `Every name survives its address`(name: String) {
        let key = BatteryKey(name: name, version: -3)
        #expect(route("/" + WebRoute.battery(key).reference) == .battery(key))
        let events = WebRoute.events(key, after: "ab-1")
        #expect(route("/" + events.reference) == events)
    }

    @Test func `A malformed request is answered with its mistake`() {
        for uri in [
            "battery?name=a", "*", "http://localhost/", "/battery?name=%", "/battery?name=%4", "/battery?name=%zz",
            "/battery?name=%ff", "/battery?name=%C0%80", "/battery", "/battery?name=", "/battery?name=a&name=b",
            "/battery?name=a&version=x", "/battery?name=a&version=", "/battery?name=a&verson=2",
            "/battery?name=a&after=x-1", "/?x", "",
        ] { #expect(status { _ = try WebRoute(request(uri)) } == 400, "\(uri)") }
        #expect(status { _ = try WebRoute(request("/../etc/passwd")) } == 404)
        #expect(status { _ = try request("/", host: nil) } == 400)
        #expect(status { _ = try request("/", [("Host", "evil.example")]) } == 400)
        #expect(status { _ = try request("/", [("Content-Length", "5")]) } == 413)
        #expect(status { _ = try request("/", [("Sec-Fetch-Site", "cross-site"), ("Sec-Fetch-Mode", "cors")]) } == 403)
        #expect(
            status { _ = try request("/", [("Sec-Fetch-Site", "cross-site"), ("Sec-Fetch-Mode", "navigate")]) } == nil)
        #expect(status { _ = try request("/", [("Transfer-Encoding", "chunked")]) } == 413)
        for method in [HTTPMethod.POST, .PUT, .DELETE, .OPTIONS, .CONNECT, .TRACE, .RAW(value: "X")] {
            #expect(status { _ = try request("/", method: method) } == 405)
        }
    }

    private func check(
        _ uri: String = "/", _ headers: [(String, String)] = [], host: String = "localhost", token: String? = nil
    ) -> UInt? {
        status {
            let access = WebAccess(hostNames: ["Web.Example.org"], token: token)
            let request = try request(uri, headers, host: host)
            try access.check(request, for: WebRoute(request))
        }
    }

    @Test func `Only localhost, addresses in numbers and allowed names are answered`() {
        for host in [
            "localhost", "LOCALHOST:8265", "localhost.", "127.0.0.1:8265", "10.0.0.7", "[::1]:8265", "[fe80::1%eth0]",
            "web.example.org", "WEB.example.org:80",
        ] { #expect(check(host: host) == nil, "\(host)") }
        for host in [
            "evil.example", "localhost.evil.example", "127.0.0.1.evil.example", "1.2.3", "256.1.1.1", "[::1", "[evil]",
            ":8265", "", "localhost:80x", "localhost@evil.example", "example.org",
        ] { #expect(check(host: host) == 421, "\(host)") }
    }

    @Test func `A token is traded for a cookie, and nothing is answered without it`() throws {
        let token = "0123456789abcdef0123"
        let cookie = WebAccess.cookieName(of: token)
        #expect(cookie != WebAccess.cookieName(of: token + "x"))
        #expect(check(token: token) == 401)
        #expect(check("/healthz", token: token) == nil)
        #expect(check("/metrics", token: token) == 401)
        #expect(check("/battery?name=a", [("Cookie", "a=b; \(cookie)=\(token)")], token: token) == nil)
        #expect(check("/metrics", [("Authorization", "Bearer \(token)")], token: token) == nil)
        for wrong in ["", "0123456789abcdef0124", token + "0", String(token.dropLast())] {
            #expect(check("/", [("Cookie", "\(cookie)=\(wrong)")], token: token) == (wrong.isEmpty ? 401 : 403))
            #expect(check("/?token=\(wrong)", token: token) == 403)
            #expect(check("/", [("Authorization", "Bearer \(wrong)")], token: token) == 403)
        }
        // The name is checked before the token.
        #expect(check("/?token=\(token)", host: "evil.example", token: token) == 421)
        let response = #expect(throws: WebResponse.self) {
            let request = try request("/battery?name=a%20b&token=\(token)")
            try WebAccess(hostNames: [], token: token).check(request, for: WebRoute(request))
        }
        #expect(response?.status == .seeOther)
        let headers = HTTPHeaders(response?.headers ?? [])
        #expect(headers["Location"] == ["battery?name=a%20b"])
        #expect(headers["Set-Cookie"] == ["\(cookie)=\(token); HttpOnly; SameSite=Lax; Path=/"])
    }
}
