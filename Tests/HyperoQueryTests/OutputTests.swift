import HyperoSchema
import TestSupport
import Testing

@testable import HyperoQuery

@Suite struct OutputTests {
    @Test(arguments: [
        ("\u{1B}[2J", "\\x1b[2J"), ("a\rb\n\t", "a\\x0db\\x0a\\x09"), ("\u{9B}31m\u{7F}\0", "\\x9b31m\\x7f\\x00"),
        ("\u{202E}gnp", "\\u{202e}gnp"), ("\u{2066}\u{200F}\u{2028}", "\\u{2066}\\u{200f}\\u{2028}"),
        ("a\u{301}", "a\u{301}"), ("é 日本 👩‍🔬", "é 日本 👩‍🔬"),
    ])
    func `Unsafe characters are escaped`(text: String, escaped: String) {
        #expect(escapedText(text) == escaped)
        #expect(escapedText(escaped) == escaped)
    }

    @Test(arguments: OutputFormat.allCases)
    func `No format writes unsafe characters of other clients to a terminal`(format: OutputFormat) throws {
        let unsafeText = "x\u{1B}]0;\u{7}\u{9B}\u{202E}\r"
        let fixture = try Fixture()
        let battery = fixture.battery(unsafeText, description: unsafeText, objective: unsafeText)
        fixture.experiment(
            "a-1", of: battery, maxima: [unsafeText: "1"], params: [unsafeText: unsafeText],
            meta: [unsafeText: unsafeText],
            more: ["host": unsafeText, "reason": unsafeText, "seed": unsafeText],
            curve: [1: "\(JSON.quoted(unsafeText))=1"])
        fixture.write("ZADD", fixture.keyspaces[0].rank(of: battery, by: unsafeText), "2", unsafeText)
        fixture.write("SET", fixture.keyspaces[0].lease, unsafeText)
        try fixture.commit()
        let store = try Store(fixture.server.url, namespace: fixture.namespace)
        let wide = Display(isTerminal: true, width: 500)
        let results: [any Rendering] = [
            try store.batteries(), try store.leaderboard(of: unsafeText), try store.experiment("a-1"),
            try store.status(),
        ]
        for result in results {
            let text = result.text(as: format, for: wide).replacing("\r\n", with: "\n")
            #expect(!text.unicodeScalars.contains { isControl($0) && $0 != "\n" || $0 == "\u{202E}" })
        }
    }

