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

    @Test func `A quote before a combining character is doubled in CSV`() throws {
        var page = Page(Display(), now: 0, escapes: false)
        CSV.write(["a\"\u{301}b", "x\"\u{301},y\"z"], to: &page)
        #expect(Array(page.text.utf8) == Array("\"a\"\"\u{301}b\",\"x\"\"\u{301},y\"\"z\"\r\n".utf8))
    }
}
