import Foundation
import Glibc
import HyperoCommandLine
import HyperoCore
import HyperoSchema
import TestSupport
import Testing

/// The things that an operator sees of `hypero-ingest`: mistakes in command lines, signals, log lines and deletions.
@Suite struct OperatorTests {
    @Test(arguments: [
        (
            "dele x",
            "2 unexpected arguments: 'dele', 'x'. Did you mean delete? The commands are run, adopt, requeue, discard, delete, rebuild, replay, journals, acl\n"
        ),
        (
            "sweep",
            "Unexpected argument 'sweep'. The commands are run, adopt, requeue, discard, delete, rebuild, replay, journals, acl\n"
        ),
        ("rank net", "2 unexpected arguments: 'rank', 'net'. Write hypero-query rank\n"),
        ("requeue --al", "Unknown option '--al'. Did you mean '--all'?"),
        ("discard --al", "Unknown option '--al'. Did you mean '--all'?"),
        ("delete --batery x", "Unknown option '--batery'. Did you mean '--battery'?"),
        ("requeue", "no dead letters selected. Give --all"), ("delete", "nothing to delete. Give ids of experiments"),
        ("adopt --timeout -1", "--timeout must be above 0 and at most 1e9 seconds, not -1"),
        ("--dead-limit -3", "--dead-limit must be between 1 and 1048576 MiB, not -3"),
        ("--partitions -3", "the number of partitions must be between 1 and 16384, not -3"),
        ("requeue --all --partition -1", "partition must be 0, the only partition, not -1"),
    ])
    func `A mistake in a command line is named as what it is`(arguments: String, message: String) throws {
        let outcome = try ChildProcess.run("hypero-ingest", arguments.split(separator: " ").map(String.init))
        #expect(outcome.ending == .exited(64))
        #expect(outcome.stderr.hasPrefix("hypero-ingest: \(message)"), "\(outcome.stderr)")
    }

    @Test func `A second signal within a moment is a part of the first one, and a later one ends at once`() {
        var signals = StopSignals()
        let start = MonotonicTime(nanoseconds: 1_000)
        #expect(signals.action(at: start) == .finish)
        #expect(signals.action(at: start) == .ignore)
        let end = MonotonicTime(nanoseconds: start.nanoseconds + Int64(StopSignals.moment / .nanoseconds(1)))
        #expect(signals.action(at: MonotonicTime(nanoseconds: end.nanoseconds - 1)) == .ignore)
        #expect(signals.action(at: end) == .exitAtOnce)
    }

    @Test func `An ingest that gets SIGTERM twice at once releases its lease`() throws {
        let fixture = try CommandFixture()
        let ingest = try ChildProcess("hypero-ingest", ["--redis", fixture.server.url, "--lease", "60"])
        #expect(eventually { fixture.server.cli("EXISTS", fixture.keyspace.lease) == "1" })
        // As timeout of coreutils does.
        ingest.terminate()
        ingest.signal(SIGTERM, group: true)
        #expect(ingest.wait() == .exited(0))
        #expect(fixture.server.cli("EXISTS", fixture.keyspace.lease) == "0")
    }

    @Test func `A service that adopts journals ends well if it gets SIGTERM twice at once`() throws {
        let fixture = try CommandFixture()
        let folder = try TemporaryFolder()
        let adopter = try ChildProcess(
            "hypero-ingest", ["adopt", "--watch", "--redis", fixture.server.url, "--journal", folder.file("none")])
        #expect(eventually { adopter.stderr.contains("cannot read the journal folder") })
        adopter.terminate()
        adopter.signal(SIGTERM, group: true)
        #expect(adopter.wait() == .exited(0))
    }

    @Test(arguments: [1, 3])
    func `The log of an ingest begins with its server and its keys`(partitions: Int) throws {
        let fixture = try CommandFixture()
        let outcome = try ChildProcess.run(
            "hypero-ingest",
            ["--redis", fixture.server.url, "--namespace", "lab", "--partitions", "\(partitions)", "--drain"])
        let keys = partitions == 1 ? "{lab}" : "{lab:0} to {lab:2}"
        let first = try #require(outcome.stderr.split(separator: "\n").first)
        #expect(first.hasSuffix("starting with the events of \(keys) on \(fixture.server.url)"), "\(outcome.stderr)")
    }

