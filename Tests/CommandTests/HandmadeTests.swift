import Foundation
import HyperoSchema
import TestSupport
import Testing

@Suite struct HandmadeTests {
    @Test("Entries that a script wrote with plain XADD give what the naive model gives")
    func drained() throws {
        let proof = try Proof()
        let count = Proof.size("HYPERO_SOAK_ENTRIES", 20_000)
        let script = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
            .appendingPathComponent("../../Scripts/generate-entries").standardized.path
        let written = try ChildProcess.run(
            "bash", ["-o", "pipefail", "-c", "'\(script)' \(count) | redis-cli -s '\(proof.server.socket)' --pipe"],
            within: .seconds(300))
        try #require(written.succeeded, "\(written.stderr)")
        #expect(written.stdout.contains("errors: 0, replies: \(count)"))

        try proof.drain()

        var connection = try proof.connect()
        let entries = try StreamEntry.all(of: proof.keyspace.events, from: &connection)
        #expect(entries.count == count)
        #expect(try proof.differences(from: entries) == "")
    }
}
