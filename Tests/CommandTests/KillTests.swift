import HyperoSchema
import TestSupport
import Testing

@Suite struct KillTests {
    @Test func `An ingest that is killed at random moments loses no event and applies no event twice`() throws {
        let fixture = try CommandFixture()
        let kills = CommandFixture.size(from: "HYPERO_SOAK_KILLS", default: 6)
        var generator = EventGenerator(seed: 17, producers: 16, batteries: 5, experiments: 60)
        let entries = generator.entries(CommandFixture.size(from: "HYPERO_SOAK_EVENTS", default: 24_000))
        var random = SeededGenerator(seed: 4)
        var connection = try fixture.connect()

        // The stream is written in pieces while an ingest runs. The ingest is killed at a random moment after every
        // 20th piece.
        var ingest = try fixture.ingest("--retain", "100000000", "--log-level", "error")
        let pieces = kills * 20
        for piece in 0..<pieces {
            let part = entries[entries.count * piece / pieces..<entries.count * (piece + 1) / pieces]
            try fixture.write(part, over: &connection)
            guard piece % 20 == 19 else { continue }
            // The ingest is killed after it has applied a random number of further events, or none.
            let before = try fixture.appliedCount(over: &connection)
            let furtherCount = Int.random(in: 0...400, using: &random)
            #expect(
                eventually(within: .seconds(60)) {
                    (try? fixture.appliedCount(over: &connection)) ?? 0 >= before + min(furtherCount, part.count / 2)
                })
            ingest.kill()
            ingest = try fixture.ingest("--retain", "100000000", "--log-level", "error")
        }
        // Waits until the ingest owns the partition, because SIGTERM would kill an ingest without its signal handler.
        let owner = ":\(ingest.pid):"
        #expect(eventually(within: .seconds(60)) { fixture.server.cli("GET", fixture.keyspace.lease).contains(owner) })
        ingest.terminate()
        #expect(ingest.wait(within: .seconds(30)) == .exited(0))
        try fixture.drain()

        #expect(try fixture.differences(from: entries) == "")
    }
}
