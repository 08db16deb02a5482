import HyperoRedis
import HyperoSchema
import TestSupport
import Testing

@Suite struct KillTests {
    @Test("An ingest that is killed at random moments loses nothing and applies nothing twice")
    func killedIngest() throws {
        let proof = try Proof()
        let kills = Proof.size("HYPERO_SOAK_KILLS", 6)
        var generator = EventGenerator(seed: 17, producers: 16, batteries: 5, experiments: 60)
        let entries = generator.entries(Proof.size("HYPERO_SOAK_EVENTS", 24_000))
        var random = SeededGenerator(seed: 4)
        var connection = try proof.connect()

        // Pieces of the stream come while an ingest works; after some of them it is killed, wherever it is.
        var ingest = try proof.ingest("--retain", "100000000", "--log-level", "error")
        let pieces = kills * 20
        for piece in 0..<pieces {
            let part = entries[entries.count * piece / pieces..<entries.count * (piece + 1) / pieces]
            try write(part, to: proof.keyspace.events, &connection)
            guard piece % 20 == 19 else { continue }
            // It has taken up its work; then any number of further transactions, none included.
            let begun = try applied(&connection, proof)
            let more = Int.random(in: 0...400, using: &random)
            #expect(
                eventually(within: .seconds(60)) {
                    (try? applied(&connection, proof)) ?? 0 >= begun + min(more, part.count / 2)
                })
            ingest.kill()
            ingest = try proof.ingest("--retain", "100000000", "--log-level", "error")
        }
        // A signal before it listens for one would just end it.
        let last = ":\(ingest.pid):"
        #expect(eventually(within: .seconds(60)) { proof.server.cli("GET", proof.keyspace.lease).contains(last) })
        ingest.terminate()
        #expect(ingest.wait(within: .seconds(30)) == .exited(0))
        try proof.drain()

        #expect(try proof.differences(from: entries) == "")
    }

    private func write(
        _ entries: ArraySlice<StreamEntry>, to stream: String, _ connection: inout RedisConnection
    ) throws {
        var writer = RESPWriter()
        for entry in entries { entry.add(to: stream, &writer) }
        try connection.send(writer)
        for _ in entries {
            var reply = try connection.receive()
            _ = try reply.string()
        }
    }

    private func applied(_ connection: inout RedisConnection, _ proof: Proof) throws -> Int {
        var reply = try connection.call("HMGET", proof.keyspace.ingest, IngestField.applied, IngestField.duplicates)
        return try reply.strings().compactMap { $0.flatMap { Int($0) } }.reduce(0, +)
    }
}
