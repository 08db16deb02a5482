import HyperoSchema
import TestSupport
import Testing

@testable import HyperoQuery

@Suite struct OutputTests {
    private let terminal = Display(isTerminal: true, usesColor: false, width: 40)

    @Test(
        "On a terminal what could harm is shown and not done; a pipe gets the bytes",
        arguments: [
            ("\u{1B}[2J", "\\x1b[2J"), ("a\rb\n\t", "a\\rb\\n\\t"), ("\u{9B}31m\u{7F}\0", "\\x9b31m\\x7f\\x00"),
            ("\u{202E}gnp", "\\u{202e}gnp"), ("\u{2066}\u{200F}\u{2028}", "\\u{2066}\\u{200f}\\u{2028}"),
            ("a\u{301}", "a\u{301}"), ("é 日本 👩‍🔬", "é 日本 👩‍🔬"),
        ])
    func escaping(text: String, visible: String) {
        #expect(terminal.visible(text) == visible)
        #expect(terminal.visible(visible) == visible)
        #expect(Display().visible(text) == text)
    }

    @Test("Nothing that others wrote reaches a terminal unescaped, in any format", arguments: OutputFormat.allCases)
    func everywhere(format: OutputFormat) throws {
        let evil = "x\u{1B}]0;\u{7}\u{9B}\u{202E}\r"
        let fixture = try Fixture()
        let battery = fixture.battery(evil, description: evil, objective: evil)
        fixture.experiment(
            "a-1", of: battery, maxima: [evil: "1"], params: [evil: evil], meta: [evil: evil],
            more: ["host": evil, "reason": evil, "seed": evil], curve: [1: "\(JSON.quoted(evil))=1"])
        fixture.write("ZADD", fixture.keyspaces[0].rank(of: battery, by: evil), "2", evil)
        fixture.write("SET", fixture.keyspaces[0].lease, evil)
        try fixture.commit()
        let store = try Store(fixture.server.url, namespace: fixture.namespace)
        let wide = Display(isTerminal: true, width: 500)
        let answers: [any Rendering] = [
            try store.batteries(), try store.leaderboard(of: evil), try store.experiment("a-1"), try store.status(),
        ]
        for answer in answers {
            let text = answer.text(as: format, for: wide).replacing("\r\n", with: "\n")
            #expect(!text.unicodeScalars.contains { isControl($0) && $0 != "\n" || $0 == "\u{202E}" })
        }
    }