    @Test func `A deleted experiment that is deleted again is reported with the time of its deletion`() throws {
        let fixture = try CommandFixture()
        let events = fixture.keyspace.events
        fixture.server.cli(
            "XADD", events, "*", "event", "battery", "battery", "b", "name", "sweep", "version", "1", "description", "")
        fixture.server.cli("XADD", events, "*", "event", "start", "experiment", "run-1", "battery", "b")
        let ingest = try fixture.ingest()
        #expect(eventually { fixture.server.cli("EXISTS", fixture.keyspace.experiment(ExperimentID("run-1")!)) == "1" })
        func delete() throws -> ChildProcess.Outcome {
            try ChildProcess.run("hypero-ingest", ["delete", "run-1", "--yes", "--redis", fixture.server.url])
        }
        #expect(try delete().ending == .exited(0))
        let again = try delete()
        #expect(again.ending == .exited(1))
        #expect(
            again.stderr.contains(
                /hypero-ingest: experiment not found: run-1, it was deleted at \d{4}-\d\d-\d\d \d\d:\d\d:\d\d\n/),
            "\(again.stderr)")
        #expect(ingest.isRunning)
    }

    @Test func `The log counts one experiment of a deleted battery as one`() throws {
        let fixture = try CommandFixture()
        let events = fixture.keyspace.events
        fixture.server.cli(
            "XADD", events, "*", "event", "battery", "battery", "b", "name", "sweep", "version", "1", "description", "")
        fixture.server.cli("XADD", events, "*", "event", "start", "experiment", "run-1", "battery", "b")
        try fixture.drain()
        let ingest = try fixture.ingest()
        let outcome = try ChildProcess.run(
            "hypero-ingest", ["delete", "--battery", "sweep", "--yes", "--redis", fixture.server.url])
        #expect(outcome.ending == .exited(0))
        #expect(eventually { ingest.stderr.contains("deleted battery b with 1 experiment\n") }, "\(ingest.stderr)")
    }

    @Test func `A deletion that waits for a partition of an earlier number names the ingest that looks at it`() throws {
        let fixture = try CommandFixture()
        let events = fixture.keyspace.events
        fixture.server.cli(
            "XADD", events, "*", "event", "battery", "battery", "b", "name", "sweep", "version", "1", "description", "")
        fixture.server.cli("XADD", events, "*", "event", "start", "experiment", "run-1", "battery", "b")
        try fixture.drain()
        let divided = try Keyspace.all(partitions: 3)
        // The lease of an ingest of three partitions, which looks at the undivided keys from time to time.
        fixture.server.cli("SET", divided[0].lease, "node17:99:a")
        func delete() throws -> ChildProcess.Outcome {
            try ChildProcess.run(
                "hypero-ingest",
                [
                    "delete", "run-1", "--yes", "--timeout", "0.2", "--partitions", "3", "--redis", fixture.server.url,
                ])
        }
        let visited = try delete()
        #expect(visited.ending == .exited(1))
        #expect(
            visited.stderr.contains(
                "the ingest node17:99:a is running, and looks at {hypero}, of an earlier number of partitions, every 30 "
                    + "seconds, so run the command again to wait longer"), "\(visited.stderr)")
        fixture.server.cli("DEL", divided[0].lease)
        #expect(try delete().stderr.contains("no ingest is running, so start hypero-ingest"))
    }

    @Test func `A killed owner is shown as such until its standby takes over`() throws {
        let fixture = try CommandFixture()
        func start() throws -> ChildProcess {
            try ChildProcess("hypero-ingest", ["--redis", fixture.server.url, "--lease", "20"])
        }
        func status(_ url: String) throws -> String {
            try ChildProcess.run("hypero-query", ["status", "--redis", url]).stdout
        }
        let url = fixture.server.url
        let owner = try start()
        // Without an owner, there are no standbys either.
        #expect(eventually { fixture.server.cli("GET", fixture.keyspace.lease).contains(":\(owner.pid):") })
        #expect(try eventually { try status(url).contains("standbys: none\n") })
        let standby = try start()
        let host = HostIdentity.hostName ?? "unknown"
        #expect(try eventually { try status(url).contains("standbys: \(host):\(standby.pid)\n") })
        // An ingest of another database is no standby of it.
        #expect(try status("\(url)?db=5").contains("standbys: none\n"))
        owner.kill()
        #expect(try eventually { try status(url).contains(" (no connection)") })
        let killed = try status(url)
        #expect(killed.contains("standbys: \(host):\(standby.pid)\n"), "\(killed)")
        #expect(killed.contains(", the owner of {hypero}, has no connection: it was killed or is cut off"))
    }
}
