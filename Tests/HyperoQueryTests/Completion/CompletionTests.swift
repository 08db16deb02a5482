import HyperoSchema
import TestSupport
import Testing

/// The candidates for a command line, without a shell.
@Suite struct CompletionTests {
    private static let columns = [
        "$(touch touched)", "a,b", "lr", "lr decay", "test", "valid",
    ]

    @Test(
        arguments: [
            ("ra", ["rank"]), ("he", ["help"]), ("help ra", ["rank"]), ("help he", []), ("help rank ", []),
            ("help --v", []), ("rank 'digits mlp' --sort param.*", []), ("rank 'digits mlp' --group last", []),
            ("rank 'digits mlp' --columns 'param.*", ["param.*"]),
            ("co", ["compare", "columns", "completions"]), ("complete", []),
            ("--format js", ["json"]),
            ("--f", ["--format"]), ("--v", ["--version"]), ("--h", ["--help"]), ("-x", []),
            ("--format json ra", ["rank"]),
            ("unknown ", []), ("export x --format md", []), ("export x --format mark", ["markdown"]),
            ("status --format ", ["table", "json", "csv", "prometheus"]),
            ("rank x --format ", ["table", "json", "csv"]), ("rank x --color a", ["auto", "always"]),
            ("rank x --status ", ["running", "done", "failed", "stopped", "lost"]), ("rank x --st", ["--status"]),
            ("rank x --ascend", ["--ascending"]), ("rank x --desc", ["--descending"]),
            ("rank x --limit ", []), ("rank --format=c", ["--format=csv"]), ("curves --x t", ["time"]),
            ("curves --marker b", ["braille", "block"]), ("completions ", ["bash", "zsh", "fish"]),
            // Batteries: the newest first. A name that looks like an option needs `--`.
            ("rank dig", ["digits mlp"]), ("rank \"dig", ["digits mlp"]), ("rank 'digits m", ["digits mlp"]),
            ("rank digits\\ m", ["digits mlp"]), ("rank -", nil), ("rank -d", []), ("rank -- -d", ["-dash"]),
            ("curves --top 5 dig", ["digits mlp"]), ("rank dig --version ", []),
            ("rank 'digits mlp' --version ", ["2"]), ("rank --version 1 dig", ["digits mlp"]),
            // After the arguments, options follow.
            ("rank 'digits mlp' --delt", ["--delta"]), ("rank 'digits mlp' dig", []),
            // Experiments.
            ("show wn", ["wnvkcb71j3-3", "wnvkcb71j2-2", "wnvkcb71j1-1"]), ("show a wnvkcb71j2", ["wnvkcb71j2-2"]),
            // Columns.
            ("rank 'digits mlp' --columns l", ["lr", "lr decay", "last_seen"]),
            ("rank 'digits mlp' --columns=lr,te", ["--columns=lr,test"]),
            ("rank 'digits mlp' --columns param.l", ["param.lr", "param.lr decay"]),
            (
                "rank 'digits mlp' --columns 'x,par",
                ["x,param.$(touch touched)", "x,\"param.a,b\"", "x,param.lr", "x,param.lr decay", "x,param.*"]
                    .filter { $0.hasPrefix("x,par") }
            ),
            ("rank 'digits mlp' --sort -te", ["-test"]), ("rank 'digits mlp' --sort ra", ["rank"]),
            ("rank 'digits mlp' --by ", ["test", "valid", "aux"]), ("rank 'digits mlp' --group se", ["seed"]),
            ("rank 'digits mlp' --pareto max.v", ["max.valid:max", "max.valid:min"]),
            ("rank 'digits mlp' --columns new", []), ("export 'digits mlp' --params l", ["lr", "lr decay"]),
            ("export 'digits mlp' --metas ", []), ("export 'digits mlp' --maxima t,a", ["t,aux"]),
            ("export 'digits mlp' --order-by ra", []),
        ] as [(String, [String]?)])
    func `The candidates complete the word at the cursor`(line: String, words: [String]?) throws {
        let fixture = try Fixture.completion()
        let found = try fixture.candidates("zsh", "hypero-query \(line)").map { String($0.prefix { $0 != "\t" }) }
        if let words { #expect(found == words) } else { #expect(found.contains("--limit") && !found.contains("-dash")) }
    }

    @Test(
        arguments: [
            ("dig", "digits\\ mlp"), ("\"dig", "digits mlp"), ("'dig", "digits mlp"), ("\"digits\" ", nil),
            ("\"digits mlp\"", nil),
            ("$", nil), ("\\$", "\\$\\(touch\\ touched\\)"), ("'$", "$(touch touched)"),
            ("\"\\$", "\\$(touch touched)"),
            ("it", "it\\'s\\ a\\ \\\"net\\\""), ("'it", nil), ("\"it", nil), ("\\!", "\\!bang"), ("'!", "!bang"),
            ("\"!", nil),
            ("back", "back\\\\slash"), ("\\~", "\\~root\\ \\*\\?\\[x\\]\\{1,2\\}\\ \\#c"), ("a:b=", "c@d,e"),
            ("a:", "b=c@d,e"),
            ("a:b", "b=c@d,e"), ("\"a:b", "a:b=c@d,e"), ("--columns= x", nil), ("p", "päß\\ 日本"),
        ] as [(String, String?)])
    func `bash gets the text after its separators, with the quotes of the word`(typed: String, text: String?) throws {
        let found = try Fixture.completion().candidates("bash", "hypero-query rank \(typed)")
            .map { String($0.prefix { $0 != "\t" }) }
        if let text {
            #expect(found.contains(text), "\(found)")
        } else {
            #expect(!found.contains { $0.contains("net") })
        }
        #expect(found.allSatisfy { word in !word.unicodeScalars.contains { $0.value < 32 } })
    }

    @Test func `Candidates have descriptions without control characters, and open ones say so`() throws {
        let fixture = try Fixture.completion()
        #expect(try fixture.candidates("fish", "hypero-query rank dig") == ["digits mlp\t3 experiments"])
        #expect(
            try fixture.candidates("fish", "hypero-query rank 'digits mlp' --version ") == ["2\twide\\x1b[31m"])
        #expect(
            try fixture.candidates("zsh", "hypero-query show wnvkcb71j3") == ["wnvkcb71j3-3\tvalid 0.3, digits mlp"])
        #expect(
            try fixture.candidates("bash", "hypero-query rank digits\\ mlp --by va") == ["valid\tchannel\tnospace"])
        #expect(try fixture.candidates("fish", "hypero-query rank digits\\ mlp --by va") == ["valid\tchannel"])
        // An unknown shell and a line without a word get nothing.
        #expect(try fixture.candidates("csh", "hypero-query ra") == [])
        #expect(try fixture.candidates("zsh", "") == (try fixture.candidates("zsh", "hypero-query ")))
        let names = try fixture.candidates("zsh", "hypero-query rank ").map { String($0.prefix { $0 != "\t" }) }
        #expect(Set(names) == Set(Fixture.hostileNames))
    }

    @Test func `A server that does not exist, hangs or is no server gives no candidates and no message`() throws {
        let server = try RedisServer(appendOnly: false)
        let fixture = try Fixture.completion(on: server)
        let line = "hypero-query rank dig"
        #expect(try fixture.candidates("zsh", line).count == 1)
        for url in ["redis://127.0.0.1:1", "unix:///nonexistent/redis.sock", "http://example", "redis://", "🦆"] {
            #expect(try fixture.candidates("zsh", line, environment: ["HYPERO_REDIS": url]) == [])
            #expect(try fixture.candidates("zsh", "hypero-query --redis \(url) rank dig") == [])
        }
        let fake = try FakeServer { connection in
            while connection.command() != nil { connection.send("-WRONGTYPE x\r\n") }
        }
        #expect(try fixture.candidates("zsh", line, environment: ["HYPERO_REDIS": fake.url]) == [])
        server.suspend()
        defer { server.resume() }
        // The candidates that need no server remain.
        for limit in ["150", "1", "0", "-5", "soon"] {
            #expect(try fixture.candidates("zsh", line, environment: ["HYPERO_COMPLETION_TIMEOUT": limit]) == [])
        }
        #expect(try fixture.candidates("zsh", "hypero-query rank x --status do") == ["done\t"])
    }
}
