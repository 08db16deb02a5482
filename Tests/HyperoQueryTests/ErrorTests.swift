import HyperoRedis
import HyperoSchema
import TestSupport
import Testing

@testable import HyperoQuery

/// Missing names, malformed values, and servers that are unreachable or deny access.
@Suite struct ErrorTests {
    @Test(arguments: [
        (["rank", "Digit"], "battery not found: 'Digit'. Did you mean 'Digits'?"),
        (["rank", "cnn"], "battery not found: 'cnn'. Available: 'Digits'"),
        (["rank", "Digits", "--version", "7"], "version not found: 7, battery 'Digits' has 1, 2. Try --version 2"),
        (["rank", "Digits", "--by", "tset"], "channel not found: 'tset'. Did you mean 'test'?"),
        (["rank", "Digits", "--columns", "lr,decay"], "column not found: 'decay'. Did you mean 'lr decay'?"),
        (
            ["rank", "Digits", "--columns", "param.lrr"],
            "column not found: 'param.lrr'. Did you mean 'param.lr'?"
        ),
        (
            ["show", "zzz"],
            "experiment not found: 'zzz', no id has this prefix. "
                + "List the experiments of a battery with hypero-query experiments NAME"
        ),
        (
            ["show", "A b*"],
            "experiment not found: 'A b*', an id must have 1 to 64 characters of a-z 0-9 -. "
                + "The experiments of a battery are listed by hypero-query experiments 'A b*', and curves and compare take the best "
                + "ones with --top 5"
        ),
        (["show", "aaaaaa"], "experiment is ambiguous: 'aaaaaa', a prefix of aaaaaaaaaa-1, aaaaaaaaaa-2"),
    ])
    func `An error for a missing name has suggestions, and the exit status is 3`(arguments: [String], message: String)
        throws
    {
        let fixture = try Fixture.digits()
        let outcome = try ChildProcess.run(
            "hypero-query", arguments + ["--redis", fixture.server.url, "--namespace", fixture.namespace])
        #expect(outcome.ending == .exited(3))
        #expect(outcome.stdout == "")
        #expect(outcome.stderr == "hypero-query: \(message)\n")
    }

