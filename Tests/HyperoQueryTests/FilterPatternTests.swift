import Glibc
import TestSupport
import Testing

@testable import HyperoQuery

/// The regular expressions and the patterns of SQL in filters.
@Suite struct FilterPatternTests {
    @Test func `Random patterns match what regexec matches`() throws {
        var random = SeededGenerator(seed: 14)
        let parts = [
            "a", "b", "c", ".", "a*", "b+", "c?", "(", ")", "|", "[ab]", "[^a]", "^", "$", "{2}", "{1,2}", "{0,1}",
            "(a|b)", "(ab)*",
            "[a-b]+", "(a|)",
        ]
        var compared = 0
        for _ in 0..<20_000 {
            let pattern = (0..<Int.random(in: 1...7, using: &random)).map { _ in random.pick(parts) }.joined()
            guard let own = try? FilterPattern(pattern) else { continue }
            var regex = regex_t()
            guard regcomp(&regex, pattern, REG_EXTENDED | REG_NOSUB) == 0 else { continue }
            defer { regfree(&regex) }
            for _ in 0..<5 {
                let text = (0..<Int.random(in: 0...6, using: &random)).map { _ in random.pick(["a", "b", "c"]) }
                    .joined()
                let expected = regexec(&regex, text, 0, nil, 0) == 0
                #expect(own.matches(text) == expected, "\(pattern) in \(text)")
                compared += 1
            }
        }
        #expect(compared > 20_000)
    }

    @Test func `The search for a literal changes no result of the automaton`() throws {
        var random = SeededGenerator(seed: 15)
        let parts = [
            "a", "é", "日", "ab", "a{2}", "(ab){1,2}", "(aé)+", "b*", "c?", "(日|b)", "[ab]", ".", "^", "$", "(b$)",
            "a{0}",
            "(a{2}){2}", "()", "(^a)",
        ]
        let letters = ["a", "b", "é", "日"]
        for _ in 0..<5_000 {
            let text = (0..<Int.random(in: 1...4, using: &random)).map { _ in random.pick(parts) }.joined()
            guard let pattern = try? FilterPattern(text) else { continue }
            for _ in 0..<5 {
                let value = (0..<Int.random(in: 0...8, using: &random)).map { _ in random.pick(letters) }.joined()
                #expect(pattern.matches(value) == pattern.isAccepted(value), "\(text) in \(value)")
            }
        }
        // The end of the text that is looked at, also within a character.
        for (pattern, ending) in [("xé", "xé"), ("é", "é"), ("日$", "日"), ("^.*z", "z"), ("aaz", "z")] {
            let pattern = try FilterPattern(pattern)
            for count in 4_090...4_100 {
                for value in [
                    String(repeating: "a", count: count) + ending, String(repeating: "é", count: count / 2) + ending,
                ] {
                    #expect(pattern.matches(value) == pattern.isAccepted(value), "\(pattern) after \(count)")
                }
            }
        }
    }

    @Test(
        arguments: [
            ("abc", "abc", true), ("^abc", "abc", false), ("abc$", "abc", false), ("gpu-[0-9]+", "gpu-", false),
            ("x*abcd?e", "abc", false), ("(ab){2}c", "ababc", true), ("(ab){2,3}c", "abab", false),
            ("a+bc", "bc", false),
            ("(foo|bar)", "", false), ("(foo|bar)bazz", "bazz", false), ("a{0}b", "b", true), ("", "", true),
            (".*", "", false),
            ("((ab)c)d", "abcd", true), ("a\\.b", "a.b", true),
            ("(a{200}){2}", String(repeating: "a", count: 200), false),
        ] as [(String, String, Bool)])
    func `The longest text that each match contains is known`(pattern: String, text: String, isWhole: Bool) throws {
        let literal = PatternLiteral(of: try PatternParser.parse(pattern))
        #expect(String(decoding: literal.bytes, as: UTF8.self) == text)
        #expect(literal.isWholePattern == isWhole)
    }

    @Test(arguments: [
        "(a*)*{200}", "(a*)*", "(.*.*)*x", "(a|b)*a(a|b){100}c", "(a|b)*a(a|b){250}c", "(a?){250}a{250}c",
        "(^|a|$)*{100}",
        "((((((((((a|b)*)*)*)*)*)*)*)*)*)*c", "(.*a.*b.*a.*b.*)*c", "(|){200}c", "a****c",
    ])
    func `Hostile patterns end for a text of 64 KiB, of which the first 4 KiB are looked at`(pattern: String) throws {
        let text = String(repeating: "ab", count: 32_768)
        let compiled = try FilterPattern(pattern)
        #expect(compiled.matches(text) == (pattern.hasSuffix("c") || pattern.hasSuffix("x") ? false : true))
        #expect(try !FilterPattern("c").matches(text + "c"))
        #expect(try !FilterPattern("b$").matches(text))
        #expect(try FilterPattern("^a").matches(text))
    }

    @Test(arguments: [
        "a{1001}", "(a*)*{1000}", "(|){1000}", "((a{100}){100}){100}", "(){1000}{1000}{1000}",
        "((((((((((){9}){9}){9}){9}){9}){9}){9}){9}){9}){9}",
        String(repeating: "(", count: 33) + String(repeating: ")", count: 33), "a" + String(repeating: "*", count: 33),
        "[a", "[]", "[b-a]", "[[:nothing:]]", "[[.a.]]", "(", ")", "a{", "a{,}", "a{2,1}", "{2}", "*", "\\", "\\1",
        "\\q",
    ])
    func `Patterns that are wrong or too large are refused`(pattern: String) {
        #expect(throws: FilterPattern.Problem.self) { try FilterPattern(pattern) }
    }

    @Test func `The patterns of SQL match whole texts`() {
        for (pattern, text, isMatch) in [
            ("", "", true), ("", "a", false), ("%", "", true), ("_", "", false), ("_", "é", true), ("_", "🚀", true),
            ("__", "é", false), ("a%b%c", "axxbxbxc", true), ("a%b%c", "axxcxb", false), ("%%a", "bba", true),
            ("\\%", "%", true), ("\\%", "a", false), ("\\", "", false), ("\\", "\\", true), ("\\\\", "\\", true),
            ("\\_", "_", true), ("\\_", "a", false), ("C:\\runs\\3", "C:\\runs\\3", true),
            ("C:\\runs\\\\%", "C:\\runs\\3", true),
            ("C:\\runs%", "C:\\runs\\3", true), ("C:\\runs\\%", "C:\\runs\\3", false), ("%é", "caé", true),
            ("%\u{301}", "e\u{301}", true),
            ("%ab%ab%ab%ab%c", String(repeating: "ab", count: 2_000), false),
        ] {
            #expect(LikePattern(pattern, ignoresCase: false).matches(text) == isMatch, "\(pattern) \(text.prefix(20))")
        }
        #expect(LikePattern("ÄÖ%", ignoresCase: true).matches("äöü"))
    }
}
