import HyperoSchema
import TestSupport
import Testing

@Suite struct DeletedKeyTests {
    @Test func `The status names the key of the deleted ids if it has another type`() throws {
        let fixture = try Fixture()
        fixture.battery("sweep")
        try fixture.commit()
        fixture.server.cli("SET", fixture.keyspaces[0].deleted, "text")
        let outcome = try fixture.query("status")
        #expect(
            outcome.stdout.contains(
                "{\(fixture.namespace)}:deleted is not a sorted set, so no entry is applied and nothing is deleted. Rename or "
                    + "delete the key")
                || outcome.stderr.contains(
                    "{\(fixture.namespace)}:deleted is not a sorted set, so no entry is applied and nothing is deleted. "
                        + "Rename or delete the key"),
            "\(outcome)")
        #expect(try fixture.query("status", "--check").ending == .exited(2))
    }
}
