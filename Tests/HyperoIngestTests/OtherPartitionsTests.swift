import HyperoRedis
import HyperoSchema
import TestSupport
import Testing

@testable import HyperoIngest

/// Entries in the streams of another number of partitions.
@Suite struct OtherPartitionsTests {
    private let server: RedisServer

    init() throws {
        server = try RedisServer()
    }

    private func fixture(partitions: Int, partition: Int) throws -> IngestFixture {
        try IngestFixture(partitions: partitions, partition: partition, server: server)
    }

    private func fill(_ fixture: IngestFixture, rows: Int) throws {
        let battery = BatteryID("b")!
        var events = [
            Event(
                experiment: nil, battery: battery, time: 1,
                body: .battery(
                    Event.Declaration(name: "B", version: 1, description: "", objective: "valid", direction: .max)))
        ]
        for epoch in 1...rows {
            events.append(
                Event(
                    experiment: ExperimentID("e-1"), battery: battery, time: 2,
                    body: .epoch(epoch, [CurveRow.Cell("valid", Number(Double(epoch)))])))
        }
        try fixture.add(events)
    }

    @Test func `The look for other partitions ends when it must, however many there are`() throws {
        for index in 0..<64 {
            server.cli("HSET", "{hypero:\(index)}:ingest", IngestField.cursor, "1-1")
        }
        let settings = IngestSettings(redis: try RedisURL(server.url))
        #expect(try PartitionDiscovery(settings).otherPartitions().count == 64)
        var remaining = 32
        let discovery = try PartitionDiscovery(settings) {
            remaining -= 1
            return remaining > 0
        }
        #expect(((try? discovery.otherPartitions()) ?? []).count < 32)
    }

