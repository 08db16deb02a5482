import HyperoSchema
import TestSupport
import Testing

/// `--redis --namespace --partitions --format --color` before the subcommand.
@Suite struct LeadingOptionsTests {
    private func run(_ arguments: [String], _ fixture: Fixture) throws -> ChildProcess.Outcome {
        try ChildProcess.run("hypero-query", arguments, environment: ["TZ": "UTC", "LC_ALL": "C.UTF-8"])
    }

    @Test func `Common options have one meaning before and after the subcommand`() throws {
        let fixture = try Fixture.digits(partitions: 2)
        let server = ["--redis", fixture.server.url, "--namespace", fixture.namespace]
        for format in ["table", "json", "csv"] {
            let after = try run(["rank", "Digits"] + server + ["--format", format], fixture)
            #expect(after.succeeded && after.stdout.contains("aaaaaaaaaa-1"))
            for arguments in [
                server + ["--format", format, "rank", "Digits"],
                [
                    "--redis=\(fixture.server.url)", "--namespace=\(fixture.namespace)", "--format=\(format)", "rank",
                    "Digits",
                ],
                ["--format", format, "rank"] + server + ["Digits"],
                // The option after the name replaces the one before it.
                ["--format", "csv", "--namespace", "other"] + ["rank", "Digits"] + server + ["--format", format],
                server + ["--partitions", "2", "--color", "never", "rank", "Digits", "--format", format],
            ] {
                let before = try run(arguments, fixture)
                #expect(before.stdout == after.stdout && before.stderr == after.stderr, "\(arguments)")
            }
        }
        let wrong = try run(server + ["--partitions", "1", "rank", "Digits"], fixture)
        #expect(wrong.ending == .exited(3))
    }

    @Test(arguments: [
        (["--format", "yaml", "rank", "x"], "The value 'yaml' is invalid for '--format <format>'"),
        (["--partitions", "many", "rank", "x"], "The value 'many' is invalid for '--partitions <n>'"),
        (["--redis"], "Unknown option '--redis'. Before a subcommand, it needs a value\n"),
        (["--limit", "3", "rank", "x"], "Unknown option '--limit'\n"),
        (["--format", "json", "rnk", "x"], "2 unexpected arguments: 'rnk', 'x'. Did you mean rank? The commands are "),
        (["--format", "json", "rank"], "Missing expected argument '<name>'\n"),
        (["--format", "json", "rank", "a", "b"], "Unexpected argument 'b'. A name with spaces needs quotes"),
        (["--format", "json", "completions", "bash"], "Unknown option '--format'"),
    ])
    func `A mistake has the message that it has after the subcommand`(arguments: [String], message: String) throws {
        let outcome = try ChildProcess.run("hypero-query", arguments)
        #expect(outcome.ending == .exited(64))
        #expect(outcome.stderr.hasPrefix("hypero-query: \(message)"), "\(outcome.stderr)")
    }

    @Test(arguments: [
        (["--format", "json", "--help"], "OVERVIEW: Rank and inspect"),
        (["--format", "json"], "OVERVIEW: Rank and inspect"),
        (["--format", "json", "rank", "--help"], "OVERVIEW: Rank the experiments of a battery."),
        (["--format", "json", "help", "rank"], "OVERVIEW: Rank the experiments of a battery."),
    ])
    func `The help is that of the rest of the command line`(arguments: [String], help: String) throws {
        let outcome = try ChildProcess.run("hypero-query", arguments)
        #expect(outcome.succeeded && outcome.stdout.hasPrefix(help))
    }
}
