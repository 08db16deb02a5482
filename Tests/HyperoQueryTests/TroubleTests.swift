import HyperoRedis
import HyperoSchema
import TestSupport
import Testing

@testable import HyperoQuery

/// What is not there, not as it should be, or not allowed.
@Suite struct TroubleTests {
    @Test(
        "What does not exist is one sentence with the nearest names, and exit 3",
        arguments: [
            (["rank", "Digit"], "there is no battery 'Digit': did you mean 'Digits'?"),
            (["rank", "cnn"], "there is no battery 'cnn': there is 'Digits'"),
            (["rank", "Digits", "--version", "7"], "'Digits' has no version 7, only 1, 2"),
            (["rank", "Digits", "--by", "tset"], "there is no channel 'tset': did you mean 'test'?"),
            (["rank", "Digits", "--columns", "lr,decay"], "there is no column 'decay': did you mean 'lr decay'?"),
            (
                ["rank", "Digits", "--columns", "param.lrr"],
                "there is no column 'param.lrr': did you mean 'param.lr'?"
            ),
            (
                ["show", "zzz"],
                "no experiment's id is or begins with 'zzz': hypero-query rank NAME lists those of a battery"
            ),
            (["show", "A b*"], "there is no experiment 'A b*': an id has 1 to 64 of a-z 0-9 and -"),
            (["show", "aaaaaa"], "more than one experiment begins with 'aaaaaa': aaaaaaaaaa-1, aaaaaaaaaa-2"),
        ])
    func notFound(arguments: [String], message: String) throws {
        let fixture = try Fixture.digits()
        let outcome = try ChildProcess.run(
            "hypero-query", arguments + ["--redis", fixture.server.url, "--namespace", fixture.namespace])
        #expect(outcome.ending == .exited(3))
        #expect(outcome.stdout == "")
        #expect(outcome.stderr == "hypero-query: \(message)\n")
    }

