import Foundation
import Hypero
import HyperoQuery
import TestSupport
import Testing

@testable import HyperoServe

/// The changes that viewers of a page get, from the call of a training to the bytes of the event.
@Suite struct LiveTests {
    private let redis: RedisServer
    private let ingest: ChildProcess

    init() throws {
        redis = try RedisServer()
        ingest = try ChildProcess("hypero-ingest", ["--redis", redis.url])
    }

    /// Logs one experiment, which stays open.
    private func start(_ hypero: Hypero, valid: Double) -> Experiment {
        let experiment = hypero.experiment("net", version: 1, description: "")
        experiment.insertHP("lr", 0.5)
        experiment.log(epoch: 1, train: 1, valid: valid, test: 0.1)
        #expect(hypero.flush(until: .applied, timeout: .seconds(60)))
        return experiment
    }

    /// Returns the address of the events of the battery's page, as the page has it.
    private func eventsAddress(_ port: Int) throws -> String {
        let page = try WebClient.get("/battery?name=net", port: port).text
        let start = try #require(page.firstRange(of: "\"live\":\"")?.upperBound, "\(page.prefix(500))")
        return "/" + page[start...].prefix { $0 != "\"" }.replacing("\\u0026", with: "&")
    }

    private func viewer(_ port: Int, _ address: String? = nil, _ headers: [String] = []) throws -> WebClient {
        let client = try WebClient(port: port)
        client.get(try address ?? eventsAddress(port), headers)
        #expect(client.wait(for: "retry: 2000\n\n"), "\(client.text)")
        return client
    }

