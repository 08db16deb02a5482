import HyperoSchema
import TestSupport
import Testing

@testable import HyperoQuery

/// Text is compared by bytes. A combining character and the one before it are one `Character`.
@Suite struct CombiningCharacterTests {
    private static let marks = ["\u{301}", "\u{E31}", "\u{200D}", "\u{FE0F}", "\u{20DD}", "\u{903}"]

    @Test(arguments: marks) func `A name that begins with a combining character is in every result`(mark: String) throws
    {
        let fixture = try Fixture()
        let battery = fixture.battery("net")
        for number in 1...2 {
            fixture.experiment(
                "a-\(number)", of: battery, maxima: ["valid": "1", mark + "c": "2"],
                params: ["\(mark)p": "\(number)"], meta: [mark + "m": "x"], curve: [1: "valid=1 \(mark)c=2"])
        }
        try fixture.commit()
        let store = try fixture.store()
        #expect(
            try store.columns(of: "net").columns.map(\.name).map(ExactText.init)
                == ["\(mark)p", "\(mark)m", "valid", "\(mark)c"].map(ExactText.init))
        let header = try fixture.output(["export", "net"]).split(separator: "\n")[0]
        for column in ["max.\(mark)c", "param.\(mark)p", "meta.\(mark)m"] {
            #expect(Array(header.utf8).split(separator: UInt8(ascii: ",")).contains(Array(column.utf8)[...]))
        }
        let record = try store.experiment("a-1")
        #expect(record.params.map(\.name.utf8.count) == [mark.utf8.count + 1])
        #expect(record.meta.count == 1 && record.maxima.count == 2)
        let board = try store.leaderboard(of: "net", by: mark + "c", sort: [SortField(text: "-\(mark)p")])
        #expect(board.rows.map(\.experiment) == ["a-2", "a-1"])
        let chosen = try store.leaderboard(of: "net", columns: ["param.\(mark)*"], atBest: ["max.\(mark)c"])
        #expect(
            chosen.columns?.map(ExactText.init) == ["param.\(mark)p", "max.\(mark)c"].map(ExactText.init))
    }

    @Test(arguments: marks) func `A name that begins with a combining character completes a command line`(mark: String)
        throws
    {
        let fixture = try Fixture()
        let battery = fixture.battery("net")
        fixture.experiment(
            "a-1", of: battery, maxima: ["valid": "1", mark + "c": "2"], params: ["\(mark)p": "1", "x": "2"])
        try fixture.commit()
        // U+200D needs quotes in a filter.
        let name = mark == "\u{200D}" ? "`\(mark)p`" : "\(mark)p"
        for (line, expected) in [
            ("--columns param.", ["param.x", "param.\(mark)p", "param.*"]), ("--columns max.\(mark)", ["max.\(mark)c"]),
            ("--columns x,\(mark)", ["x,\(mark)p", "x,\(mark)c"]), ("--sort param.\(mark)", ["param.\(mark)p"]),
            ("--by \(mark)", ["\(mark)c"]), ("--by=\(mark)", ["--by=\(mark)c"]), ("--by '\(mark)", ["\(mark)c"]),
            ("--pareto max.\(mark)", ["max.\(mark)c:max", "max.\(mark)c:min"]),
            ("--where param.", ["param.x", "param.\(name)"]), ("--where params.", ["params.x", "params.\(name)"]),
        ] {
            let found = try fixture.candidates("zsh", "hypero-query rank net \(line)").compactMap {
                $0.utf8.split(separator: UInt8(ascii: "\t"), omittingEmptySubsequences: false).first.map { Array($0) }
            }
            #expect(found == expected.map { Array($0.utf8) }, "\(line)")
        }
        let quoted = try fixture.candidates("bash", "hypero-query rank net --by \"\(mark)")
        #expect(quoted.first.map { Array($0.utf8).starts(with: Array("\(mark)c".utf8)) } == true)
        let words = FilterCompletion(of: "`\(mark)", columns: [Candidate("param.\(mark)p")]).words
        #expect(words.first.map { Array($0.text.utf8) } == Array("`\(mark)p` =".utf8))
        _ = try Filter("params.\(name) = 1").bound(to: FilterCatalogue(columns: ["param.\(mark)p"]))
    }

    @Test func `A quote before a combining character is doubled in CSV`() throws {
        var page = Page(Display(), now: 0, escapes: false)
        CSV.write(["a\"\u{301}b", "x\"\u{301},y\"z"], to: &page)
        #expect(Array(page.text.utf8) == Array("\"a\"\"\u{301}b\",\"x\"\"\u{301},y\"\"z\"\r\n".utf8))
    }
}
