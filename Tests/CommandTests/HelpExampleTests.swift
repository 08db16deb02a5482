import Foundation
import HyperoSchema
import HyperoSearch
import TestSupport
import Testing

/// Runs the examples of the help of each command as they are printed, against the data of the demo.
@Suite struct HelpExampleTests {
    /// The commands of hypero-query that have examples; the empty name is the program itself.
    private static let queries = [
        "", "batteries", "versions", "rank", "experiments", "show", "curves", "compare", "columns", "importance",
        "export",
        "status", "dead", "verify", "watch", "completions", "search", "explain",
    ]

    @Test(.enabled("jq is not installed") { isInPath("jq") }) func `The examples of hypero-query run`() throws {
        let folder = try TemporaryFolder()
        let server = try Self.demo(in: folder)
        for name in Self.queries {
            let command = name.isEmpty ? [] : [name]
            try Self.run(Self.examples(of: "hypero-query", command), of: "hypero-query \(name)", in: folder, server)
        }
    }

    @Test(arguments: ["", "run", "adopt", "requeue", "discard", "delete", "rebuild", "journals", "acl"])
    func `The examples of hypero-ingest run`(command: String) throws {
        let folder = try TemporaryFolder()
        let server = try Self.demo(in: folder)
        let experiments = server.cli("ZRANGE", server.cli("--raw", "KEYS", "*:experiments"), "0", "1")
        let letters = try ChildProcess.run(
            "bash", ["-c", "hypero-query dead --format json | sed -nE 's/.*\"id\":\"([0-9-]+)\".*/\\1/p'"],
            environment: Self.environment(folder, server))
        let ids = (experiments + "\n" + letters.stdout).split(separator: "\n")
        try #require(ids.count == 4)
        var examples = try Self.examples(of: "hypero-ingest", command.isEmpty ? [] : [command])
        let named = ["k3v9x2mq7d-17", "k3v9x2mq7d-18", "1763899200000-0", "1763899200000-1"]
        for (id, example) in zip(ids, named) { examples = examples.replacingOccurrences(of: example, with: id) }
        // A deletion or a rebuild is carried out by the ingest that runs.
        let ingest =
            ["", "delete", "rebuild"].contains(command)
            ? try ChildProcess("hypero-ingest", ["--redis", server.url]) : nil
        defer { ingest?.kill() }
        // Each example finds the dead letters that it names, whatever the one before did with them.
        let restore = "redis-cli -s .demo/redis.sock COPY '{hypero}:dead-copy' '{hypero}:dead' REPLACE >/dev/null"
        #expect(server.cli("COPY", "{hypero}:dead", "{hypero}:dead-copy") == "1")
        let lines = examples.split(separator: "\n").flatMap { [restore, String($0)] }
        try Self.run(lines.joined(separator: "\n"), of: "hypero-ingest \(command)", in: folder, server)
    }

    private static func isInPath(_ program: String) -> Bool {
        (try? ChildProcess.run("sh", ["-c", "command -v \(program)"]).succeeded) ?? false
    }

    /// The snapshot of a server that has the data and the dead letters that the examples name. The trainings run once for all tests.
    private static let snapshot = Result {
        let server = try RedisServer(appendOnly: false)
        for _ in 1...2 { server.cli("XADD", "{hypero}:events", "*", "event", "unknown", "comment", "none") }
        let demo = try ChildProcess.run(
            "hypero-demo", ["--experiments", "10", "--workers", "2", "--epochs", "4"],
            environment: ["HYPERO_REDIS": server.url], within: .seconds(120))
        try #require(demo.succeeded, "\(demo)")
        addSearch(to: server)
        let drained = try ChildProcess.run(
            "hypero-ingest", ["--drain"], environment: ["HYPERO_REDIS": server.url], within: .seconds(60))
        try #require(drained.succeeded, "\(drained)")
        try #require(server.cli("SAVE") == "OK")
        return try Data(contentsOf: URL(fileURLWithPath: server.folder.file("dump.rdb")))
    }

