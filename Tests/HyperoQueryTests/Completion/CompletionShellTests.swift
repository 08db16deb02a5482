import Foundation
import TestSupport
import Testing

/// The completion scripts in their shells.
@Suite struct CompletionShellTests {
    /// Runs a script of a shell in an empty folder, with hypero-query in its path.
    ///
    /// - Returns: the output, and the names of the files in the folder after it.
    private func run(_ shell: String, _ script: String, _ fixture: Fixture) throws -> (output: String, files: [String])
    {
        let folder = try TemporaryFolder()
        let path = ChildProcess.productsDirectory + ":" + (ProcessInfo.processInfo.environment["PATH"] ?? "")
        let options = shell == "bash" ? ["--norc", "--noprofile"] : shell == "zsh" ? ["-f"] : ["--no-config"]
        let outcome = try ChildProcess.run(
            shell, options + ["-c", "cd '\(folder.path)' || exit 9\n" + script],
            environment: [
                "PATH": path, "HOME": folder.path, "TERM": "xterm", "LC_ALL": "C.UTF-8",
                "HYPERO_REDIS": fixture.server.url,
                "HYPERO_NAMESPACE": fixture.namespace, "HYPERO_COMPLETION_TIMEOUT": "20000",
                "XDG_CONFIG_HOME": folder.path, "XDG_DATA_HOME": folder.path,
            ])
        guard outcome.succeeded else { throw TestFailure("\(shell): \(outcome)") }
        return (outcome.stdout, try FileManager.default.contentsOfDirectory(atPath: folder.path).sorted())
    }

    /// Returns whether a program is in the path. Only bash is everywhere.
    private static func isInstalled(_ program: String) -> Bool {
        (try? ChildProcess.run("/bin/sh", ["-c", "command -v \(program)"]).succeeded) ?? false
    }

    static let hasZsh = isInstalled("zsh")
    static let hasFish = isInstalled("fish")

    @Test(arguments: [
        ("hypero-query rank dig", ["digits\\ mlp"]), ("hypero-query rank \"dig", ["digits mlp"]),
        ("hypero-query ra", ["rank"]), ("hypero-query rank a:b=c", ["c@d,e"]),
        ("hypero-query rank digits\\ mlp --columns=lr,te", ["lr,test"]), ("hypero-query rank unknown", []),
    ])
    func `bash replaces the word at the cursor`(line: String, replies: [String]) throws {
        let script = """
            source <(hypero-query completions bash) || exit 8
            COMP_LINE=\(quoted(line))
            COMP_POINT=${#COMP_LINE}
            COMP_WORDS=(hypero-query)
            _hypero_query
            for reply in "${COMPREPLY[@]}"; do printf '%s\\n' "$reply"; done
            """
        let output = try run("bash", script, try Fixture.completion()).output
        #expect(output.split(separator: "\n").map(String.init) == replies)
    }

