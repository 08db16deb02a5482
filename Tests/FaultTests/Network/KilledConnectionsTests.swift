import Foundation
import HyperoSchema
import TestSupport
import Testing

@Suite("Connections that are killed")
struct KilledConnectionsTests {
    @Test("CLIENT KILL of everything each 100 ms: progress, nothing twice, and as many descriptors as before")
    func everything() throws {
        let bench = try NetworkFixture()
        let folder = try TemporaryFolder()
        let ingest = try bench.ingest(at: bench.server.url)
        let training = try ChildProcess(
            "chaos-producer",
            ["--redis", bench.server.url, "--sides", folder.path, "--seed", "5", "--events", "6000", "--rate", "1500"])
        let programs = [ingest, training]
        #expect(eventually(within: NetworkFixture.patience) { bench.server.cli("XLEN", bench.keyspace.events) > "0" })
        let most = programs.map { descriptors(of: $0) + 2 }
        var kills = 0
        while training.isRunning {
            bench.server.cli("CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes")
            kills += 1
            for (program, most) in zip(programs, most) {
                #expect(descriptors(of: program) <= most, "\(program) after \(kills) kills")
            }
            usleep(100_000)
        }
        #expect(kills > 10)
        #expect(training.wait() == .exited(0), "\(training.stderr)")
        let last = bench.server.cli("XREVRANGE", bench.keyspace.events, "+", "-", "COUNT", "1")
        let id = try #require(last.split(separator: "\n").first.flatMap { StreamID($0) })
        #expect(bench.isApplied(through: id), "\(ingest.stderr)")
        ingest.terminate()
        #expect(ingest.wait() == .exited(0))
        try bench.expectNoDifference()
        #expect(training.stderr.split(separator: "\n").count <= 2 * 10, "\(training.stderr)")
    }

    private func descriptors(of program: ChildProcess) -> Int {
        (try? FileManager.default.contentsOfDirectory(atPath: "/proc/\(program.pid)/fd").count) ?? 0
    }
}
