import Foundation
import Hypero
import TestSupport
import Testing

@Suite("Clients and ingests without access", .serialized)
struct DeniedTests {
    @Test func `A wrong password is reported without the secret, retried slowly and costs no event`() throws {
        let fixture = try NetworkFixture(configuration: ["requirepass geheim"])
        let start = ContinuousClock.now
        let ingest = try ChildProcess(
            "hypero-ingest", ["--redis", fixture.server.url], environment: ["HYPERO_REDIS_PASSWORD": "verraten"])
        defer { ingest.kill() }
        let hypero = try fixture.client(password: "verraten")
        hypero.battery("access").experiment().logRows(0..<100)
        #expect(eventually(within: NetworkFixture.timeout) { fixture.notices.contains { $0.contains("WRONGPASS") } })
        #expect(eventually(within: NetworkFixture.timeout) { ingest.stderr.contains("WRONGPASS") })
        // Each retry follows the previous attempt after at least 5 s.
        #expect(!hypero.flush(until: .sent, timeout: .seconds(4)))
        #expect(fixture.proxy.traffic.connections <= 1 + Int((ContinuousClock.now - start) / .seconds(5)))
        #expect(fixture.notices.count == 1)
        fixture.server.cli("-a", "geheim", "--no-auth-warning", "CONFIG", "SET", "requirepass", "verraten")
        #expect(hypero.flush(until: .applied, timeout: NetworkFixture.timeout), "\(ingest.stderr)")
        #expect(fixture.notices.allSatisfy { !$0.contains("verraten") })
        #expect(!ingest.stderr.contains("verraten"))
        #expect(ingest.stderr.split(separator: "\n").count { $0.contains("WRONGPASS") } <= 2, "\(ingest.stderr)")
    }

    @Test func `A denied write is reported, retried slowly and costs no event`() throws {
        let fixture = try NetworkFixture()
        fixture.server.cli("ACL", "SETUSER", "default", "-xadd", "-exec", "-set")
        let ingest = try fixture.ingest(at: fixture.server.url)
        defer { ingest.kill() }
        let hypero = try fixture.client()
        hypero.battery("access").experiment().logRows(0..<100)
        #expect(eventually(within: NetworkFixture.timeout) { fixture.notices.contains { $0.contains("NOPERM") } })
        #expect(eventually(within: NetworkFixture.timeout) { ingest.stderr.contains("NOPERM") })
        let before = fixture.proxy.traffic.requests
        #expect(!hypero.flush(until: .sent, timeout: .seconds(4)))
        // The client retries at most one batch of the queued events.
        #expect(fixture.proxy.traffic.requests - before <= 110)
        fixture.server.cli("ACL", "SETUSER", "default", "+@all")
        #expect(hypero.flush(until: .applied, timeout: NetworkFixture.timeout), "\(ingest.stderr)")
        try fixture.expectIndexesMatchModel()
        #expect(fixture.notices.count == 2)
        #expect(ingest.stderr.split(separator: "\n").count { $0.contains("NOPERM") } <= 2, "\(ingest.stderr)")
    }
}