    @Test func `A word that bash inserts is one argument, and runs no command`() throws {
        let script = """
            source <(hypero-query completions bash) || exit 8
            COMP_LINE='hypero-query rank '
            COMP_POINT=${#COMP_LINE}
            COMP_WORDS=(hypero-query)
            _hypero_query
            for reply in "${COMPREPLY[@]}"; do
                eval "set -- $reply"
                printf '%s %s\\n' "$#" "$1"
            done
            """
        let (output, files) = try run("bash", script, try Fixture.completion())
        #expect(
            Set(output.split(separator: "\n").map(String.init)) == Set(Fixture.hostileNames.map { "1 \($0)" }))
        #expect(files == [])
    }

    @Test(
        .enabled(if: hasZsh, "zsh is not installed"),
        arguments: [
            ("rank dig", "<rank><digits mlp>"), ("rank \"digits m", "<rank><digits mlp>"),
            ("rank digits\\ m", "<rank><digits mlp>"), ("rank \\!", "<rank><!bang>"),
            ("rank '~", "<rank><~root *?[x]{1,2} #c>"),
            ("rank '$(", "<rank><$(touch touched)>"), ("rank '`", "<rank><`touch touched`>"),
            ("rank it", "<rank><it's a \"net\">"), ("rank back", "<rank><back\\slash>"),
            ("rank a:", "<rank><a:b=c@d,e>"),
            ("rank 'a;", "<rank><a; touch touched>"), ("rank p", "<rank><päß 日本>"),
            ("rank 'digits mlp' --columns=te", "<rank><digits mlp><--columns=test>"),
            ("show wnvkcb71j1", "<show><wnvkcb71j1-1>"),
            ("--format js", "<--format><json>"),
            // A name that needs backticks, whose beginning was typed without them.
            ("rank one --where \"lr\t< 1\"", "<rank><one><--where><`lr decay` < 1>"),
        ])
    func `zsh inserts one argument for the word, and runs no command`(typed: String, arguments: String) throws {
        // The function shows the arguments of the completed line. TAB completes in the terminal of zpty.
        let script = """
            zmodload zsh/zpty || exit 7
            zpty shell zsh -f -i
            zpty -w shell "cd $PWD; PS1=; autoload -U compinit; compinit -u -D; source <(command hypero-query completions zsh)"
            zpty -w shell 'hypero-query() { if [[ $1 == complete ]]; then command hypero-query "$@"; else \
            printf "<%s>" "$@" > shown.part; mv shown.part shown; fi }'
            zpty -w -n shell \(quoted("hypero-query \(typed)\t\n"))
            zpty -w shell exit
            while zpty -r shell line 2>/dev/null; do :; done
            zpty -d shell
            cat shown
            """
        let fixture = try Fixture.completion()
        if typed.contains("one") {
            fixture.experiment("o-1", of: fixture.battery("one"), params: ["lr decay": "1"])
            try fixture.commit()
        }
        let (output, files) = try run("zsh", script, fixture)
        #expect(output == arguments)
        #expect(files == ["shown"])
    }

    @Test(.enabled(if: hasFish, "fish is not installed"))
    func `fish offers words that it quotes itself, and runs no command`() throws {
        let fixture = try Fixture.completion()
        func complete(_ line: String) throws -> [String] {
            let script =
                "hypero-query completions fish | source; or exit 8; complete -C \(quoted("hypero-query \(line)"))"
            let (output, files) = try run("fish", script, fixture)
            #expect(!files.contains("touched"))
            return output.split(separator: "\n").map(String.init)
        }
        #expect(try complete("rank di") == ["digits mlp\t3 experiments"])
        #expect(try complete("ra") == ["rank\tRank the experiments of a battery."])
        #expect(try complete("rank 'digits mlp' --columns=lr,te") == ["--columns=lr,test\tvalue at the best epoch"])
        #expect(try complete("rank unknown") == [])
        #expect(try complete("rank ").count == Fixture.hostileNames.count)
    }

    @Test(arguments: ["bash", "zsh", "fish"])
    func `A script starts no process when a shell loads it`(shell: String) throws {
        let script = try ChildProcess.run("hypero-query", ["completions", shell])
        #expect(script.succeeded && script.stderr.isEmpty)
        guard shell == "bash" || shell == "zsh" && Self.hasZsh || shell == "fish" && Self.hasFish else { return }
        let folder = try TemporaryFolder()
        try script.stdout.write(toFile: folder.file("script"), atomically: true, encoding: .utf8)
        // Without a path, no program can be found.
        let check = try ChildProcess.run(
            "/bin/sh", ["-c", "exec env PATH=/nonexistent \"$(command -v \(shell))\" -c '. \(folder.file("script"))'"],
            environment: ["HOME": folder.path])
        #expect(check.stderr.isEmpty, "\(check)")
    }

    @Test func `Another shell is refused`() throws {
        let outcome = try ChildProcess.run("hypero-query", ["completions", "csh"])
        #expect(outcome.ending == .exited(64))
        #expect(outcome.stderr.hasPrefix("hypero-query: the shell must be one of bash, zsh, fish, not 'csh'\n"))
    }

    /// Returns a text for a shell. All three shells take a quote within single quotes as `'\''`.
    private func quoted(_ text: String) -> String {
        "'" + text.replacingOccurrences(of: "'", with: "'\\''") + "'"
    }
}
