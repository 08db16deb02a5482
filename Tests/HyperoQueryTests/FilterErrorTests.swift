import HyperoQuery
import HyperoSchema
import TestSupport
import Testing

/// The messages of wrong filters.
@Suite struct FilterErrorTests {
    private func fixture() throws -> Fixture {
        let fixture = try Fixture()
        let battery = fixture.battery("digits mlp")
        for (index, opt) in ["adam", "sgd", "rmsprop"].enumerated() {
            fixture.experiment(
                "a-\(index)", of: battery, maxima: ["valid": "0.\(index + 1)", "loss": "1", "lr": "0"],
                params: ["lr": "0.1", "opt": opt], meta: ["name": "x"], more: ["host": "node1"])
        }
        try fixture.commit()
        return fixture
    }

    /// The expression, and the lines after the first one, which begins with the name of the program.
    static let mistakes: [(expression: String, message: String, lines: String)] = [
        (
            "vaild > 0.9", "no field is called vaild",
            "^^^^^  do you mean valid?  (hypero-query columns 'digits mlp' lists 6)"
        ),
        ("valid >", "a value is missing after >", "       ^  for example valid > 0.9"),
        (
            "valid > 0.9 and", "a condition is missing after and",
            "               ^  MLflow ignores this; here it is an error"
        ),
        ("(valid > 0.9 or lr < 1e-3", "the bracket is not closed", "^  opened here"),
        ("valid > 0.9)", "one ) too many", "           ^"),
        ("valid 0.9", "a comparison is missing", "      ^^^  one of = != < <= > >= in between like ~ is"),
        (
            "opt = 'adam", "the quote is not closed",
            "      ^  opened here; in the shell, put the whole expression in \"…\""
        ),
        ("valid > 'high'", "valid holds numbers, 'high' is none", "        ^^^^^^"),
        ("opt < 0.5", "opt holds words, and < is for numbers", "    ^  opt is adam, rmsprop or sgd"),
        ("valid >> 0.9", ">> is no comparison", "      ^^  > or >="),
        ("valid => 0.9", "=> is no comparison", "      ^^  >="),
        ("valid like '0.9%'", "like is for words, valid holds numbers", "      ^^^^  valid between 0.9 and 1"),
        ("lr < 0.01", "lr is a parameter and a channel", "^^  param.lr or max.lr"),
        (
            "foo.lr < 0.01", "foo is not known as a prefix", "^^^  param. meta. max.  (also params. metrics. tags. …)"
        ),
        (
            "valid > 0.9 order by loss", "order by is not part of a filter",
            "            ^^^^^^^^  --sort loss, --limit 10"
        ),
        (
            "metrics.loss:<0.3, status:running", "this is Polyaxon's form",
            "            ^  loss < 0.3 and status = running"
        ),
        ("run.name.startswith('Test')", "methods are not understood", "         ^^^^^^^^^^^  name like 'Test%'"),
        (
            "started > yesterday", "not a time", "          ^^^^^^^^^  2026-11-24, 2026-11-24T09:00, or age < 1d"
        ),
        (
            "host ~ 'node[0-9'", "the pattern has an error: [ is not closed",
            "            ^  inside the pattern, character 5"
        ),
        (
            "status = finishd", "status is never 'finishd'",
            "         ^^^^^^^  done (finished is the same), running, failed, stopped, lost"
        ),
        // Cells of a terminal, a control character, and at most 30 cells on each side.
        ("名前 = 1 and vaild > 1", "no field is called 名前", "^^^^  hypero-query columns 'digits mlp' lists 6"),
        ("valid > 0.9\u{1B}", "a control character, U+001B, is not allowed", "           ^^^^  remove it"),
    ]

    @Test func `Each mistake is shown with its place in the expression and what to write`() throws {
        let fixture = try fixture()
        for (expression, message, line) in Self.mistakes {
            let outcome = try fixture.query("rank", "digits mlp", "--where", expression)
            #expect(outcome.ending == .exited(64), "\(expression)")
            #expect(outcome.stdout == "")
            let shown = expression.replacing("\u{1B}", with: "\\x1b")
            #expect(outcome.stderr == "hypero-query: \(message)\n  \(shown)\n  \(line)\n", "\(expression)")
        }
    }

    @Test func `A long expression is cut around the mistake`() throws {
        let text =
            String(repeating: "valid > 0.9 and ", count: 20) + "vaild > 1" + String(repeating: " or lr < 1", count: 20)
        let outcome = try fixture().query("rank", "digits mlp", "--where", text)
        let lines = outcome.stderr.split(separator: "\n")
        #expect(lines.count == 3)
        #expect(lines[1] == "  …id > 0.9 and valid > 0.9 and vaild > 1 or lr < 1 or lr < 1 or l…")
        #expect(lines[2].hasPrefix("                                ^^^^^  do you mean valid?"), "\(lines)")
    }

    @Test(arguments: [
        ["rank", "digits mlp"], ["experiments", "digits mlp"], ["export", "digits mlp"], ["importance", "digits mlp"],
        ["curves", "--top", "2", "digits mlp"], ["compare", "--top", "2", "digits mlp"],
    ])
    func `With JSON, a mistake is an object with offsets in the UTF-8 text`(command: [String]) throws {
        let fixture = try fixture()
        let outcome = try fixture.query(command[0], command.dropFirst() + ["--format", "json", "--where", "valid ≥"])
        #expect(outcome.ending == .exited(64))
        #expect(
            outcome.stderr == """
                {"error":{"message":"a value is missing after ≥","from":9,"to":9,"hint":"for example valid > 0.9"}}

                """)
        let unknown = try fixture.query(
            command[0], command.dropFirst() + ["--format", "json", "--where", "größe > 1"])
        #expect(
            unknown.stderr == """
                {"error":{"message":"no field is called größe","from":0,"to":7,"hint":"hypero-query columns 'digits mlp' lists 6"}}

                """, "\(unknown)")
    }

    @Test func `Options that need another one say so`() throws {
        let fixture = try fixture()
        let cases: [([String], String)] = [
            (["rank", "digits mlp", "--lenient"], "--lenient needs --where"),
            (["curves", "a-1", "--where", "valid > 1"], "--where needs --top"),
            (["compare", "a-1", "a-2", "--where", "valid > 1"], "--where needs --top"),
        ]
        for (arguments, message) in cases {
            let outcome = try fixture.query(arguments[0], Array(arguments.dropFirst()))
            #expect(outcome.ending == .exited(64))
            #expect(outcome.stderr.hasPrefix("hypero-query: \(message)"), "\(outcome.stderr)")
        }
        let export = try fixture.query("export", "digits mlp", "--where", "valid > 0 order by loss")
        #expect(export.stderr.hasSuffix("^^^^^^^^  --order-by loss\n"), "\(export.stderr)")
    }
}
