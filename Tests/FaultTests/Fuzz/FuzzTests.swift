import TestSupport
import Testing

@Suite("Mutated input", .serialized)
struct FuzzTests {
    /// `Scripts/fuzz` runs more inputs.
    @Test func `Adoption survives mutated journals without a crash, a hang or a growth of memory`() throws {
        let run = try ChildProcess.run(
            "hypero-fuzz", ["journals", "--seed", "1", "--count", "150", "--max-seconds", "60"], within: .seconds(300))
        #expect(run.succeeded, "\(run.stdout)\n\(run.stderr)")
        #expect(run.stdout.contains("150 inputs in"))
    }

    @Test
    func `The client, the ingest and queries survive mutated replies without a crash, a hang or a growth of memory`()
        throws
    {
        let run = try ChildProcess.run(
            "hypero-fuzz", ["replies", "--seed", "1", "--count", "120", "--max-seconds", "60"], within: .seconds(300))
        #expect(run.succeeded, "\(run.stdout)\n\(run.stderr)")
        #expect(run.stdout.contains("120 inputs in"))
    }

    @Test func `Mutated filters are evaluated or refused without a crash, a hang or a growth of memory`() throws {
        let run = try ChildProcess.run(
            "hypero-fuzz", ["filters", "--seed", "1", "--count", "100", "--max-seconds", "60"], within: .seconds(300))
        #expect(run.succeeded, "\(run.stdout)\n\(run.stderr)")
        #expect(run.stdout.contains("100 inputs in"))
    }

    @Test func `A stored input that does not exist is an error and no success`() throws {
        let run = try ChildProcess.run("hypero-fuzz", ["journals", "--input", "/nonexistent"], within: .seconds(60))
        #expect(!run.succeeded)
    }
}
