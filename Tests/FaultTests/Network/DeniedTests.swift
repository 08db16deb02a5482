import Foundation
import Hypero
import TestSupport
import Testing

@Suite("Those whom Redis does not let in", .serialized)
struct DeniedTests {
    @Test("A wrong password: said once without the secret, tried slowly, and nothing is lost when it is mended")
    func wrongPassword() throws {
        let fixture = try NetworkFixture(configuration: ["requirepass geheim"])
        let begun = ContinuousClock.now
        let ingest = try ChildProcess(
            "hypero-ingest", ["--redis", fixture.server.url], environment: ["HYPERO_REDIS_PASSWORD": "verraten"])
        defer { ingest.kill() }
        let hypero = try fixture.client(password: "verraten")
        hypero.battery("access").experiment().logRows(0..<100)
        #expect(eventually(within: NetworkFixture.timeout) { fixture.notices.contains { $0.contains("WRONGPASS") } })
        #expect(eventually(within: NetworkFixture.timeout) { ingest.stderr.contains("WRONGPASS") })
        // The next try comes after 5 s at the earliest, and so does each further one.
        #expect(!hypero.flush(until: .sent, timeout: .seconds(4)))
        #expect(fixture.proxy.traffic.connections <= 1 + Int((ContinuousClock.now - begun) / .seconds(5)))
        #expect(fixture.notices.count == 1)
        fixture.server.cli("-a", "geheim", "--no-auth-warning", "CONFIG", "SET", "requirepass", "verraten")
        #expect(hypero.flush(until: .applied, timeout: NetworkFixture.timeout), "\(ingest.stderr)")
        #expect(fixture.notices.allSatisfy { !$0.contains("verraten") })
        #expect(!ingest.stderr.contains("verraten"))
        #expect(ingest.stderr.split(separator: "\n").count { $0.contains("WRONGPASS") } <= 2, "\(ingest.stderr)")
    }

    @Test("An account that may not write: said once, tried slowly, and nothing is lost when it may")
    func noPermission() throws {
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
        // One batch of what waits, at most.
        #expect(fixture.proxy.traffic.requests - before <= 110)
        fixture.server.cli("ACL", "SETUSER", "default", "+@all")
        #expect(hypero.flush(until: .applied, timeout: NetworkFixture.timeout), "\(ingest.stderr)")
        try fixture.expectIndexesMatchModel()
        #expect(fixture.notices.count == 2)
        #expect(ingest.stderr.split(separator: "\n").count { $0.contains("NOPERM") } <= 2, "\(ingest.stderr)")
    }
}
