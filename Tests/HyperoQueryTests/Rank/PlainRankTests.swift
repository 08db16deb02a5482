import TestSupport
import Testing

/// `rank` reads its own most usual options. `--flag=value` is the form that the parser of all options reads.
@Suite struct PlainRankTests {
    @Test(arguments: [
        [["--by", "test"]], [["--limit", "1"]], [["--limit", "+2"]], [["--version", "2"]], [["--columns", "lr,test"]],
        [["--columns", "lr"], ["--columns", "max.*"]], [["--status", "done"], ["--status", "running"]],
        [["--limit", "1"], ["--limit", "3"]], [["--format", "json"], ["--limit", "2"]], [["--format", "csv"]],
        [["--color", "always"]], [["--partitions", "1"]], [["--by", "loss"]], [["--namespace", "none"]],
        // Both forms are errors.
        [["--limit", "0"]], [["--limit", "many"]], [["--limit", "-1"]], [["--version", "1.5"]], [["--status", "gone"]],
        [["--columns", ","]], [["--format", "yaml"]], [["--color", "red"]], [["--redis", "http://x"]],
        [["--limit", "99999999999999999999"]],
    ])
    func `An option and its value mean the same in one word and in two`(options: [[String]]) throws {
        let fixture = try Fixture.digits()
        let server = ["--redis", fixture.server.url]
        func run(_ arguments: [String]) throws -> ChildProcess.Outcome {
            try ChildProcess.run(
                "hypero-query", ["rank", "Digits"] + arguments,
                environment: ["TZ": "UTC", "LC_ALL": "C.UTF-8", "HYPERO_NAMESPACE": fixture.namespace])
        }
        let two = try run(server + options.flatMap { $0 })
        let one = try run(server + options.map { "\($0[0])=\($0[1])" })
        #expect(two.stdout == one.stdout && two.stderr == one.stderr && two.ending == one.ending)
    }

    @Test(arguments: [[], ["a", "b"], ["a", "--limit"], ["a", "--by", "--limit"], ["a", "--best"]])
    func `Other arguments go to the parser of all options`(arguments: [String]) throws {
        let outcome = try ChildProcess.run(
            "hypero-query", ["rank", "--redis", "unix:///nowhere/redis.sock"] + arguments)
        #expect(outcome.ending == .exited(64), "\(outcome.stderr)")
    }
}
