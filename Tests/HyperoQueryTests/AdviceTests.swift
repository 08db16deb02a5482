import HyperoSchema
import TestSupport
import Testing

/// Advice can be copied into a shell, and options that have no effect are refused.
@Suite struct AdviceTests {
    @Test(arguments: ["it's a net", "-dash", "two words", "$(touch x)", "näive", "a;b", "\"quoted\""])
    func `A command in a note runs as it is printed`(name: String) throws {
        let fixture = try Fixture()
        let battery = fixture.battery(name)
        fixture.experiment("a-1", of: battery, maxima: ["valid": "1", name: "2"])
        fixture.experiment("b-1", of: battery)
        try fixture.commit()
        for options in [[], ["--by=\(name)"]] {
            let ranked = try fixture.query("rank", options + ["--format", "csv", "--", name])
            let command = try #require(ranked.stderr.firstMatch(of: /List with (hypero-query .*)\n/)?.1, "\(ranked)")
            let outcome = try ChildProcess.run(
                "/bin/sh", ["-c", "PATH=\"\(ChildProcess.productsDirectory):$PATH\"; \(command)"],
                environment: ["HYPERO_REDIS": fixture.server.url, "HYPERO_NAMESPACE": fixture.namespace])
            #expect(
                outcome.succeeded && outcome.stdout.contains("b-1") && !outcome.stdout.contains("a-1"), "\(outcome)")
        }
    }

    @Test func `A suggested name is in quotes as a shell needs them, and whole`() throws {
        let fixture = try Fixture()
        let long = String(repeating: "long ", count: 40) + "end"
        for name in ["it's", long] { fixture.battery(name) }
        try fixture.commit()
        #expect(
            try fixture.query("rank", "its").stderr
                == "hypero-query: battery not found: 'its'. Did you mean 'it'\\''s'?\n")
        #expect(try fixture.query("rank", "long").stderr.contains("Did you mean '\(long)'?"))
    }

    @Test(arguments: [
        ("rank digits mlp", "Unexpected argument 'mlp'. A name with spaces needs quotes, for example \"digits mlp\""),
        ("experiments a b c", "2 unexpected arguments: 'b', 'c'. A name with spaces needs quotes"),
        (
            "list",
            "Unexpected argument 'list'. The commands are batteries, versions, rank, experiments, show, curves, compare, columns, importance, search, explain, export, report, watch, status, dead, verify, completions\n"
        ),
        ("delete a-1", "2 unexpected arguments: 'delete', 'a-1'. Write hypero-ingest delete\n"),
        ("rank net --json", "Unknown option '--json'. Write --format json\n"),
        ("rank net --lmit 3", "Unknown option '--lmit'. Did you mean '--limit'?\n"),
    ])
    func `A usual mistake in a command line gets advice`(arguments: String, message: String) throws {
        let outcome = try ChildProcess.run("hypero-query", arguments.split(separator: " ").map(String.init))
        #expect(outcome.ending == .exited(64))
        #expect(outcome.stderr.hasPrefix("hypero-query: \(message)"), "\(outcome.stderr)")
    }

    @Test(arguments: ["", "batteries", "rank", "experiments", "show", "search", "explain", "status", "dead"])
    func `The examples and tables of the help are not broken at 80 columns`(command: String) throws {
        let words = command.isEmpty ? ["--help"] : [command, "--help"]
        let lines = try ChildProcess.run("hypero-query", words).stdout
            .split(separator: "\n", omittingEmptySubsequences: false)
        let sections = lines.split { $0.isEmpty }.filter { section in
            ["EXAMPLES:", "EXIT STATUS:", "THE TABLE"].contains { section.first?.hasPrefix($0) ?? false }
        }
        #expect(!sections.isEmpty)
        for section in sections { #expect(section.dropFirst().allSatisfy { $0.hasPrefix("  ") }, "\(section)") }
        #expect(lines.filter { !$0.hasPrefix("USAGE") }.allSatisfy { $0.count <= 80 })
    }

    @Test(arguments: ["batteries", "status", "dead"])
    func `A command that shows no experiments refuses the option for lost ones`(command: String) throws {
        let outcome = try ChildProcess.run("hypero-query", [command, "--lost-after", "3m"])
        #expect(outcome.ending == .exited(64))
        #expect(outcome.stderr.contains("Unknown option '--lost-after'"))
    }

    @Test(arguments: [
        ("180", true), ("180s", true), ("3m", true), ("0", true), ("1.5h", true), ("1h30m", true), ("2w", true),
        ("99999999999999w", true), ("3 m", false), ("-5", false), ("s", false), ("nan", false), ("5y", false),
        ("1k", false),
    ])
    func `A time is a number of seconds, or has a unit`(text: String, isAllowed: Bool) throws {
        let fixture = try Fixture()
        fixture.experiment("a-1", of: fixture.battery("net"), maxima: ["valid": "1"])
        try fixture.commit()
        for arguments in [["rank", "net"], ["experiments", "net"], ["show", "a-1"]] {
            let outcome = try fixture.query(arguments[0], [arguments[1], "--lost-after=\(text)"])
            #expect(outcome.ending == .exited(isAllowed ? 0 : 64))
            #expect(
                isAllowed
                    || outcome.stderr.contains(
                        "--lost-after must be a time such as 180, 180s, 3m, 2h or 1d, not '\(text)'")
            )
        }
    }

    @Test func `The columns that every result has are accepted in a list of columns`() throws {
        let fixture = try Fixture()
        fixture.experiment("a-1", of: fixture.battery("net"), maxima: ["valid": "1"], params: ["lr": "0.1"])
        try fixture.commit()
        let names = "rank,experiment,version,name,value,last_seen,lr"
        #expect(
            try fixture.output(["rank", "net", "--columns", names]).contains(
                "\n#  experiment  valid  last_seen   lr\n1  a-1             1  "))
        #expect(
            try fixture.output(["experiments", "net", "--columns", names, "--format", "csv"]).hasPrefix(
                "experiment,battery,name,version,status,reason,host,started,last_seen,epochs,objective,value,epoch,param.lr\r\n"
            ))
    }

    @Test func `Batteries of one version that differ in direction are told apart by their ids`() throws {
        let fixture = try Fixture()
        let first = fixture.battery("sweep", description: "a")
        let second = fixture.battery("sweep", description: "b", objective: "loss", direction: .min)
        fixture.experiment("a-1", of: first, maxima: ["valid": "0.5"])
        fixture.experiment("b-1", of: second, maxima: ["loss": "0.3"])
        try fixture.commit()
        let messages = try fixture.query("rank", "sweep", "--version", "1", "--format", "csv").stderr
        let ids = [first.text, second.text].sorted()
        #expect(
            messages.hasPrefix(
                """
                hypero-query: the batteries of the name 'sweep', \(ids[0]), \(ids[1]), differ in objective or direction, and \
                \(ids[1]) decides. Choose one battery by its id, or a channel and an order
                hypero-query: choose with an id instead of the name, for example hypero-query rank \(ids[0]), or with --by and \
                --ascending or --descending

                """), "\(messages)")
        #expect(try fixture.output(["rank", first.text, "--format", "csv"]).contains("a-1"))
    }
}
