import TestSupport
import Testing

@Suite("Random faults", .serialized)
struct ChaosTests {
    @Test func `Seconds of random faults leave no difference between the indexes and the logged events`() throws {
        try run("--seconds", "15")
    }

    @Test(arguments: ["kill -9 training", "kill -9"])
    func `Every accepted event is applied after adoption when processes are killed in mid-burst`(faults: String) throws
    {
        try run("--seconds", "5", "--only", faults)
    }

    @Test func `An event that Redis cannot take becomes exactly one dead letter`() throws {
        try run("--seconds", "4", "--only", "latency", kinds: "wrongType,short")
    }

    /// Runs `chaos` with a new seed, which its output contains, and with some of its trainings and faults.
    /// `Scripts/chaos` runs it for longer and with all of them.
    private func run(
        _ arguments: String..., kinds: String = "long,manyThreads,short,leaving,forking"
    ) throws {
        let selection = ["--kinds", kinds, "--without", "hostile,another user,partitions,cuts replies"]
        let run = try ChildProcess.run("chaos", arguments + selection + ["--rate", "1500"], within: .seconds(300))
        #expect(run.succeeded, "\(run.stdout)\n\(run.stderr)")
        #expect(run.stdout.contains("no difference"))
    }
}
