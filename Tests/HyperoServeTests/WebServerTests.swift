import Foundation
import HyperoQuery
import TestSupport
import Testing

@testable import HyperoServe

/// A server of pages on a port of its own, before an empty Redis.
final class WebFixture {
    let redis: RedisServer
    let server: WebServer

    var port: Int { server.port }

    init(
        redis: RedisServer? = nil, token: String? = nil, _ change: (inout WebLimits) -> Void = { _ in }
    ) throws {
        let redis = try redis ?? RedisServer(appendOnly: false)
        self.redis = redis
        var options = WebOptions(version: "1") { try Store(redis.url, timeout: .seconds(2)) }
        options.port = 0
        options.token = token
        change(&options.limits)
        server = try WebServer(options)
    }

    deinit { server.stop() }
}

/// The answers of the server, and the bounds of its clients.
@Suite struct WebServerTests {
    @Test func `Each resource has its status, its headers and its length`() throws {
        let web = try WebFixture()
        for (uri, status, start) in [
            ("/", 200, "<!doctype html>"), ("/metrics", 200, "# HELP hypero_"), ("/healthz", 200, "ok"),
            ("/battery?name=net", 404, "battery not found: 'net'"), ("/x", 404, "This server"),
            ("/battery", 400, "The address"),
            ("/events?name=net", 404, "battery not found"),
        ] {
            let (code, text) = try WebClient.get(uri, port: web.port)
            #expect(code == status, "\(uri): \(text.prefix(300))")
            let body = text.firstRange(of: "\r\n\r\n").map { text[$0.upperBound...] } ?? ""
            #expect(body.hasPrefix(start), "\(uri): \(body.prefix(100))")
            for header in WebResponse.commonHeaders { #expect(text.contains("\(header.0): \(header.1)\r\n")) }
            #expect(!text.contains("Access-Control"))
            #expect(text.contains("Content-Length: \(body.utf8.count)\r\n"))
            let head = try WebClient.get(uri, method: "HEAD", port: web.port).text
            #expect(head.hasSuffix("\r\n\r\n") && !head.contains(start), "\(uri): \(head)")
        }
        let page = try WebClient.get("/", port: web.port).text
        #expect(
            page.contains("Content-Security-Policy: default-src 'none';") && page.contains("frame-ancestors 'none'"))
    }

    @Test func `Other methods, other names and requests with a body are refused`() throws {
        let web = try WebFixture()
        for method in ["POST", "PUT", "DELETE", "OPTIONS", "PATCH", "TRACE", "PROPFIND"] {
            let (status, text) = try WebClient.get("/", method: method, port: web.port)
            #expect(status == 405 && text.contains("Allow: GET, HEAD\r\n"), "\(text)")
        }
        #expect(try WebClient.get("/", host: "evil.example", port: web.port).status == 421)
        let client = try WebClient(port: web.port)
        client.send("GET / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 3\r\n\r\nabc")
        #expect(client.waitForEnd() && client.text.hasPrefix("HTTP/1.1 413"), "\(client.text)")
    }

    @Test func `Several requests share a connection, also sent at once`() throws {
        let web = try WebFixture()
        let client = try WebClient(port: web.port)
        for number in 1...3 {
            client.get("/healthz")
            #expect(eventually { client.text.components(separatedBy: "\r\n\r\nok\n").count == number + 1 })
        }
        client.send(String(repeating: "GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n", count: 20))
        #expect(eventually { client.text.components(separatedBy: "\r\n\r\nok\n").count == 24 }, "\(client.text)")
        // The count of the bytes begins again with each request, also within one packet.
        client.get("/healthz", ["X: " + String(repeating: "x", count: 7_000)])
        #expect(eventually { client.text.components(separatedBy: "\r\n\r\nok\n").count == 25 })
    }

