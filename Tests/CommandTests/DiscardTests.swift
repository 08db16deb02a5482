import HyperoCore
import HyperoSchema
import TestSupport
import Testing

/// `hypero-ingest discard`: dead letters that no correction can make right.
@Suite struct DiscardTests {
    private let fixture: CommandFixture
    private var server: RedisServer { fixture.server }
    private var keyspace: Keyspace { fixture.keyspace }

    init() throws {
        fixture = try CommandFixture()
        for value in ["1", "2", "3"] { server.cli("XADD", keyspace.events, "*", "foo", value) }
        try fixture.drain()
    }

    private var ids: [String] {
        server.cli("XRANGE", keyspace.dead, "-", "+").split(separator: "\n").map(String.init).filter {
            $0.wholeMatch(of: /\d+-\d+/) != nil
        }.enumerated().filter { $0.offset % 2 == 0 }.map(\.element)
    }

    private func discard(_ arguments: String...) throws -> ChildProcess.Outcome {
        try ChildProcess.run("hypero-ingest", ["discard", "--redis", server.url] + arguments)
    }

    private func check() throws -> ChildProcess.Outcome {
        try ChildProcess.run("hypero-query", ["status", "--check", "--redis", server.url])
    }

    @Test func `Dead letters of some ids are removed and stay away, and the others can be sent again`() throws {
        let ingest = try fixture.ingest()
        let ids = ids
        try #require(ids.count == 3)
        let outcome = try discard(ids[1], ids[1], "--yes")
        #expect(outcome.ending == .exited(0) && outcome.stdout == "1 dead letter discarded\n", "\(outcome)")
        #expect(self.ids == [ids[0], ids[2]])
        #expect(server.cli("HGET", keyspace.ingest, IngestField.requeued) == "")
        let unknown = try discard(ids[1], ids[0], "7", "--yes")
        #expect(unknown.ending == .exited(1) && unknown.stdout == "1 dead letter discarded\n")
        #expect(unknown.stderr.contains("dead letter not found: '\(ids[1])'. List the ids with hypero-query dead"))
        #expect(unknown.stderr.contains("dead letter not found: '7', an id is two numbers"))
        let requeued = try ChildProcess.run("hypero-ingest", ["requeue", "--all", "--redis", server.url])
        #expect(requeued.stdout == "1 dead letter requeued\n")
        #expect(ingest.isRunning)
    }

    @Test func `After all dead letters are discarded, status needs no attention for them`() throws {
        let ingest = try fixture.ingest()
        #expect(eventually { server.cli("EXISTS", keyspace.lease) == "1" })
        let before = try check()
        #expect(before.stdout.contains("and hypero-ingest discard removes them") && before.ending == .exited(2))
        #expect(try discard("--all", "--yes").stdout == "3 dead letters discarded\n")
        #expect(try discard("--all", "--yes").stdout == "0 dead letters discarded\n")
        #expect(server.cli("XLEN", keyspace.dead) == "0")
        #expect(try !check().stdout.contains("could not be applied"))
        #expect(ingest.isRunning)
    }

    @Test func `It asks on a terminal, needs --yes elsewhere, and needs dead letters to be selected`() throws {
        func answer(_ text: String) throws -> ChildProcess.Outcome {
            // script(1) of util-linux runs the command on a terminal.
            try ChildProcess.run(
                "sh",
                [
                    "-c",
                    "printf '\(text)\\n' | script -qec \"\(ChildProcess.productsDirectory)/hypero-ingest discard --all "
                        + "--redis \(server.url)\" /dev/null",
                ])
        }
        let refused = try answer("n")
        #expect(refused.stdout.contains("Discard 3 dead letters? Their events are lost. [y/N]"), "\(refused)")
        #expect(refused.stdout.contains("nothing was discarded") && ids.count == 3)
        let silent = try discard("--all")
        #expect(silent.ending == .exited(64) && silent.stderr.contains("Give --yes to discard without asking"))
        let nothing = try discard("--yes")
        #expect(nothing.ending == .exited(64))
        #expect(
            nothing.stderr
                == "hypero-ingest: no dead letters selected. Give --all, or ids as listed by hypero-query dead\n")
        #expect(try discard("--all", "1-0").ending == .exited(64))
        #expect(ids.count == 3)
        #expect(try answer("y").stdout.contains("3 dead letters discarded"))
        #expect(ids.isEmpty)
    }

    @Test(arguments: [["discard", "--yes"], ["requeue"]])
    func `A result that cannot be written is printed with the reason on standard error, with an exit code`(
        command: [String]
    ) throws {
        let outcome = try ChildProcess.run(
            "sh",
            [
                "-c",
                "\(ChildProcess.productsDirectory)/hypero-ingest \(command.joined(separator: " ")) --all "
                    + "--redis \(server.url) >/dev/full",
            ])
        #expect(outcome.ending == .exited(1))
        #expect(outcome.stderr.contains("3 dead letters \(command[0])"), "\(outcome)")
        #expect(outcome.stderr.contains("but the result cannot be written to standard output: No space left on device"))
        #expect(ids.isEmpty)
    }

    @Test func `Dead letters are discarded also if the events accept no entry`() throws {
        server.cli("SET", keyspace.events, "text")
        #expect(try discard("--all", "--yes").stdout == "3 dead letters discarded\n")
    }

    @Test func `A warning of a takeover or a rewind says when it ends, and the command that it names ends it`() throws {
        let ingest = try fixture.ingest()
        #expect(eventually { server.cli("EXISTS", keyspace.lease) == "1" })
        #expect(try discard("--all", "--yes").ending == .exited(0))
        server.cli(
            "HSET", keyspace.ingest, "takeovers", "1", "taken", "\(WallClock.milliseconds)", "rewinds", "1", "rewound",
            "\(WallClock.milliseconds)")
        let lines = try check().stdout.split(separator: "\n").filter { $0.contains("This warning ends a day after") }
        #expect(lines.count == 2)
        for line in lines {
            let command = try #require(line.firstMatch(of: /To clear it now: (.*)$/)?.1)
            server.cli(command.split(separator: " ").map(String.init))
        }
        #expect(try !check().stdout.contains("This warning ends"))
        #expect(ingest.isRunning)
    }
}
