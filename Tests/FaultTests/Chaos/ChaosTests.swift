import TestSupport
import Testing

@Suite("Trainings, ingests, Redis and the network fail, and nothing is lost", .serialized)
struct ChaosTests {
    @Test("Some seconds of everything going wrong at once leave no difference")
    func everything() throws {
        try run("--seconds", "15")
    }

    @Test(
        "kill -9 of trainings in mid-burst, and of all else beside: all accepted events are applied after adoption",
        arguments: ["kill -9 training", "kill -9"])
    func kills(faults: String) throws {
        try run("--seconds", "5", "--only", faults)
    }

    /// Runs with a seed of its own each time, which a failure shows; the long run is Scripts/chaos.
    private func run(_ arguments: String...) throws {
        let run = try ChildProcess.run("chaos", arguments + ["--rate", "1500"], within: .seconds(300))
        #expect(run.succeeded, "\(run.stdout)\n\(run.stderr)")
        #expect(run.stdout.contains("no difference"))
    }
}
