import HyperoSchema
import TestSupport
import Testing

@testable import HyperoQuery

/// The words at the end of an unfinished filter.
@Suite struct FilterCompletionTests {
    private static let columns = [
        "param.lr", "param.lr decay", "param.opt", "param.x", "max.x", "max.valid", "max.vloss", "curve.valid",
        "curve.aux",
        "meta.1k", "meta.and", "meta.ⓐ", "meta.a\"b`c", "meta.2026-11-24", "last_seen",
    ]

    private func words(_ text: String, columns: [String] = columns) -> [String] {
        FilterCompletion(of: text, columns: columns.map { Candidate($0) }).words.map(\.text)
    }

    private func endings(_ text: String) -> [String] { words(text).map { String($0.dropFirst(text.count)) } }

    @Test(
        arguments: [
            ("lr ", ["=", "!=", "<", "<=", ">", ">=", "in", "between", "like", "~", "not in", "is"]),
            ("valid ", ["=", "!=", "<", "<=", ">", ">=", "in", "between", "not in", "is"]),
            ("status ", ["=", "!=", "in", "like", "~", "not in", "is"]),
            ("valid >= ", ["best"]), ("valid >= b", ["est"]), ("lr = ", []), ("opt = ra", []), ("lr > 0.1", []),
            ("valid ~ ", []), ("lr > 0.1 ", ["and", "or"]), ("(lr > 0.1 ", ["and", "or", ")"]),
            ("(lr > 0.1)", [" and", " or"]), ("valid > best - ", []), ("valid > best - 0.1 ", ["and", "or"]),
            ("status = ", ["running", "done", "failed", "stopped", "lost"]), ("status=do", ["ne"]),
            ("state != fa", ["iled"]), ("status in ", ["(running", "(done", "(failed", "(stopped", "(lost"]),
            ("status in (", ["running", "done", "failed", "stopped", "lost"]),
            ("status in (done, st", ["opped"]), ("status in (done ", [")"]), ("status = 'do", ["ne'"]),
            ("lr between ", []), ("lr between 1 ", ["and"]), ("lr between 1 and 2 ", ["and", "or"]),
            ("lr not ", ["in", "between", "like"]), ("opt is n", ["ull", "an", "ot null"]),
            ("opt is not n", ["ull", "an"]),
            ("opt like '", []), ("opt = 'x' ", ["and", "or"]), ("0.9 < va", ["lid"]), ("lr lr ", []), ("lr = = ", []),
            ("lr = [", []), ("lr = [1", []), ("lr = [1 ", ["]"]), ("lr = ['a', ", []), ("lr = [1, 2] ", ["and", "or"]),
            ("lr = [[1, 2], [3]]", [" and", " or"]), ("lr = [[1, 2] ", ["]"]), ("(lr != [] ", ["and", "or", ")"]),
            ("lr in ([1, 2] ", [")"]), ("lr in ([1, 2], [3]) ", ["and", "or"]), ("lr = [1] and status = do", ["ne"]),
            ("lr = [1) ", []), ("lr = [1]] ", []), ("lr = [1 2 ", []), ("lr = [, ", []), ("lr = [1,] ", []),
            ("[1] ", []),
            ("lr # ", []), (String(repeating: "x", count: 5_000), []),
        ] as [(String, [String])])
    func `Words follow by the place`(text: String, expected: [String]) {
        #expect(endings(text) == expected, "\(text)")
    }

    @Test(
        arguments: [
            ("v", ["valid", "vloss", "version"]),
            ("lr > 1 and v", ["valid", "vloss", "version"].map { "lr > 1 and \($0)" }),
            ("not (vl", ["not (vloss ="]), ("params.l", ["params.lr ="]),
            ("metrics.va", ["metrics.valid ="]),
            ("metri", ["metrics.x", "metrics.valid", "metrics.vloss"]),
            ("attributes.st", ["attributes.status", "attributes.started"]),
            ("`lr", ["`lr`", "`lr decay`"]), ("\"lr", ["\"lr\"", "\"lr decay\""]), ("'lr", []), ("x", []),
            ("param.x", ["param.x ="]),
            ("`a", ["`and`", "`a\"b``c`", "`age`", "`attempt`"]), ("aux", []), ("1", ["`1k` ="]), ("unknown", []),
        ] as [(String, [String])])
    func `Names are in their places, in backticks or with a prefix where they need it`(text: String, expected: [String])
    {
        let found = words(text)
        // The only name is followed by its comparisons.
        let isFollowed = expected.count == 1 && expected[0].hasSuffix(" =")
        #expect(isFollowed ? found.first == expected[0] && found.count > 5 : found == expected, "\(found)")
    }

    @Test func `A filter understands each name that it is offered`() throws {
        let catalogue = FilterCatalogue(columns: Self.columns)
        let names = words("") + words("param.") + words("metrics.") + words("`") + words("\"") + words("attributes.")
        #expect(names.count > 60)
        for name in names where name != "not" {
            _ = try Filter("\(name) is null").bound(to: catalogue)
        }
        #expect(words("").contains("`lr decay`") && words("").contains("param.x") && !words("").contains("x"))
        #expect(words("", columns: ["param.lr decay"]).contains("`lr decay`"))
        #expect(words("lr", columns: ["param.lr decay"]).first == "`lr decay` =")
    }

    @Test func `The words reach the shells`() throws {
        let fixture = try Fixture.completion()
        let line = "hypero-query rank 'digits mlp' --where \"lr > 1 and test "
        let found = try fixture.candidates("bash", line)
        // bash expands ! within double quotes.
        #expect(found.first == "lr > 1 and test =\t\tnospace" && found.count == 9)
        #expect(try fixture.candidates("zsh", "hypero-query watch x --where 'status in (do") == ["status in (done\t"])
        #expect(
            try fixture.candidates("bash", "hypero-query rank 'digits mlp' --where \"\\`lr d").first
                == "\\`lr decay\\` =\t\tnospace")
    }

    @Test func `A beginning of an id finds experiments beside the best ones`() throws {
        let fixture = try Fixture()
        for number in 1...21 { fixture.battery("newer \(number)", version: number + 1) }
        let battery = fixture.battery("old")
        for number in 1...60 {
            fixture.experiment("p\(number)-\(number)", of: battery, maxima: ["valid": "0.\(100 + number)"])
        }
        fixture.experiment("zeta-1", of: battery)
        try fixture.commit()
        #expect(try fixture.candidates("zsh", "hypero-query show ze") == ["zeta-1\t"])
        #expect(try fixture.candidates("zsh", "hypero-query show p1-") == ["p1-1\t"])
        #expect(try fixture.candidates("zsh", "hypero-query show p").count >= 50)
        #expect(try fixture.candidates("zsh", "hypero-query show zetb") == [])
        #expect(try fixture.candidates("zsh", "hypero-query show 'z*'") == [])
    }
}
