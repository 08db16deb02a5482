import HyperoRedis
import HyperoCore
import TestSupport
import Testing

@testable import Hypero

@Suite("Redirections to another server", .serialized)
struct MovedTests {
    @Test(arguments: ["MOVED", "ASK"])
    func `MOVED and ASK redirections are followed`(word: String) throws {
        let server = try RedisServer(appendOnly: false, tcp: true)
        let redirector = try RedirectingServer(answer: "-\(word) 5474 127.0.0.1:\(try #require(server.port))")
        let fixture = try ClientFixture()
        let client = try fixture.client(redirector.url)
        let experiment = Hypero(client).battery("b").experiment()
        for epoch in 0..<1_500 { experiment.log(epoch: epoch, train: 1) }
        #expect(client.flush(until: .sent, deadline: .now + .seconds(120)))
        #expect(try server.seqs() == Array(1...1_502))
        #expect(redirector.commands > 0)
        // A redirection is not a problem, so the user gets no notice.
        #expect(fixture.recorder.notices == [])
    }

    @Test func `A client returns to its configured server if the redirection target is unreachable`() throws {
        let first = try RedisServer(appendOnly: false, tcp: true)
        let second = try RedisServer(appendOnly: false, tcp: true)
        let redirector = try RedirectingServer(answer: "-MOVED 5474 127.0.0.1:\(try #require(first.port))")
        let fixture = try ClientFixture()
        let client = try fixture.client(redirector.url)
        let experiment = Hypero(client).battery("b").experiment()
        #expect(client.flush(until: .sent, deadline: .now + .seconds(120)))
        redirector.setAnswer("-MOVED 5474 127.0.0.1:\(try #require(second.port))")
        first.kill()
        experiment.finish()
        #expect(client.flush(until: .sent, deadline: .now + .seconds(120)))
        // The second server has none of the events that the first one acknowledged.
        #expect(try second.seqs() == [1, 2, 3])
    }

    @Test(arguments: [
        "-MOVED 1 127.0.0.1:99999999999", "-MOVED 1 127.0.0.1:-1", "-MOVED 1 :0", "-MOVED", "-ASK 1 2 3",
        "-", "+OK\r\n+OK", "*1000000", "$-7", "hello", "%3", ":9223372036854775807", "*-1",
    ])
    func `A malformed reply is handled as an error`(answer: String) throws {
        let redirector = try RedirectingServer(answer: answer)
        let fixture = try ClientFixture()
        let client = try fixture.client(redirector.url)
        _ = Hypero(client).battery("b").experiment()
        #expect(eventually(within: .seconds(60)) { redirector.commands > 2 })
        _ = client.close(timeout: .milliseconds(200))
        #expect(client.counters.accepted == 2)
    }
}