    @Test func `A head that is too long or too slow ends the connection`() throws {
        let web = try WebFixture { $0.headSeconds = 1 }
        let client = try WebClient(port: web.port)
        client.get("/healthz", ["X: " + String(repeating: "x", count: 9_000)])
        #expect(client.waitForEnd() && client.text.hasPrefix("HTTP/1.1 431"), "\(client.text)")
        let endless = try WebClient(port: web.port)
        endless.send("GET /" + String(repeating: "x", count: 20_000))
        #expect(endless.waitForEnd() && endless.text.hasPrefix("HTTP/1.1 431"), "\(endless.text)")
        let slow = try WebClient(port: web.port)
        slow.send("GET / HTTP/1.1\r\nHost: loc")
        #expect(slow.waitForEnd() && slow.text.isEmpty)
        let idle = try WebClient(port: web.port)
        #expect(idle.waitForEnd() && idle.text.isEmpty)
    }

    @Test func `More connections than the limit are closed, and there is room again when others end`() throws {
        let web = try WebFixture { $0.connections = 3 }
        var clients = try (0..<3).map { _ in try WebClient(port: web.port) }
        for client in clients {
            client.get("/healthz")
            #expect(client.wait(for: "\r\n\r\nok\n"))
        }
        let further = try WebClient(port: web.port)
        further.get("/healthz")
        #expect(further.waitForEnd() && further.text.isEmpty)
        clients.removeLast()
        #expect(try eventually { try WebClient.get("/healthz", port: web.port).status == 200 })
    }

    @Test func `A request is understood whatever its packets are`() throws {
        let web = try WebFixture()
        let request = Array("GET /healthz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n".utf8)
        for split in 1..<request.count {
            let client = try WebClient(port: web.port)
            client.send(request[..<split])
            client.send(request[split...])
            #expect(client.waitForEnd() && client.text.hasSuffix("\r\n\r\nok\n"), "\(split): \(client.text)")
        }
    }

    @Test func `Random bytes end a connection at most, and the server goes on`() throws {
        let web = try WebFixture { $0.headSeconds = 1 }
        var random = SeededGenerator(seed: 11)
        let request = Array(
            "GET /battery?name=a%20b&version=2 HTTP/1.1\r\nHost: localhost\r\nCookie: a=b\r\nConnection: close\r\n\r\n"
                .utf8)
        var clients: [WebClient] = []
        for round in 0..<400 {
            var bytes = request
            for _ in 0..<Int.random(in: 1...6, using: &random) {
                let index = Int.random(in: 0..<bytes.count, using: &random)
                switch Int.random(in: 0..<4, using: &random) {
                case 0: bytes[index] = UInt8.random(in: 0...255, using: &random)
                case 1: bytes.remove(at: index)
                case 2: bytes.insert(UInt8.random(in: 0...255, using: &random), at: index)
                default: bytes.insert(contentsOf: bytes[..<index], at: index)
                }
            }
            if round % 8 == 0 { bytes = (0..<600).map { _ in UInt8.random(in: 0...255, using: &random) } }
            let client = try WebClient(port: web.port)
            client.send(bytes)
            clients.append(client)
            if clients.count == 40 {
                for client in clients { #expect(client.waitForEnd()) }
                clients = []
            }
        }
        #expect(try WebClient.get("/healthz", port: web.port).status == 200)
    }

    @Test func `Without Redis, every answer says so, and the server serves when it is back`() throws {
        let redis = try RedisServer(appendOnly: false)
        let web = try WebFixture(redis: redis)
        redis.kill()
        for uri in ["/", "/metrics", "/healthz", "/battery?name=net", "/events?name=net"] {
            let (status, text) = try WebClient.get(uri, port: web.port)
            #expect(status == 503 && text.contains("Retry-After: 2\r\n"), "\(uri): \(text)")
        }
        try redis.restart()
        #expect(try eventually { try WebClient.get("/healthz", port: web.port).status == 200 })
    }

    @Test func `A port that is taken is an error`() throws {
        let web = try WebFixture()
        var options = WebOptions(version: "1") { try Store() }
        options.port = web.port
        #expect(throws: (any Error).self) { try WebServer(options) }
    }
}
