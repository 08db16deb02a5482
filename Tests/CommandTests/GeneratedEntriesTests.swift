import Foundation
import HyperoSchema
import TestSupport
import Testing

@Suite struct GeneratedEntriesTests {
    @Test func `Entries written by a script with plain XADD yield the same indexes as the naive model`() throws {
        let fixture = try CommandFixture()
        let count = CommandFixture.size(from: "HYPERO_SOAK_ENTRIES", default: 20_000)
        let script = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
            .appendingPathComponent("../../Scripts/generate-entries").standardized.path
        let written = try ChildProcess.run(
            "bash", ["-o", "pipefail", "-c", "'\(script)' \(count) | redis-cli -s '\(fixture.server.socket)' --pipe"],
            within: .seconds(300))
        try #require(written.succeeded, "\(written.stderr)")
        #expect(written.stdout.contains("errors: 0, replies: \(count)"))

        try fixture.drain()

        var connection = try fixture.connect()
        let entries = try StreamEntry.all(of: fixture.keyspace.events, from: &connection)
        #expect(entries.count == count)
        #expect(try fixture.differences(from: entries) == "")
    }
}