    @Test("An empty Redis says that nothing was declared")
    func nothing() throws {
        let fixture = try Fixture()
        #expect(
            try fixture.query("rank", "x").stderr == "hypero-query: there is no battery 'x': none was declared yet\n")
        #expect(try fixture.output(["batteries"]) == "no battery was declared yet\n")
        #expect(try fixture.output(["batteries", "--format", "json"]) == "")
    }

    @Test(
        "A command line that makes no sense exits with 64 and says what to type",
        arguments: [
            (["rank", "x", "--limit", "0"], "--limit 0 cannot be: give 1 to 100000"),
            (["rank", "x", "--limit", "100001"], "--limit 100001 cannot be: give 1 to 100000"),
            (["rank", "x", "--redis", "localhost"], "the Redis URL must start with redis:// or unix://"),
            (
                ["rank", "x", "--namespace", "a b"],
                "the namespace must be 1 to 64 characters of A-Z a-z 0-9 . _ -, not 'a b'"
            ),
            (["rank", "x", "--partitions", "0"], "the number of partitions must be between 1 and 16384, not 0"),
            (["rank"], "Missing expected argument '<name>'"),
            (["rank", "x", "--format", "xml"], "'xml' is invalid"),
        ])
    func usage(arguments: [String], message: String) throws {
        let outcome = try ChildProcess.run("hypero-query", arguments)
        #expect(outcome.ending == .exited(64))
        #expect(outcome.stderr.hasPrefix("hypero-query: "))
        #expect(outcome.stderr.contains(message))
        #expect(outcome.stdout == "")
    }

    @Test(
        "Help, completions and complaints are those of the whole program, wherever they are asked for",
        arguments: [
            (["rank"], 64, "Usage: hypero-query rank <name>"),
            (["rank", "x", "--limit", "a"], 64, "See 'hypero-query rank --help' for more information."),
            (["rank", "x", "--help"], 0, "USAGE: hypero-query rank <name>"),
            (["help", "rank"], 0, "USAGE: hypero-query rank <name>"),
            (["--help"], 0, "USAGE: hypero-query <subcommand>"),
            (["rank", "x", "--generate-completion-script", "bash"], 0, "__hypero-query_add_completions() {"),
            (["rnk", "x"], 64, "Usage: hypero-query <subcommand>"),
        ])
    func wholeProgram(arguments: [String], status: Int32, text: String) throws {
        let outcome = try ChildProcess.run("hypero-query", arguments)
        #expect(outcome.ending == .exited(status))
        #expect((status == 0 ? outcome.stdout : outcome.stderr).contains(text), "\(outcome)")
    }

    @Test("A Redis that is not there is one sentence without the password, and exit 4")
    func unreachable() throws {
        let outcome = try ChildProcess.run(
            "hypero-query", ["status", "--redis", "redis://ann:secret@127.0.0.1:1"])
        #expect(outcome.ending == .exited(4))
        #expect(
            outcome.stderr == """
                hypero-query: Redis is not reachable: cannot connect to redis://ann@127.0.0.1:1: Connection refused; \
                start it, or say where it is with --redis or HYPERO_REDIS

                """)
    }

    @Test("A Redis that wants a password is told apart, and the right one is taken from the environment")
    func denied() throws {
        let server = try RedisServer(configuration: ["requirepass secret"])
        let outcome = try ChildProcess.run("hypero-query", ["batteries", "--redis", server.url])
        #expect(outcome.ending == .exited(4))
        #expect(outcome.stderr.contains("NOAUTH") && outcome.stderr.contains("HYPERO_REDIS_PASSWORD"))
        let known = try ChildProcess.run(
            "hypero-query", ["batteries", "--redis", server.url], environment: ["HYPERO_REDIS_PASSWORD": "secret"])
        #expect(known.stdout == "no battery was declared yet\n")
    }

    @Test("Garbage in the keys is said, and the rest is shown")
    func garbage() throws {
        let fixture = try Fixture()
        let battery = fixture.battery("net")
        let keys = fixture.keyspaces[0]
        fixture.experiment(
            "a-1", of: battery, maxima: ["valid": "0.5", "test": "much"], status: "lost",
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
                "\(tag):batteries holds 'Bad Id', which is no battery's id",
                "\(tag):battery:gone.v1 has no name",
                "\(tag):battery:wrong.v1: version is 'one' and not an integer",
                "the experiment 'a-9' is ranked, but its hash says nothing",
                "the experiment 'a-1': status is 'lost' and not one of running, done, failed, stopped",
                "the experiment 'a-1': max.epoch is 'soon' and not an integer",
                "the experiment 'a-1': max.test is 'much' and not a number",
                "the experiment 'NOT AN ID' is ranked, but its hash says nothing",
                "HGETALL \(tag):experiment:a-3 is left out: WRONGTYPE Operation against a key holding the wrong kind "
                    + "of value",
                "the experiment 'a-3' is ranked, but its hash says nothing",
            ])
        let shown = try fixture.query("show", "a-1", "--format", "csv")
        #expect(shown.succeeded)
        #expect(shown.stdout == "epoch,valid\r\n1,0.5\r\n3,nan\r\n")
        #expect(shown.stderr.contains("1 of 3 rows cannot be read, as that of epoch '2'"))
    }

    @Test("Keys of another type everywhere are warnings, never a crash", arguments: ["SET", "HSET", "XADD", "ZADD"])
    func wrongTypes(command: String) throws {
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

    @Test("A reader that closes the pipe is a quiet end")
    func closedPipe() throws {
        let fixture = try Fixture.digits()
        let outcome = try ChildProcess.run(
            "/bin/sh",
            [
                "-c", "{ \"$0\" rank Digits --namespace \(fixture.namespace); echo $? >&2; } | :",
                "\(ChildProcess.productsDirectory)/hypero-query",
            ], environment: ["HYPERO_REDIS": fixture.server.url])
        #expect(outcome.stderr == "0\n")
    }

    @Test("The full stop of an error of Redis does not stand in the middle of a sentence")
    func fullStop() throws {
        let reply = RedisError(reply: "WRONGPASS invalid username-password pair or user is disabled.")
        let told = QueryError(reply, at: try RedisURL("redis://db")).description
        #expect(told.contains("user is disabled (redis://db:6379); give an account"), "\(told)")
    }
}
