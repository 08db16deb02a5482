import HyperoSchema
import TestSupport

extension Fixture {
    /// Names that a shell would run, expand or split, and some that no shell can show.
    static let hostileNames = [
        "$(touch touched)", "`touch touched`", "it's a \"net\"", "a; touch touched",
        "a && touch touched | cat > touched",
        "~root *?[x]{1,2} #c", "back\\slash", "!bang", "a:b=c@d,e", "päß 日本", "%s ^x", "digits mlp",
    ]
    static let unprintableNames = [
        "new\nline; touch touched", "tab\ttab", "esc\u{1B}[31m", "bell\u{7}", "\u{202E}bidi",
    ]

    /// Writes a battery of three experiments beside batteries of hostile names.
    static func completion(on server: RedisServer? = nil) throws -> Fixture {
        let fixture = try Fixture(on: server)
        for name in hostileNames + unprintableNames where name != "digits mlp" { fixture.battery(name) }
        let battery = fixture.battery("digits mlp", version: 2, description: "wide\u{1B}[31m")
        for number in 1...3 {
            fixture.experiment(
                "wnvkcb71j\(number)-\(number)", of: battery, maxima: ["valid": "0.\(number)", "test": "0.5"],
                params: ["lr": "1", "lr decay": "2", "a,b": "3", "$(touch touched)": "4"], meta: ["new\nname": "5"],
                curve: [1: "valid=1 aux=2"])
        }
        fixture.battery("-dash")
        try fixture.commit()
        return fixture
    }

    /// Returns the answer of `hypero-query complete` to a command line up to the cursor.
    func candidates(
        _ shell: String, _ line: String, wordBreaks: String = " \t\n\"'@><=;|&(:", environment: [String: String] = [:]
    ) throws -> [String] {
        // A busy machine needs more than the usual time.
        let outcome = try query(
            "complete", [shell, line] + (shell == "bash" ? [wordBreaks] : []),
            environment: ["HYPERO_COMPLETION_TIMEOUT": "20000"].merging(environment) { $1 })
        guard outcome.succeeded, outcome.stderr.isEmpty else { throw TestFailure("\(line): \(outcome)") }
        return outcome.stdout.split(separator: "\n", omittingEmptySubsequences: false).dropLast().map(String.init)
    }
}
