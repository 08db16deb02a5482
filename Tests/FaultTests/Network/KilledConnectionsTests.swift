import Foundation
import HyperoSchema
import TestSupport
import Testing

@Suite("Killed connections")
struct KilledConnectionsTests {
    @Test func `Client and ingest make progress without leaks while their connections are killed`() throws {
        let fixture = try NetworkFixture()
        let folder = try TemporaryFolder()
        let ingest = try fixture.ingest(at: fixture.server.url)
        let training = try ChildProcess(
            "chaos-producer",
            [
                "--redis", fixture.server.url, "--sides", folder.path, "--seed", "5", "--events", "6000", "--rate",
                "1500",
            ])
        let programs = [ingest, training]
        #expect(
            eventually(within: NetworkFixture.timeout) {
                fixture.server.cli("HGET", fixture.keyspace.ingest, IngestField.applied) > "0"
            })
        // Each has up to three connections besides, and a leak would show at each kill.
        let bounds = programs.map { descriptors(of: $0) + 8 }
        var kills = 0
        while training.isRunning {
            fixture.server.cli("CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes")
            kills += 1
            for (program, bound) in zip(programs, bounds) {
                #expect(descriptors(of: program) <= bound, "\(program) after \(kills) kills")
            }
            usleep(100_000)
        }
        #expect(kills > 16)
        #expect(training.wait() == .exited(0), "\(training.stderr)")
        let last = fixture.server.cli("XREVRANGE", fixture.keyspace.events, "+", "-", "COUNT", "1")
        let id = try #require(last.split(separator: "\n").first.flatMap { StreamID($0) })
        #expect(fixture.waitUntilApplied(through: id), "\(ingest.stderr)")
        ingest.terminate()
        #expect(ingest.wait() == .exited(0))
        try fixture.expectIndexesMatchModel()
        #expect(training.stderr.split(separator: "\n").count <= 2 * 10, "\(training.stderr)")
    }

    private func descriptors(of program: ChildProcess) -> Int {
        (try? FileManager.default.contentsOfDirectory(atPath: "/proc/\(program.pid)/fd").count) ?? 0
    }
}