    @Test func `An empty Redis has no batteries`() throws {
        let text =
            "no battery is declared yet. If trainings have logged, check --redis and --namespace, and see hypero-query status"
        let fixture = try Fixture()
        #expect(
            try fixture.query("rank", "x").stderr
                == "hypero-query: battery not found: 'x', \(text)\n")
        #expect(try fixture.output(["batteries"]) == "\(text)\n")
        #expect(try fixture.output(["batteries", "--format", "json"]) == "")
    }

    @Test(arguments: [
        (["rank", "x", "--limit", "0"], "--limit must be between 1 and 100000, not 0"),
        (["rank", "x", "--limit", "100001"], "--limit must be between 1 and 100000, not 100001"),
        (
            ["rank", "x", "--redis", "localhost"],
            "the Redis URL must start with redis://, redis+sentinel:// or unix://"
        ),
        (
            ["rank", "x", "--namespace", "a b"],
            "the namespace must be 1 to 64 characters of A-Z a-z 0-9 . _ -, not 'a b'"
        ),
        (["rank", "x", "--partitions", "0"], "the number of partitions must be between 1 and 16384, not 0"),
        (["rank"], "Missing expected argument '<name>'"),
        (["rank", "x", "--format", "xml"], "'xml' is invalid"),
    ])
    func `A malformed command line exits with 64 and a message that states the allowed values`(
        arguments: [String], message: String
    ) throws {
        let outcome = try ChildProcess.run("hypero-query", arguments)
        #expect(outcome.ending == .exited(64))
        #expect(outcome.stderr.hasPrefix("hypero-query: "))
        #expect(outcome.stderr.contains(message))
        #expect(outcome.stdout == "")
    }

    @Test(arguments: [
        (["rank"], 64, "Usage: hypero-query rank [<options>] <name>"),
        (["rank", "x", "--limit", "a"], 64, "See 'hypero-query rank --help' for more information."),
        (["rank", "x", "--help"], 0, "USAGE: hypero-query rank [<options>] <name>"),
        (["help", "rank"], 0, "USAGE: hypero-query rank [<options>] <name>"),
        (["--help"], 0, "USAGE: hypero-query <subcommand>"),
        (["rank", "x", "--generate-completion-script", "bash"], 0, "__hypero-query_add_completions() {"),
        (["rnk", "x"], 64, "Usage: hypero-query <subcommand>"),
    ])
    func `Help, completion scripts and usage errors name the whole program`(
        arguments: [String], status: Int32, text: String
    ) throws {
        let outcome = try ChildProcess.run("hypero-query", arguments)
        #expect(outcome.ending == .exited(status))
        #expect((status == 0 ? outcome.stdout : outcome.stderr).contains(text), "\(outcome)")
    }

    @Test func `An unreachable Redis exits with 4 and a message without the password`() throws {
        let outcome = try ChildProcess.run(
            "hypero-query", ["status", "--redis", "redis://ann@127.0.0.1:1"],
            environment: ["HYPERO_REDIS_PASSWORD": "secret"])
        #expect(outcome.ending == .exited(4))
        #expect(
            outcome.stderr == """
                hypero-query: Redis is not reachable: cannot connect to redis://ann@127.0.0.1:1: Connection refused. \
                Start it, or name another server with --redis or HYPERO_REDIS

                """)
    }

    @Test func `A URL of sentinels that lead to no primary exits with 4 and says what to write`() throws {
        let server = try RedisServer(appendOnly: false, tcp: true)
        let sentinel = try Sentinel(watching: server.port ?? 0)
        for (port, name, text) in [
            (sentinel.port, "other", "knows no primary 'other', only 'main'"),
            (server.port ?? 0, "main", "is no sentinel. Give \(server.tcpURL ?? "") for a server itself"),
        ] {
            let outcome = try ChildProcess.run(
                "hypero-query", ["status", "--redis", "redis+sentinel://127.0.0.1:\(port)/\(name)"])
            #expect(outcome.ending == .exited(4), "\(outcome)")
            #expect(outcome.stderr.hasPrefix("hypero-query: Redis is not reachable: "), "\(outcome)")
            #expect(outcome.stderr.contains(text), "\(outcome)")
        }
    }

    @Test func `A missing password is reported as a denial, and a password is read from the environment`() throws {
        let server = try RedisServer(configuration: ["requirepass secret"])
        let outcome = try ChildProcess.run("hypero-query", ["batteries", "--redis", server.url])
        #expect(outcome.ending == .exited(4))
        #expect(outcome.stderr.contains("NOAUTH") && outcome.stderr.contains("HYPERO_REDIS_PASSWORD"))
        let authenticated = try ChildProcess.run(
            "hypero-query", ["batteries", "--redis", server.url], environment: ["HYPERO_REDIS_PASSWORD": "secret"])
        #expect(authenticated.stdout.hasPrefix("no battery is declared yet. "))
    }

    @Test func `Malformed values in the keys cause warnings, and the other values are shown`() throws {
        let fixture = try Fixture()
        let battery = fixture.battery("net")
        let keys = fixture.keyspaces[0]
        fixture.experiment(
            "a-1", of: battery, maxima: ["valid": "0.5", "test": "much"], status: "gone",
            more: ["max.epoch": "soon", "started": "x"], curve: [1: "valid=0.5", 2: "valid", 3: "valid=nan"])
        fixture.write("ZADD", keys.rank(of: battery, by: "valid"), "0.25", "NOT AN ID", "inf", "a-9")
        fixture.write("ZADD", keys.rank(of: battery, by: "valid"), "0.125", "a-3")
        fixture.write("SET", keys.experiment(.init("a-3")!), "text")
        fixture.write("ZADD", keys.batteries, "1", "Bad Id", "2", "gone.v1", "3", "wrong.v1")
        fixture.write("HSET", keys.battery(.init("wrong.v1")!), "name", "wrong", "version", "one")
        try fixture.commit()
        let board = try Store(fixture.server.url, namespace: fixture.namespace).leaderboard(of: "net")
        #expect(board.rows.map(\.experiment) == ["a-9", "a-1", "NOT AN ID", "a-3"])
        #expect(board.rows.map(\.value) == [.infinity, 0.5, 0.25, 0.125])
        let tag = keys.tag
        #expect(
            Set(board.warnings) == [
                "\(tag):batteries: 'Bad Id' is not a battery id",
                "battery 'gone.v1' is listed in \(tag):batteries, but its hash is missing. Declare it again, or run "
                    + "ZREM \(tag):batteries gone.v1",
                "\(tag):battery:wrong.v1: version must be an integer, not 'one'",
                "experiment 'a-9' is ranked, but its hash is missing",
                "experiment 'a-1': status must be one of running, done, failed, stopped, lost, not 'gone'",
                "experiment 'a-1': max.epoch must be an integer, not 'soon'",
                "experiment 'a-1': max.test must be a number, not 'much'",
                "experiment 'NOT AN ID' is ranked, but its hash is missing",
                "\(tag):experiment:a-3 holds a value of another type and is left out. Rename or delete the key",
                "experiment 'a-3' is ranked, but its hash is missing",
            ])
        let shown = try fixture.query("show", "a-1", "--format", "csv")
        #expect(shown.succeeded)
        #expect(shown.stdout == "epoch,valid\r\n1,0.5\r\n3,nan\r\n")
        #expect(shown.stderr.contains("malformed rows in \(tag):experiment:a-1:curve: 1 of 3, for example epoch '2'"))
    }

    @Test(arguments: ["SET", "HSET", "XADD", "ZADD"])
    func `Keys of a wrong type cause warnings or errors, and no crash`(command: String) throws {
        let fixture = try Fixture()
        let battery = fixture.battery("net")
        fixture.experiment("a-1", of: battery, maxima: ["valid": "0.5"], params: ["lr": "1"])
        let keys = fixture.keyspaces[0]
        let id = keys.experiment(.init("a-1")!)
        for key in [
            keys.rank(of: battery, by: "valid"), keys.columns(of: battery), keys.experiments(of: battery), id,
            id + ":curve", keys.ingest, keys.lease, keys.events, keys.dead,
        ] {
            fixture.write("DEL", key)
            fixture.write(
                [command, key]
                    + (["SET": ["x"], "HSET": ["f", "v"], "XADD": ["*", "f", "v"]][command] ?? ["1", "m"]))
        }
        try fixture.commit()
        for arguments in [
            ["rank", "net"], ["batteries"], ["status"], ["show", "a-1"], ["rank", "net", "--columns", "lr"],
        ] {
            let outcome = try ChildProcess.run(
                "hypero-query", arguments + ["--redis", fixture.server.url, "--namespace", fixture.namespace])
            #expect([.exited(0), .exited(3)].contains(outcome.ending), "\(arguments) \(outcome)")
        }
    }

    @Test func `A closed pipe ends the program without an error`() throws {
        let fixture = try Fixture.digits()
        let outcome = try ChildProcess.run(
            "/bin/sh",
            [
                "-c", "{ \"$0\" rank Digits --namespace \(fixture.namespace); echo $? >&2; } | :",
                "\(ChildProcess.productsDirectory)/hypero-query",
            ], environment: ["HYPERO_REDIS": fixture.server.url])
        #expect(outcome.stderr == "0\n")
    }

    @Test func `The full stop of a Redis error is removed in the middle of a message`() throws {
        let reply = RedisError(reply: "WRONGPASS invalid username-password pair or user is disabled.")
        let error = QueryError(reply, server: try RedisURL("redis://db"))
        #expect(
            error.description == "permission denied: WRONGPASS invalid username-password pair or user is disabled "
                + "(redis://db:6379)")
        #expect(error.category == .denied)
    }
}