    @Test func `An ingest applies at most eight other partitions at once`() throws {
        // None of them ends, because another ingest owns them.
        for index in 0..<30 {
            server.cli("XADD", "{hypero:\(index)}:events", "*", "event", "x")
            server.cli("SET", "{hypero:\(index)}:ingest:lease", "another")
        }
        let ingest = try ChildProcess("hypero-ingest", ["--redis", server.url, "--lease", "0.5"])
        func owners() -> Int {
            server.cli("CLIENT", "LIST").split(whereSeparator: \.isNewline).count { $0.contains("name=hypero-ingest:") }
        }
        #expect(eventually { owners() == 9 }, "\(ingest.stderr)")
        for _ in 0..<50 { #expect(owners() <= 9) }
        ingest.terminate()
        #expect(ingest.wait() == .exited(0))
    }

    @Test func `A ranking has the experiments of partitions behind many without an experiment`() throws {
        try fill(fixture(partitions: 64, partition: 40), rows: 9)
        let ingest = try ChildProcess(
            "hypero-ingest", ["--redis", server.url, "--lease", "0.5", "--partitions", "64"])
        #expect(eventually { server.cli("EXISTS", "{hypero:40}:experiment:e-1") == "1" }, "\(ingest.stderr)")
        #expect(eventually { (0..<64).allSatisfy { server.cli("EXISTS", "{hypero:\($0)}:ingest") == "1" } })
        for command in [["rank", "B"], ["batteries"]] {
            let outcome = try ChildProcess.run("hypero-query", command + ["--redis", server.url, "--format", "json"])
            #expect(outcome.succeeded && outcome.stdout.contains("9"), "\(outcome)")
        }
        ingest.terminate()
        #expect(ingest.wait() == .exited(0))
    }

    @Test func `Other partitions are found on all nodes of a cluster`() throws {
        let nodes = try RedisServer.startCluster()
        let keyspaces = try Keyspace.all(partitions: 4)
        for keyspace in keyspaces {
            let node = (Int(nodes[0].cli("CLUSTER", "KEYSLOT", keyspace.events)) ?? 0) < 4096 ? 0 : 1
            nodes[node].cli("XADD", keyspace.events, "*", "event", "x")
        }
        for node in nodes {
            let settings = IngestSettings(redis: try RedisURL(node.tcpURL))
            let found = try PartitionDiscovery(settings).otherPartitions()
            #expect(found.count == 4)
        }
    }

    @Test func `A further look begins with the addresses that the one before has found`() throws {
        let nodes = try RedisServer.startCluster()
        let silent = try FakeServer(tcp: true) { connection in while connection.command() != nil {} }
        let port = silent.port ?? 0
        for node in nodes { node.cli("CONFIG", "SET", "cluster-announce-port", "\(port)") }
        nodes[1].cli("XADD", "{hypero:1}:events", "*", "event", "x")
        #expect(eventually(within: .seconds(30)) { nodes[0].cli("GET", "{hypero:1}:events").hasSuffix(":\(port)") })
        let list = nodes.map { "127.0.0.1:\($0.port ?? 0)" }.joined(separator: ",")
        let discovery = try PartitionDiscovery(IngestSettings(redis: try RedisURL("redis://\(list)") { _ in nil }))
        for _ in 0..<2 { #expect(try discovery.otherPartitions().map(\.keyspace.tag) == ["{hypero:1}"]) }
        #expect(silent.connections == 1)
    }

    @Test(arguments: [(from: 4, to: 1), (from: 1, to: 4), (from: 4, to: 2), (from: 3_000, to: 1)], [true, false])
    func `An ingest applies what clients left under another number of partitions`(
        change: (from: Int, to: Int), drains: Bool
    ) throws {
        let old = try fixture(partitions: change.from, partition: change.from - 1)
        try fill(old, rows: 50)
        let arguments = ["--partitions", "\(change.to)"]
        let process = try ChildProcess(
            "hypero-ingest", ["--redis", server.url, "--lease", "0.5"] + arguments + (drains ? ["--drain"] : []))
        if drains { #expect(process.wait() == .exited(0), "\(process.stderr)") }
        #expect(try eventually { try old.consumed() == 51 }, "\(process.stderr)")
        #expect(server.cli("HGET", old.keyspace.experiment(ExperimentID("e-1")!), "max.epoch") == "50")
        #expect(
            eventually {
                process.stderr.contains(
                    "\(old.keyspace.events) has entries of a client with another number of partitions: applying them")
            })
        #expect(eventually { process.stderr.contains("\(old.keyspace.events) is applied") }, "\(process.stderr)")
        // The lease of the other partition is released.
        #expect(eventually { server.cli("EXISTS", old.keyspace.lease) == "0" })
        process.terminate()
        #expect(process.wait() == .exited(0))
    }

    @Test func `The partitions of the deployment, and other partitions without entries, are left alone`() throws {
        let own = try fixture(partitions: 2, partition: 1)
        try fill(own, rows: 1)
        let other = try fixture(partitions: 1, partition: 0)
        try fill(other, rows: 1)
        try other.drain()
        var settings = IngestSettings(redis: try RedisURL(server.url))
        settings.partitions = 2
        let found = try PartitionDiscovery(settings).otherPartitions()
        #expect(found.map(\.keyspace) == [other.keyspace])
        #expect(found.map(\.hasBacklog) == [false])
    }

    @Test(arguments: [1, 3])
    func `A requeue that finds nothing names a partition of another number that has dead letters`(partitions: Int)
        throws
    {
        let other = try fixture(partitions: 40, partition: 20)
        server.cli("XADD", try fixture(partitions: 40, partition: 5).keyspace.events, "*", "a", "b")
        server.cli("XADD", try fixture(partitions: 40, partition: 15).keyspace.events, "*", "a", "b")
        server.cli("HSET", other.keyspace.ingest, IngestField.cursor, "1-1")
        server.cli("XADD", other.keyspace.dead, "*", "a", "b")
        var settings = IngestSettings(redis: try RedisURL(server.url))
        settings.partitions = partitions
        let requeue = try Requeue(settings)
        #expect(throws: RequeueError(.partitioned(key: other.keyspace.dead))) {
            _ = try requeue.run(.all, applying: DeadLetterEdit())
        }
    }

    @Test func `A requeue of more transactions than may be aborted succeeds`() throws {
        let fixture = try fixture(partitions: 1, partition: 0)
        var connection = try fixture.connect()
        var ids: [StreamID] = []
        for number in 1...1_100 {
            var reply = try connection.call(
                "XADD", fixture.keyspace.dead, "\(number)-1", "event", "x", "dead.reason", "r")
            ids.append(StreamID(try #require(try reply.string()))!)
        }
        let requeue = try PartitionRequeue(try RedisURL(server.url), keyspace: fixture.keyspace, maxLetters: 1)
        var report = Requeue.Report()
        try requeue.send(ids, applying: DeadLetterEdit(), into: &report)
        #expect(report.sent == 1_100)
        #expect(server.cli("XLEN", fixture.keyspace.dead) == "0")
    }
}
