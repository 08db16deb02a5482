import HyperoSchema
import Testing

struct CurveRowTests {
    private static let channels = [
        "train", "top 5", "a=b", "say \"x\"", "größe", "精度", "\\", "\\\"", "\"", "\"\"", "=", " ", "a\\", "\" =\\\"",
        "\\\\ ",
        "🎯", "-", "1", "true", "null", "\"a\"", "{}", "'", "a\u{301}", String(repeating: "\" ", count: 128),
    ]

    @Test(arguments: channels)
    func `A row with an unusual channel name is read back`(channel: String) {
        let row = CurveRow([
            CurveRow.Cell("before", Number(0.5)), CurveRow.Cell(channel, Number(-.infinity)),
            CurveRow.Cell("after", Number(1e-9)),
        ])
        #expect(CurveRow(text: row.text) == row)
        #expect(CurveRow([CurveRow.Cell(channel, Number(1))]).text.hasSuffix("=1"))
    }

    @Test func `A row keeps its channels in order of first appearance`() {
        var row = CurveRow()
        for (index, channel) in Self.channels.enumerated() { row.set(CurveRow.Cell(channel, Number(Double(index)))) }
        for channel in Self.channels.reversed() { row.set(CurveRow.Cell(channel, Number(0.25))) }
        #expect(row.cells.map(\.channel) == Self.channels)
        #expect(row.cells.allSatisfy { $0.number.text == "0.25" })
        #expect(CurveRow(text: row.text) == row)
    }

    @Test func `A row is written in logfmt, with quotes around names that need them`() {
        var row = CurveRow([CurveRow.Cell("train", Number(0.91)), CurveRow.Cell("valid", Number(0.8))])
        #expect(row.text == "train=0.91 valid=0.8")
        row.set(CurveRow.Cell("top 5", Number(.nan)))
        row.set(CurveRow.Cell("train", Number(1)))
        #expect(row.text == "train=1 valid=0.8 \"top 5\"=nan")
        #expect(row["train"]?.value == 1)
        #expect(row["none"] == nil)
        #expect(CurveRow().text == "")
        #expect(CurveRow(text: "")?.cells.isEmpty == true)
    }

    @Test func `The numbers of a row keep their text`() {
        #expect(CurveRow(text: "a=1.0 b=1e0 c=-0")?.text == "a=1.0 b=1e0 c=-0")
    }

    @Test(arguments: [
        "train", "train=", "=1", "train=x", "train=1  valid=2", " train=1", "train=1 ", "train=1 valid", "a b=1",
        "\"open=1", "\"a\"1", "\"a\"=", "\"a\" =1", "\"bad\\x\"=1", "a\"b=1", "train=1\n", "train=1,valid=2", "\"\"=1",
        "\"", "\"\\",
    ])
    func `A row in another format is rejected`(text: String) {
        #expect(CurveRow(text: text) == nil)
    }
}
