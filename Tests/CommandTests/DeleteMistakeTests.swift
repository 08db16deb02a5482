import HyperoSchema
import TestSupport
import Testing

/// The messages of `hypero-ingest` for mistakes of operators.
@Suite struct DeleteMistakeTests {
    private let fixture: CommandFixture

    init() throws {
        fixture = try CommandFixture()
        for (id, name, version) in [("b1", "digits mlp", "1"), ("b2", "digits mlp", "2"), ("b3", "sweep", "-1")] {
            fixture.server.cli(
                "XADD", fixture.keyspace.events, "*", "event", "battery", "battery", id, "name", name, "version",
                version,
                "description", "")
        }
        try fixture.drain()
    }

    private func run(_ arguments: String...) throws -> ChildProcess.Outcome {
        try ChildProcess.run("hypero-ingest", arguments + ["--redis", fixture.server.url])
    }

    @Test(arguments: [
        (["--battery", "digit mlp"], "battery not found: 'digit mlp'. Did you mean 'digits mlp'?"),
        (["--battery", "cifar"], "battery not found: 'cifar'. Available: 'digits mlp', 'sweep'"),
        (["--battery", "digits mlp", "--version", "7"], "'digits mlp' version 7. Its versions are 1, 2"),
        (["zzz"], "experiment not found: zzz"),
    ])
    func `A name that does not exist is reported with similar ones, before the command asks`(
        arguments: [String], message: String
    ) throws {
        for option in [[], ["--yes"], ["--dry-run"]] {
            let outcome = try ChildProcess.run(
                "hypero-ingest", ["delete", "--redis", fixture.server.url] + arguments + option)
            #expect(outcome.ending == .exited(1), "\(outcome)")
            #expect(outcome.stderr.contains(message), "\(outcome.stderr)")
            #expect(!outcome.stderr.contains("cannot ask"))
        }
    }

    @Test(arguments: [["delete", "zzz-1", "--yes"], ["requeue", "--all"]])
    func `A hash slot that migrates is reported in words`(arguments: [String]) throws {
        let server = try FakeServer { connection in
            while let command = connection.command() {
                connection.send(command[0] == "CLIENT" ? "+OK\r\n" : "-ASK 1938 127.0.0.1:23302\r\n")
            }
        }
        let outcome = try ChildProcess.run("hypero-ingest", arguments + ["--redis", server.url])
        #expect(outcome.ending == .exited(1), "\(outcome)")
        let text = "the hash slot 1938 of the keys migrates to 127.0.0.1:23302. Try again when the migration has ended"
        #expect(outcome.stderr.contains(text), "\(outcome)")
    }

    @Test func `A negative number is a value, which is refused with an example or accepted as a version`() throws {
        let retain = try run("--retain", "-1")
        #expect(retain.ending == .exited(64))
        #expect(retain.stderr.contains("--retain must be at least 0, not -1. For example, write --retain 10000"))
        let timeout = try run("delete", "zzz", "--timeout", "-1")
        #expect(timeout.ending == .exited(64))
        #expect(timeout.stderr.contains("--timeout must be above 0 and at most 1e9 seconds, not -1"))
        let version = try run("delete", "--battery", "sweep", "--version", "-1", "--dry-run")
        #expect(version.stdout.contains("battery 'sweep' version -1, b3: 0 experiments"), "\(version)")
    }

    @Test func `A full control stream is reported with its key`() throws {
        fixture.server.cli(
            "XADD", fixture.keyspace.control, StreamID.highest.description, "event", "delete", "battery", "b1")
        let outcome = try run("delete", "--battery", "sweep", "--yes")
        #expect(outcome.ending == .exited(1))
        #expect(
            outcome.stderr.contains(
                "{hypero}:control accepts no more entries: its last id is the highest possible. Delete the key"),
            "\(outcome.stderr)")
    }

    @Test func `A deletion that cannot be recorded is not requested`() throws {
        fixture.server.cli("SET", fixture.keyspace.deleted, "text")
        let outcome = try run("delete", "--battery", "sweep", "--yes")
        #expect(outcome.ending == .exited(1))
        #expect(
            outcome.stderr.contains("{hypero}:deleted must be a sorted set: WRONGTYPE. Rename or delete the key"),
            "\(outcome.stderr)")
        #expect(fixture.server.cli("EXISTS", fixture.keyspace.control) == "0")
    }
}