    @Test func `A viewer gets each change after the page was read, and others get the same from one reader of Redis`()
        throws
    {
        let web = try WebFixture(redis: redis)
        let hypero = try Hypero.connect(redis.url)
        let experiment = start(hypero, valid: 0.25)
        let address = try eventsAddress(web.port)
        // Between the page and the event stream.
        experiment.log(epoch: 2, train: 1, valid: 0.75, test: 0.5)
        #expect(hypero.flush(until: .applied, timeout: .seconds(60)))
        let viewers = try (0..<3).map { _ in try viewer(web.port, address) }
        for client in viewers {
            #expect(client.wait(for: "0.75"), "\(client.text)")
            #expect(client.text.contains("event: rows\nid: ") && client.text.contains("\"\(experiment.id)\""))
            #expect(client.text.contains("\"channel\":\"valid\"") && !client.text.contains("event: reload"))
            #expect(client.text.contains("Content-Type: text/event-stream\r\n"))
        }
        experiment.finish()
        #expect(hypero.close())
        for client in viewers { #expect(client.wait(for: "\"done\""), "\(client.text)") }
        let names = redis.cli("CLIENT", "LIST").components(separatedBy: "name=hypero-query-watch ")
        #expect(names.count == 2)
    }

    @Test func `A viewer that connects again gets what it has missed, or reads the page again`() throws {
        let web = try WebFixture(redis: redis)
        let hypero = try Hypero.connect(redis.url)
        let experiment = start(hypero, valid: 0.25)
        let address = try eventsAddress(web.port)
        let first = try viewer(web.port, address)
        experiment.log(epoch: 2, train: 1, valid: 0.75, test: 0.5)
        #expect(hypero.flush(until: .applied, timeout: .seconds(60)))
        #expect(first.wait(for: "\nid: "))
        let after = try #require(address.firstRange(of: "after=")?.upperBound)
        // The header of a browser precedes the address, which is that of the page.
        let old = String(address[after...])
        let other = try viewer(web.port, address.replacing(old, with: "x-0"), ["Last-Event-ID: \(old)"])
        #expect(other.wait(for: "0.75") && !other.text.contains("event: reload"))
        for id in ["x-0", "", "-", "\(old)9999", old.replacing("-", with: ""), "\(old.prefix(8))--1", "🌍"] {
            let stale = try viewer(web.port, address.replacing("&after=\(old)", with: ""), ["Last-Event-ID: \(id)"])
            #expect(stale.wait(for: "event: reload"), "\(id): \(stale.text)")
        }
    }

    @Test func `Deletions and new versions make the viewers read the page again`() throws {
        let web = try WebFixture(redis: redis)
        let hypero = try Hypero.connect(redis.url)
        let experiment = start(hypero, valid: 0.25)
        experiment.finish()
        let client = try viewer(web.port)
        let next = hypero.experiment("net", version: 2, description: "")
        next.log(epoch: 1, train: 1, valid: 0.5, test: 0.5)
        #expect(client.wait(for: "a version of the battery was declared"), "\(client.text)")
        next.finish()
        #expect(hypero.close())
        let later = try viewer(web.port)
        let deletion = try ChildProcess.run("hypero-ingest", ["delete", experiment.id, "--yes", "--redis", redis.url])
        #expect(deletion.succeeded, "\(deletion.stderr)")
        #expect(later.wait(for: "an experiment was deleted"), "\(later.text)")
        #expect(try !WebClient.get("/battery?name=net", port: web.port).text.contains(experiment.id))
    }

    @Test func `While Redis does not answer, the viewers know it and the page stays, and later they are up to date`()
        throws
    {
        let web = try WebFixture(redis: redis)
        let hypero = try Hypero.connect(redis.url)
        let experiment = start(hypero, valid: 0.25)
        let client = try viewer(web.port)
        redis.kill()
        #expect(client.wait(for: "event: problem\ndata: {\"text\":\""), "\(client.text)")
        let (status, page) = try WebClient.get("/battery?name=net", port: web.port)
        #expect(status == 200 && page.contains(experiment.id))
        let late = try viewer(web.port, "/events?name=net&after=x-1")
        #expect(late.wait(for: "event: problem\ndata: {\"text\":\"") && !late.text.contains("event: reload"))
        try redis.restart()
        experiment.log(epoch: 2, train: 1, valid: 0.75, test: 0.5)
        for viewer in [client, late] {
            #expect(viewer.wait(for: "event: problem\ndata: {\"text\":null}"), "\(viewer.text)")
            #expect(viewer.wait(for: "event: reload"), "\(viewer.text)")
        }
        #expect(try eventually { try WebClient.get("/battery?name=net", port: web.port).text.contains("0.75") })
    }

    @Test func `The watch of a battery ends when its viewers are gone, and begins again`() throws {
        let web = try WebFixture(redis: redis) { ($0.heartbeatSeconds, $0.idleSeconds) = (1, 0) }
        let hypero = try Hypero.connect(redis.url)
        let experiment = start(hypero, valid: 0.25)
        func readers() -> Int {
            redis.cli("CLIENT", "LIST").components(separatedBy: "name=hypero-query-watch ").count - 1
        }
        var client: WebClient? = try viewer(web.port)
        #expect(client?.wait(for: "event: beat\n") ?? false)
        #expect(readers() == 1)
        client = nil
        #expect(eventually { readers() == 0 })
        let again = try viewer(web.port)
        experiment.log(epoch: 2, train: 1, valid: 0.75, test: 0.5)
        #expect(again.wait(for: "0.75"), "\(again.text)")
    }

    @Test func `More event streams than the limit are refused, and there is room again when others end`() throws {
        let web = try WebFixture(redis: redis) { $0.streams = 2 }
        let hypero = try Hypero.connect(redis.url)
        _ = start(hypero, valid: 0.25)
        let address = try eventsAddress(web.port)
        var clients = try (0..<2).map { _ in try viewer(web.port, address) }
        #expect(try WebClient.get(address, port: web.port).status == 503)
        clients.removeLast()
        #expect(
            try eventually {
                let client = try WebClient(port: web.port)
                client.get(address)
                return client.wait(for: "\r\n\r\n") && client.text.hasPrefix("HTTP/1.1 200")
            })
    }

    @Test func `A page that has not changed is not sent twice`() throws {
        let web = try WebFixture(redis: redis)
        let hypero = try Hypero.connect(redis.url)
        start(hypero, valid: 0.25).finish()
        #expect(hypero.flush(until: .applied, timeout: .seconds(60)))
        let page = try WebClient.get("/battery?name=net", port: web.port).text
        let tag = try #require(page.firstRange(of: "ETag: ")?.upperBound)
        let known = String(page[tag...].prefix { !$0.isNewline })
        let (status, text) = try WebClient.get("/battery?name=net", ["If-None-Match: \(known)"], port: web.port)
        #expect(status == 304 && text.hasSuffix("\r\n\r\n"), "\(text)")
    }
}
