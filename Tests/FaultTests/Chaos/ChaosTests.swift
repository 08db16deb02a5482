import TestSupport
import Testing

@Suite("Random faults", .serialized)
struct ChaosTests {
    @Test func `Seconds of random faults leave no difference between the indexes and the logged events`() throws {
        try run("--seconds", "5")
    }

    @Test func `Experiments that are resumed and deleted while processes are killed leave no difference`() throws {
        try run(
            "--seconds", "4", "--only", "kill -9 training,kill -9 ingest,delete", "--kinds",
            "resuming,long,short,leaving,manyThreads")
    }

    @Test func `A server that forgets everything gets what was logged afterwards, and what is open`() throws {
        try run("--seconds", "2", "--only", "FLUSHALL")
    }

    @Test(arguments: ["kill -9 training", "kill -9"])
    func `Every accepted event is applied after adoption when processes are killed in mid-burst`(faults: String) throws
    {
        try run("--seconds", "2", "--only", faults)
    }

    @Test func `An event that Redis cannot take becomes exactly one dead letter`() throws {
        try run("--seconds", "2", "--kinds", "wrongType,short", "--only", "latency")
    }

    /// Runs `chaos` with a new seed, which its output contains. `Scripts/chaos` runs it for longer.
    private func run(_ arguments: String...) throws {
        let run = try ChildProcess.run("chaos", arguments + ["--rate", "1500"], within: .seconds(300))
        #expect(run.succeeded, "\(run.stdout)\n\(run.stderr)")
        #expect(run.stdout.contains("no difference"))
    }
}
