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
        (
            ["--limit", "3", "rank", "x"],
            "Unknown option '--limit'. Only --redis --namespace --partitions --format --color may precede rank\n"
        ),
        (["--format", "json", "rnk", "x"], "2 unexpected arguments: 'rnk', 'x'. Did you mean rank? The commands are "),
        (["--format", "json", "rank"], "Missing expected argument '<name>'\n"),
        (["--format", "json", "rank", "a", "b"], "Unexpected argument 'b'. A name with spaces needs quotes"),
    ])
    func `A mistake has the message that it has after the subcommand`(arguments: [String], message: String) throws {
        let outcome = try ChildProcess.run("hypero-query", arguments)
        #expect(outcome.ending == .exited(64))
        #expect(outcome.stderr.hasPrefix("hypero-query: \(message)"), "\(outcome.stderr)")
    }

    @Test func `They are ignored before the version of the program and before a command that reads no server`() throws {
        let version = try ChildProcess.run("hypero-query", ["--version"])
        let script = try ChildProcess.run("hypero-query", ["completions", "bash"])
        #expect(version.succeeded && !version.stdout.isEmpty && script.succeeded && !script.stdout.isEmpty)
        for options in [["--color", "never"], ["--redis=redis://h", "--format", "json"]] {
            #expect(try ChildProcess.run("hypero-query", options + ["--version"]).stdout == version.stdout)
            #expect(try ChildProcess.run("hypero-query", options + ["completions", "bash"]).stdout == script.stdout)
        }
    }

    @Test(arguments: ["done,failed", "finished,FAILED", " done , error"])
    func `Statuses are a list, with the names of other programs`(list: String) throws {
        let fixture = try Fixture()
        let battery = fixture.battery("net")
        for (id, status) in [("a-1", "done"), ("b-1", "failed"), ("c-1", "stopped")] {
            fixture.experiment(id, of: battery, maxima: ["valid": "1"], status: status)
        }
        try fixture.commit()
        let text = try fixture.output(["rank", "net", "--status", list, "--ascending", "--format", "csv"])
        #expect(text.split(separator: "\r\n").dropFirst().map { $0.split(separator: ",")[1] } == ["a-1", "b-1"])
    }

    @Test(arguments: [
        (["rank", "x", "--order-by", "lr"], "Unknown option '--order-by'. Write --sort\n"),
        (["rank", "x", "--filter", "lr > 1"], "Unknown option '--filter'. Write --where\n"),
        (["rank", "x", "--top", "3"], "Unknown option '--top'. Write --limit\n"),
        (["rank", "x", "--group-by", "lr"], "Unknown option '--group-by'. Write --group\n"),
        (
            ["rank", "x", "--where", "lr", "<", "0.01"],
            "2 unexpected arguments: '<', '0.01'. A condition with spaces needs quotes, for example --where 'lr < 0.01'\n"
        ),
        (
            ["rank", "x", "--sort", "lr", "--descending"],
            "--sort and --descending must not be combined. For the highest"
        ),
    ])
    func `The name of an option in another program has the one of rank in its message`(
        arguments: [String], message: String
    ) throws {
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
