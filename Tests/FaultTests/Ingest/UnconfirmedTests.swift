import Foundation
import HyperoSchema
import TestSupport
import Testing

/// Transactions whose reply is lost, with a command that failed inside of them.
@Suite struct UnconfirmedTests {
    enum Ending: CaseIterable {
        case cutConnection, killedIngest, standby
    }

    private let battery = BatteryID("b")!

    /// Makes an ingest behind a proxy send one transaction with the entries of a body, and returns when Redis has applied
    /// it. Its reply does not arrive.
    private func applyWithoutReply(
        _ fixture: IngestFixture, _ ingest: ChildProcess, _ proxy: FaultyProxy, entries: () -> Void
    ) {
        // The server delays a transaction without entries, which renews the lease.
        fixture.server.cli("CLIENT", "PAUSE", "600000", "WRITE")
        #expect(eventually { fixture.pausedBytes() != nil })
        let emptyBytes = fixture.pausedBytes() ?? 0
        fixture.server.cli("CLIENT", "UNPAUSE")
        #expect(eventually { fixture.blockedClientCount() == 1 })
        ingest.suspend()
        entries()
        let cursor = fixture.server.cli("HGET", fixture.keyspace.ingest, "cursor")
        fixture.server.cli("CLIENT", "PAUSE", "600000", "WRITE")
        ingest.resume()
        // The ingest has read the entries, and the server delays their transaction. On a busy machine the wait for entries may
        // have ended before they were added. Then another transaction without entries comes first.
        #expect(
            eventually {
                guard let bytes = fixture.pausedBytes() else { return false }
                guard bytes < emptyBytes + 100 else { return true }
                fixture.server.cli("CLIENT", "UNPAUSE")
                fixture.server.cli("CLIENT", "PAUSE", "600000", "WRITE")
                return false
            })
        proxy.network = .muted
        fixture.server.cli("CLIENT", "UNPAUSE")
        #expect(eventually { fixture.server.cli("HGET", fixture.keyspace.ingest, "cursor") != cursor })
    }

    @Test(arguments: Ending.allCases)
    func `A lost reply of a transaction hides no entry that Redis could not apply`(_ ending: Ending) throws {
        let fixture = try IngestFixture()
        let proxy = try FaultyProxy(to: fixture.server)
        let rank = fixture.keyspace.rank(of: battery, by: "valid")
        fixture.server.cli("SET", rank, "of another type")
        fixture.declareBattery()
        let ingest = try fixture.ingest(lease: "60", retain: "0", url: proxy.url)
        fixture.waitUntilConsumed(1)
        let standby = ending == .standby ? try fixture.ingest(lease: "5") : nil
        if let standby { #expect(eventually { standby.stderr.contains("standing by") }) }
        applyWithoutReply(fixture, ingest, proxy) {
            fixture.addRow(1, by: ("p", 1))
            fixture.add("event", "surprise")
            fixture.add(
                "event", "epoch", "experiment", "e-2", "battery", "b", "producer", "p", "seq", "2", "epoch", "1",
                "curve.test", "2")
            fixture.add("event", "param", "experiment", "e-1", "battery", "b", "param.lr", "1")
        }
        // The control: at least the first entry is applied, and its failure is not to be seen in Redis.
        #expect(fixture.count(IngestField.applied) >= 2)
        #expect(!fixture.server.cli("XRANGE", fixture.keyspace.dead, "-", "+").contains("cannot write"))
        var other: ChildProcess?
        switch ending {
        case .cutConnection:
            proxy.network = .good
            proxy.disconnectAll()
        case .killedIngest, .standby:
            ingest.kill()
            proxy.network = .good
            fixture.server.cli("DEL", fixture.keyspace.lease)
            other = try standby ?? fixture.ingest(lease: "60", retain: "0")
        }
        #expect(
            eventually { fixture.count(IngestField.dead) == 2 && fixture.count(IngestField.applied) == 3 },
            "\(ingest.stderr) \(other?.stderr ?? "")")
        #expect(eventually { fixture.server.cli("HGET", fixture.keyspace.ingest, IngestField.unconfirmed) == "" })
        #expect(fixture.count(IngestField.applied) == 3)
        #expect(fixture.server.cli("XLEN", fixture.keyspace.dead) == "2")
        #expect(fixture.server.cli("HGET", fixture.keyspace.producer(ProducerID("p")!), ProducerField.dead) == "1")
        let letters = fixture.server.cli("XRANGE", fixture.keyspace.dead, "-", "+")
        #expect(letters.components(separatedBy: "cannot write \(rank): WRONGTYPE").count == 2, "\(letters)")
        // The neighbours are applied.
        #expect(fixture.server.cli("HGET", fixture.keyspace.experiment(ExperimentID("e-1")!), "param.lr") == "1")
        #expect(fixture.server.cli("HGET", fixture.keyspace.curve(of: ExperimentID("e-2")!), "1") == "test=2")
        // A further owner finds nothing to do, and a requeue repairs the ranking.
        for process in [ingest, other] { process?.terminate() }
        for process in [ingest, other] { _ = process?.wait() }
        fixture.server.cli("DEL", rank)
        try fixture.drain()
        #expect(fixture.server.cli("XLEN", fixture.keyspace.dead) == "2")
        #expect(try fixture.requeue("--all", "--remove", "nothing").succeeded)
        try fixture.drain()
        #expect(fixture.server.cli("ZRANGE", rank, "0", "-1") == "e-1")
    }

    @Test(arguments: 0..<4)
    func `A recovery that is cut off after any byte and killed writes a dead letter once`(part: Int) throws {
        let server = try RedisServer()
        let proxy = try FaultyProxy(to: server)
        // Without the long replies to INFO, the connection that recovers is the first to be reset.
        server.cli("ACL", "SETUSER", "terse", "on", "nopass", "~*", "&*", "+@all", "-info")
        let url = proxy.url.replacing("unix://", with: "unix://terse:x@")
        for count in stride(from: 50 + 60 * part, to: 2_800, by: 240) {
            let keyspace = try Keyspace.all(namespace: "n\(count)")[0]
            let namespace = ["--namespace", "n\(count)", "--lease", "0.2", "--retain", "0"]
            func add(_ fields: String...) -> String { server.cli(["XADD", keyspace.events, "*"] + fields) }
            _ = add("event", "battery", "battery", "b", "name", "B", "version", "1", "description", "")
            _ = add("event", "epoch", "experiment", "e-1", "battery", "b", "epoch", "1", "curve.valid", "1")
            let last = add("event", "epoch", "experiment", "e-2", "battery", "b", "epoch", "1", "curve.test", "1")
            #expect(try ChildProcess.run("hypero-ingest", ["--redis", server.url, "--drain"] + namespace).succeeded)
            // The entries are applied again, so that they are in the stream of the killed owner.
            let rank = keyspace.rank(of: battery, by: "valid")
            server.cli("DEL", rank)
            server.cli("SET", rank, "of another type")
            server.cli("HSET", keyspace.ingest, IngestField.unconfirmed, "0-0 \(last) 0")
            let resets = proxy.traffic.resets
            proxy.network = .reset(afterReplyBytes: count)
            let ingest = try ChildProcess("hypero-ingest", ["--redis", url] + namespace)
            #expect(eventually { proxy.traffic.resets > resets }, "\(ingest.stderr)")
            ingest.kill()
            proxy.network = .good
            let outcome = try ChildProcess.run("hypero-ingest", ["--redis", server.url, "--drain"] + namespace)
            #expect(outcome.succeeded, "\(outcome.stderr)")
            #expect(
                server.cli("XLEN", keyspace.dead) == "1", "after \(count) bytes: \(ingest.stderr) \(outcome.stderr)")
            #expect(server.cli("HMGET", keyspace.ingest, "applied", "dead", "unconfirmed") == "2\n1")
        }
    }

    @Test func `A dead letter that Redis has lost is written again by the ingest that wrote it`() throws {
        let fixture = try IngestFixture()
        let (server, keyspace) = (fixture.server, fixture.keyspace)
        let rank = keyspace.rank(of: battery, by: "valid")
        server.cli("SET", rank, "of another type")
        fixture.declareBattery()
        let ingest = try fixture.ingest(lease: "60")
        fixture.waitUntilConsumed(1)
        let before = server.cli("HGET", keyspace.ingest, IngestField.cursor)
        let id = fixture.addRow(1, by: ("p", 1))
        #expect(eventually { fixture.count(IngestField.dead) == 1 }, "\(ingest.stderr)")
        #expect(eventually { server.cli("HGET", keyspace.ingest, IngestField.unconfirmed) == "" })
        // Redis restarts without its last second: the transaction is there, and the one that wrote its dead letter is not.
        let letter = server.cli("XRANGE", keyspace.dead, "-", "+").split(separator: "\n")[0]
        #expect(eventually { fixture.blockedClientCount() == 1 })
        ingest.suspend()
        server.cli("XDEL", keyspace.dead, String(letter))
        server.cli("HINCRBY", keyspace.ingest, IngestField.dead, "-1")
        server.cli("HINCRBY", keyspace.ingest, IngestField.applied, "1")
        server.cli("HDEL", keyspace.producer(ProducerID("p")!), ProducerField.dead)
        server.cli("HSET", keyspace.ingest, IngestField.unconfirmed, "\(before) \(id) 0")
        ingest.resume()
        #expect(eventually { server.cli("XLEN", keyspace.dead) == "1" }, "\(ingest.stderr)")
        #expect(fixture.count(IngestField.dead) == 1)
        #expect(fixture.count(IngestField.applied) == 1)
        #expect(server.cli("HGET", keyspace.producer(ProducerID("p")!), ProducerField.dead) == "1")
    }

    @Test func `A dead letter that was sent again does not come back after a kill of the ingest`() throws {
        let fixture = try IngestFixture()
        let ingest = try fixture.ingest(lease: "60")
        fixture.addRow(1)
        fixture.addRow(2)
        #expect(eventually { fixture.server.cli("XLEN", fixture.keyspace.dead) == "2" }, "\(ingest.stderr)")
        ingest.kill()
        fixture.server.cli("DEL", fixture.keyspace.lease)
        let letters = fixture.server.cli("XRANGE", fixture.keyspace.dead, "-", "+").split(separator: "\n")
        let entries = fixture.server.cli("XRANGE", fixture.keyspace.events, "-", "+").split(separator: "\n")
        // As if the ingest was killed before the transaction that empties the field.
        fixture.server.cli(
            "HSET", fixture.keyspace.ingest, IngestField.unconfirmed,
            "0-0 \(fixture.server.cli("HGET", fixture.keyspace.ingest, "cursor")) 0")
        fixture.declareBattery()
        #expect(try fixture.requeue(String(letters[0])).succeeded)
        let unconfirmed = fixture.server.cli("HGET", fixture.keyspace.ingest, IngestField.unconfirmed)
        #expect(unconfirmed.hasSuffix(" 0 \(entries[0])"), "\(unconfirmed)")
        #expect(try fixture.requeue("--all").succeeded)
        try fixture.drain()
        #expect(fixture.server.cli("XLEN", fixture.keyspace.dead) == "0")
        #expect(fixture.server.cli("HGET", fixture.keyspace.experiment(ExperimentID("e-1")!), "max.epoch") == "2")
    }

    @Test(arguments: 1...5)
    func `An ingest that is stopped right after it has written dead letters confirms them`(round: Int) throws {
        let fixture = try IngestFixture()
        let ingest = try fixture.ingest(lease: "60")
        #expect(eventually { fixture.blockedClientCount() == 1 })
        fixture.addRow(1)
        #expect(eventually { fixture.server.cli("XLEN", fixture.keyspace.dead) == "1" }, "\(ingest.stderr)")
        ingest.terminate()
        #expect(ingest.wait() == .exited(0), "\(ingest.stderr)")
        #expect(fixture.server.cli("HGET", fixture.keyspace.ingest, IngestField.unconfirmed) == "")
    }

    @Test func `An ingest whose dead letters another one has written ends without an error`() throws {
        let fixture = try IngestFixture()
        let (server, keyspace) = (fixture.server, fixture.keyspace)
        let rank = keyspace.rank(of: battery, by: "valid")
        server.cli("SET", rank, "of another type")
        server.cli("SET", keyspace.dead, "of another type")
        fixture.declareBattery()
        fixture.addRow(1)
        let ingest = try fixture.ingest()
        #expect(eventually { ingest.stderr.contains("cannot write \(rank)") }, "\(ingest.stderr)")
        ingest.suspend()
        server.cli("DEL", keyspace.dead)
        let other = try fixture.ingest(lease: "60")
        #expect(eventually { (Int(server.cli("TTL", keyspace.lease)) ?? 0) > 10 }, "\(other.stderr)")
        ingest.resume()
        #expect(eventually { ingest.stderr.contains("standing by") }, "\(ingest.stderr)")
        ingest.terminate()
        #expect(ingest.wait() == .exited(0), "\(ingest.stderr)")
        #expect(eventually { server.cli("XLEN", keyspace.dead) == "1" }, "\(other.stderr)")
    }

    @Test func `The entries of a transaction of unknown outcome are not trimmed, even if Redis is out of memory`()
        throws
    {
        let fixture = try IngestFixture()
        fixture.declareBattery()
        let ids = (1...3).map { fixture.addRow($0) }
        try fixture.drain()
        fixture.server.cli("HSET", fixture.keyspace.ingest, IngestField.unconfirmed, "\(ids[0]) \(ids[2]) 0")
        fixture.server.cli("CONFIG", "SET", "stream-node-max-entries", "1")
        for epoch in 4...6 { fixture.addRow(epoch) }
        fixture.server.cli("CONFIG", "SET", "maxmemory", "1")
        let ingest = try fixture.ingest(retain: "0")
        #expect(eventually { ingest.stderr.contains("trimming all applied entries") }, "\(ingest.stderr)")
        #expect(fixture.server.cli("XRANGE", fixture.keyspace.events, ids[1], ids[1]) != "")
        ingest.kill()
    }
}

extension IngestFixture {
    /// Returns the size of the commands of an ingest that wait for the end of `CLIENT PAUSE`; nil if none waits.
    fileprivate func pausedBytes() -> Int? {
        for line in server.cli("CLIENT", "LIST").split(separator: "\n") where line.contains("name=hypero-ingest:") {
            let fields = line.split(separator: " ")
            func value(_ name: String) -> Substring {
                fields.first { $0.hasPrefix("\(name)=") }?.dropFirst(name.count + 1) ?? ""
            }
            guard value("flags").contains("b"), ["hset", "zadd", "hincrby", "xadd", "exec"].contains(value("cmd"))
            else { continue }
            return Int(value("qbuf"))
        }
        return nil
    }
}
