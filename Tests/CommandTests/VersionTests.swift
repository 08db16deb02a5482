import HyperoCore
import TestSupport
import Testing

@Suite struct VersionTests {
    @Test(arguments: ["hypero-ingest", "hypero-query", "hypero-web", "hypero-demo"])
    func `Every command prints its version`(program: String) throws {
        let outcome = try ChildProcess.run(program, ["--version"])
        #expect(outcome.ending == .exited(0))
        #expect(outcome.stdout == "\(HyperoVersion.current)\n")
    }

    @Test(arguments: [
        ("hypero-query", ["rank", "digits mlp", "--version", "2", "--limit", "0"]),
        ("hypero-demo", ["--version", "2", "--workers", "0"]),
        ("hypero-ingest", ["delete", "--battery", "digits mlp", "--version", "2", "--timeout", "0"]),
    ])
    func `--version with a value is the version of a battery, so errors of other options are reported`(
        program: String, arguments: [String]
    ) throws {
        let outcome = try ChildProcess.run(program, arguments)
        #expect(outcome.ending == .exited(64))
        #expect(outcome.stdout.isEmpty)
    }
}