    /// Adds the search and the trial that the examples name, to the battery of the demo.
    private static func addSearch(to server: RedisServer) {
        func add(_ event: String, _ fields: String...) {
            server.cli(
                ["XADD", "{hypero}:events", "*", "event", event, "battery", "digits-mlp.v1.29ad403f"] + fields)
        }
        let momentum = PriorSampler(seed: 1, trial: 41).uniform("momentum", low: 0, high: 0.95)
        let trial = "s3f09c1aa-41"
        add("search", "search", "s3f09c1aa", "trials", "200", "seed", "1", "sampler", "random")
        add("start", "experiment", trial, "attempt", "1")
        add(
            "param", "experiment", trial, "param.momentum", Number.text(of: momentum), "space.momentum",
            "uniform 0 0.95")
        add("epoch", "experiment", trial, "epoch", "1", "curve.valid", "0.5", "curve.test", "0.5")
        add("end", "experiment", trial, "status", "done")
    }

    /// Starts a server with the data of the demo, as `.demo/redis.sock` of a folder.
    private static func demo(in folder: TemporaryFolder) throws -> RedisServer {
        let server = try RedisServer(appendOnly: false)
        server.stop()
        try snapshot.get().write(to: URL(fileURLWithPath: server.folder.file("dump.rdb")))
        try server.restart()
        try #require(server.cli("CONFIG", "SET", "appendonly", "yes") == "OK")
        try FileManager.default.createDirectory(atPath: folder.file(".demo/journal"), withIntermediateDirectories: true)
        try FileManager.default.createSymbolicLink(
            atPath: folder.file(".demo/redis.sock"), withDestinationPath: server.socket)
        return server
    }

    /// Returns the lines under `EXAMPLES` in a help as a script for bash.
    private static func examples(of program: String, _ command: [String]) throws -> String {
        let help = try ChildProcess.run(program, command + ["--help"])
        let lines = help.stdout.split(separator: "\n", omittingEmptySubsequences: false)
        let list = lines.drop { !$0.hasPrefix("EXAMPLES") }.dropFirst().prefix { $0.hasPrefix("  ") }
        try #require(!list.isEmpty, "the help of \(program) \(command) has no examples")
        return list.map(runnable).joined(separator: "\n")
    }

    /// Returns an example that ends by itself and asks nothing.
    private static func runnable(_ line: Substring) -> String {
        let command = line.trimmingCharacters(in: .whitespaces)
        if ["hypero-ingest", "hypero-ingest run"].contains(command) || command.hasSuffix("--watch") {
            return "endless \(command)"
        }
        let asks =
            ["hypero-ingest delete", "hypero-ingest discard"].contains(where: command.hasPrefix)
            && !command.contains("--yes") && !command.contains("--dry-run")
        return asks ? command + " --yes" : String(line)
    }

    private static func run(
        _ examples: String, of command: String, in folder: TemporaryFolder, _ server: RedisServer
    ) throws {
        // Programs that a user has, and a new machine has not: they read what they are given.
        let script = """
            set -e -o pipefail
            mkdir -p ~/.local/share/bash-completion/completions ~/.zfunc ~/.config/fish/completions
            command -v duckdb >/dev/null || duckdb() { cat; }
            endless() {
                local code=0
                timeout --preserve-status --signal=TERM 1 "$@" || code=$?
                # The program may receive the signal before it handles it.
                ((code == 0 || code == 143))
            }
            trap 'echo "failed: $BASH_COMMAND" >&2' ERR
            cd -- "$HOME"
            \(examples)
            """
        let environment = environment(folder, server)
        let outcome = try ChildProcess.run("bash", ["-c", script], environment: environment, within: .seconds(120))
        #expect(outcome.succeeded, "\(command): \(outcome.stderr)")
        // The scripts of completions go to files.
        #expect(!outcome.stdout.isEmpty || command == "hypero-query completions", "\(command) prints nothing")
    }

    private static func environment(_ folder: TemporaryFolder, _ server: RedisServer) -> [String: String] {
        let path = ProcessInfo.processInfo.environment["PATH"] ?? "/usr/bin:/bin"
        return ["HOME": folder.path, "HYPERO_REDIS": server.url, "PATH": "\(ChildProcess.productsDirectory):\(path)"]
    }
}