    @Test func `A table that is too wide shortens long texts first and then hides columns at the right`() {
        var table = Table(columns: [
            Table.Column(title: "#", isNumeric: true), Table.Column(title: "name"),
            Table.Column(title: "value", isNumeric: true), Table.Column(title: "note"),
        ])
        table.rows = [
            [.init("1"), .init("a name that is long"), .init("0.5"), .init("a note that is even longer than it")],
            [.init("10"), .init("日本語日本語日本語日本語"), .init("12.25"), .init(nil)],
        ]
        var page = Page(Display(isTerminal: true, width: 40), now: 0)
        #expect(table.write(to: &page) == [])
        #expect(
            page.text == """
                 #  name           value  note
                 1  a name that …   0.5   a note that i…
                10  日本語日本語…  12.25  -

                """)
        var narrow = Page(Display(isTerminal: true, width: 20, isUnicode: false), now: 0)
        #expect(table.write(to: &narrow) == ["note"])
        #expect(
            narrow.text == """
                 #  name       value
                 1  a name t~   0.5
                10  日本語日~  12.25

                """)
        var piped = Page(Display(), now: 0)
        table.write(to: &piped)
        #expect(piped.text.contains("a note that is even longer than it"))
    }

    @Test func `Colours are used on request and on terminals that allow them`() throws {
        let fixture = try Fixture.digits()
        let red = "\u{1B}[31mfailed "
        #expect(try fixture.output(["rank", "Digits", "--color", "always"]).contains(red))
        #expect(try !fixture.output(["rank", "Digits", "--color", "auto"]).contains("\u{1B}"))
        let environment = { (variables: [String: String]) in { (name: String) in variables[name] } }
        #expect(!Display(descriptor: 0, color: .auto, environment: environment([:])).usesColor)
        #expect(Display(descriptor: 0, color: .always, environment: environment(["NO_COLOR": "1"])).usesColor)
    }

    @Test func `On a real terminal, names are escaped, curves are drawn and tables fit the width`() throws {
        let fixture = try Fixture()
        let battery = fixture.battery("bell\u{7}")
        fixture.experiment(
            "a-1", of: battery, maxima: ["valid": "1"], params: ["note": String(repeating: "long ", count: 20)],
            status: "failed", curve: [1: "valid=0", 2: "valid=1"])
        try fixture.commit()
        // script(1) of util-linux runs the commands on a terminal.
        let outcome = try ChildProcess.run(
            "script",
            [
                "-qec",
                "\(ChildProcess.productsDirectory)/hypero-query rank \(battery.text) --namespace \(fixture.namespace); "
                    + "\(ChildProcess.productsDirectory)/hypero-query show a-1 --namespace \(fixture.namespace); "
                    + "\(ChildProcess.productsDirectory)/hypero-query status --namespace \(fixture.namespace)",
                "/dev/null",
            ], environment: ["HYPERO_REDIS": fixture.server.url, "TERM": "xterm", "LANG": "C.UTF-8", "COLUMNS": "60"])
        let text = outcome.stdout.replacing("\r\n", with: "\n")
        #expect(text.hasPrefix("\u{1B}[1mbell\\x07\u{1B}[0m\u{1B}[2m, version 1: best first"))
        #expect(text.contains("\u{1B}[31mfailed\u{1B}[0m  long long long long lo…\n"))
        // The chart of the objective.
        #expect(text.contains("\u{1B}[1mvalid\u{1B}[0m\n\u{1B}[2m1.0 ┤\u{1B}[0m"))
        #expect(text.contains("\u{1B}[38;5;31m⣀"))
        #expect(
            text.contains(
                "columns hidden: applied, gaps, duplicates, deleted,\u{1B}[0m\n\u{1B}[2mstream, commands. Widen the terminal, "
                    + "or use --format json\u{1B}[0m\n"))
    }

    @Test(arguments: [
        (0.5, "0.5"), (0.0031622776601683794, "0.00316228"), (1e-05, "1e-05"), (123_456_789, "123456789"),
        (123_456_789.125, "123456789.125"),
        (64, "64"), (.nan, "nan"), (-.infinity, "-inf"), (1.0 / 3, "0.333333"), (-0.0, "-0"),
    ])
    func `Numbers in tables have six significant digits, or all digits if that is shorter`(value: Double, text: String)
    {
        #expect(numberText(value) == text)
    }

    @Test(
        arguments: [
            (0, "0 ms"), (-5, "0 ms"), (999, "999 ms"), (59_999, "59 s"), (60_000, "1 min 0 s"),
            (3_661_000, "1 h 1 min"), (97_200_000, "1 d 3 h"), (Int64.max, "106751991167 d 7 h"),
        ] as [(Int64, String)])
    func `Durations are written in their two largest units`(milliseconds: Int64, text: String) {
        #expect(durationText(milliseconds) == text)
    }

    @Test(arguments: [Int64.min, -1, 0, 1, Fixture.noon, .max])
    func `Dates and ages are defined for every integer`(milliseconds: Int64) {
        #expect(!dateText(milliseconds).isEmpty)
        #expect(!agoText(milliseconds, now: Fixture.noon).isEmpty)
    }

    @Test(arguments: [(0, "0 bytes"), (1_500, "1.5 kB"), (123_456_789, "123 MB")])
    func `Bytes are written in the largest unit that fits`(count: Int, text: String) {
        #expect(bytesText(count) == text)
    }

    @Test(arguments: [("", "", 0), ("a", "", 1), ("kitten", "sitting", 3), ("tset", "test", 2), ("abc", "abc", 0)])
    func `The edit distance counts insertions, deletions and replacements`(left: String, right: String, distance: Int) {
        #expect(editDistance(Array(left), Array(right)) == distance)
        #expect(editDistance(Array(right), Array(left)) == distance)
    }

    @Test(arguments: ["json", "csv"])
    func `JSON and CSV that the limit cuts say on standard error how many rows there are`(format: String) throws {
        let fixture = try Fixture()
        let battery = fixture.battery("sweep")
        for number in 1...21 { fixture.experiment("a-\(number)", of: battery, maxima: ["valid": "\(number)"]) }
        for _ in 1...21 {
            fixture.write(
                "XADD", fixture.keyspaces[0].dead, "*", "event", "epoch", "dead.reason", "broken", "dead.id", "1-1")
        }
        try fixture.commit()
        for (arguments, note) in [
            (["rank", "sweep"], "the first 10 of 21 ranked experiments are written. Use --limit 21 for all"),
            (["experiments", "sweep"], "the newest 20 of 21 experiments are written. Use --limit 21 for all"),
            (["dead"], "the newest 20 of 21 dead letters are written. Use --limit 21 for all"),
        ] {
            func messages(_ more: String...) throws -> String {
                try ChildProcess.run(
                    "hypero-query",
                    arguments + more + [
                        "--format", format, "--redis", fixture.server.url, "--namespace", fixture.namespace,
                    ]
                ).stderr
            }
            #expect(try messages() == "hypero-query: note: \(note)\n")
            #expect(try messages("--limit", "21") == "")
        }
    }
}
