import Foundation
import TestSupport

/// The mutations of filters.
struct FilterMutator {
    private var random: SeededGenerator
    private let expressions: [String]

    init(_ random: SeededGenerator, expressions: [String]) {
        self.random = random
        self.expressions = expressions
    }

    private static let tokens = [
        "and", "or", "not", "in", "between", "like", "ilike", "is", "null", "nan", "finite", "best", "where", "(", ")",
        "[",
        "]", ",", "=", "==", "!=", "<>", "<", "<=", ">", ">=", "~", "!~", "&&", "||", "!", "*", "-", "+", "'", "\"",
        "`", "“",
        "”", "‘", "≤", "≥", "≠", ";", ":", "{", "}", "valid", "lr", "opt", "status", "started", "age", "id", "rank",
        "param.", "metrics.", "hypero.", "0.9", "1e400", "-0", "10k", "0.1%", "2h", "2026-11-24", "2026-11-24T09:00Z",
        "9999-12-31", "99999999999999999999", "'a%'", "'_'", "'[0-9]+'", "'(a*)*{1000}'", "'(.*.*)*x'",
        "'a{1000}{1000}'",
        "'(((())))'", "'[[:alpha:]-z]'", "\u{0}", "\u{1B}", "\u{202E}", "\u{301}", "🚀", "名", "order by", "limit", "\n",
        " ",
    ]

    mutating func expression() -> String {
        switch draw(0...19) {
        case 0: return String(decoding: (0..<draw(0...200)).map { _ in UInt8(draw(0...255)) }, as: UTF8.self)
        case 1: return (0..<draw(0...60)).map { _ in random.pick(Self.tokens) }.joined(separator: " ")
        case 2: return (0..<draw(0...60)).map { _ in random.pick(Self.tokens) }.joined()
        case 3: return nested()
        case 4: return "host ~ '" + pattern() + "'"
        default: break
        }
        var scalars = Array(random.pick(expressions).unicodeScalars)
        // Few mutations leave most of the grammar intact.
        for _ in 0..<draw(1...4) { mutate(&scalars) }
        var text = ""
        text.unicodeScalars.append(contentsOf: scalars)
        return text
    }

    private mutating func nested() -> String {
        let open = random.pick(["(", "[", "not ", "!", "not (", "(not "])
        let close = open.contains("(") ? ")" : open == "[" ? "]" : ""
        let count = draw(0...300)
        return String(repeating: open, count: count) + random.pick(["valid > 1", "", "x"])
            + String(repeating: close, count: max(0, count - draw(0...1)))
    }

    private mutating func pattern() -> String {
        let parts = [
            "a", "b", ".", "*", "+", "?", "|", "(", ")", "[", "]", "^", "$", "{2}", "{1,3}", "{,9}", "{1000}", "\\d",
            "\\", "-",
            "[:alpha:]", "é", "{", "}", "[^a]", "(a|b)*",
        ]
        return (0..<draw(0...40)).map { _ in random.pick(parts) }.joined()
    }

    private mutating func mutate(_ scalars: inout [Unicode.Scalar]) {
        let place = draw(0...scalars.count)
        let length = min(draw(0...8), scalars.count - place)
        switch draw(0...5) {
        case 0: scalars.removeSubrange(place..<place + length)
        case 1, 2: scalars.insert(contentsOf: random.pick(Self.tokens).unicodeScalars, at: place)
        case 3: scalars.replaceSubrange(place..<place + length, with: random.pick(Self.tokens).unicodeScalars)
        case 4: scalars.insert(contentsOf: scalars[place..<place + length], at: draw(0...scalars.count))
        default:
            let other = Array(random.pick(expressions).unicodeScalars)
            scalars = Array((scalars[..<place] + other[min(place, other.count)...]).prefix(4_200))
        }
    }

    private mutating func draw(_ range: ClosedRange<Int>) -> Int { Int.random(in: range, using: &random) }
}