    @Test("A table is cut to the terminal: long texts first, then columns at the right")
    func fitting() {
        var table = Table(columns: [
            Table.Column(title: "#", isNumeric: true), Table.Column(title: "name"),
            Table.Column(title: "value", isNumeric: true), Table.Column(title: "note"),
        ])
        table.rows = [
            [.init("1"), .init("a name that is long"), .init("0.5"), .init("a note that is even longer than it")],
            [.init("10"), .init("日本語日本語日本語日本語"), .init("12.25"), .init(nil)],
        ]
        var page = Page(Display(isTerminal: true, width: 40), now: 0)
        #expect(table.write(to: &page) == 0)
        #expect(
            page.text == """
                 #  name           value  note
                 1  a name that …   0.5   a note that i…
                10  日本語日本語…  12.25  -

                """)
        var narrow = Page(Display(isTerminal: true, width: 20, isUnicode: false), now: 0)
        #expect(table.write(to: &narrow) == 1)
        #expect(
            narrow.text == """
                 #  name      value
                 1  a name ~   0.5
                10  日本語~   12.25

                """)
        var piped = Page(Display(), now: 0)
        table.write(to: &piped)
        #expect(piped.text.contains("a note that is even longer than it"))
    }

    @Test("Colours are for whoever wants them")
    func colors() throws {
        let fixture = try Fixture.digits()
        let red = "\u{1B}[31mfailed "
        #expect(try fixture.output(["rank", "Digits", "--color", "always"]).contains(red))
        #expect(try !fixture.output(["rank", "Digits", "--color", "auto"]).contains("\u{1B}"))
        let environment = { (variables: [String: String]) in { (name: String) in variables[name] } }
        #expect(!Display(descriptor: 0, color: .auto, environment: environment([:])).usesColor)
        #expect(Display(descriptor: 0, color: .always, environment: environment(["NO_COLOR": "1"])).usesColor)
    }

    @Test("On a real terminal names are escaped, curves drawn, and the width kept")
    func onTerminal() throws {
        let fixture = try Fixture()
        let battery = fixture.battery("bell\u{7}")
        fixture.experiment(
            "a-1", of: battery, maxima: ["valid": "1"], params: ["note": String(repeating: "long ", count: 20)],
            status: "failed", curve: [1: "valid=0", 2: "valid=1"])
        try fixture.commit()
        // util-linux' script(1) gives the command a terminal.
        let outcome = try ChildProcess.run(
            "script",
            [
                "-qec",
                "\(ChildProcess.productsDirectory)/hypero-query rank \(battery.text) --namespace \(fixture.namespace); "
                    + "\(ChildProcess.productsDirectory)/hypero-query show a-1 --namespace \(fixture.namespace)",
                "/dev/null",
            ], environment: ["HYPERO_REDIS": fixture.server.url, "TERM": "xterm", "LANG": "C.UTF-8", "COLUMNS": "60"])
        let text = outcome.stdout.replacing("\r\n", with: "\n")
        #expect(text.hasPrefix("\u{1B}[1mbell\\x07\u{1B}[0m\u{1B}[2m, version 1: best first"))
        #expect(text.contains("\u{1B}[31mfailed\u{1B}[0m  long long long long lo…\n"))
        #expect(text.contains("\u{1B}[36m▁█\u{1B}[0m\n"))
    }

    @Test(
        "Numbers for people have six digits, and no more than they came with",
        arguments: [
            (0.5, "0.5"), (0.0031622776601683794, "0.00316228"), (1e-05, "1e-05"), (123_456_789, "123456789"),
            (123_456_789.125, "1.23457e+08"),
            (64, "64"), (.nan, "nan"), (-.infinity, "-inf"), (1.0 / 3, "0.333333"), (-0.0, "-0"),
        ])
    func numbers(value: Double, text: String) {
        #expect(numberText(value) == text)
    }

    @Test(
        "Durations are in two units",
        arguments: [
            (0, "0 ms"), (-5, "0 ms"), (999, "999 ms"), (59_999, "59 s"), (60_000, "1 min 0 s"),
            (3_661_000, "1 h 1 min"), (97_200_000, "1 d 3 h"), (Int64.max, "106751991167 d 7 h"),
        ] as [(Int64, String)])
    func durations(milliseconds: Int64, text: String) {
        #expect(durationText(milliseconds) == text)
    }

    @Test("Dates and times ago are sane for any number", arguments: [Int64.min, -1, 0, 1, Fixture.noon, .max])
    func moments(milliseconds: Int64) {
        #expect(!dateText(milliseconds).isEmpty)
        #expect(!agoText(milliseconds, now: Fixture.noon).isEmpty)
    }

    @Test("Bytes are in the unit that fits", arguments: [(0, "0 bytes"), (1_500, "1.5 kB"), (123_456_789, "123 MB")])
    func bytes(count: Int, text: String) {
        #expect(bytesText(count) == text)
    }

    @Test(
        "A sparkline goes from the lowest to the highest, with blanks for what is missing",
        arguments: [
            ([0, 1], 10, "▁█"), ([1, 1, 1], 10, "▅▅▅"), ([0, nil, 0.5, .nan, 1], 10, "▁ ▅ █"), ([], 10, ""),
            ([0, 0, 1, 1], 2, "▁█"), ([-1e308, 1e308], 9, "▁█"), ([.infinity], 9, ""),
        ] as [([Double?], Int, String)])
    func sparklines(values: [Double?], width: Int, text: String) {
        #expect(sparkline(values, width: width) == text)
    }

    @Test(
        "Edit distance counts additions, removals and replacements",
        arguments: [("", "", 0), ("a", "", 1), ("kitten", "sitting", 3), ("tset", "test", 2), ("abc", "abc", 0)])
    func distance(left: String, right: String, distance: Int) {
        #expect(editDistance(Array(left), Array(right)) == distance)
        #expect(editDistance(Array(right), Array(left)) == distance)
    }
}
