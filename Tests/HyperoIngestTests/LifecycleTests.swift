import HyperoSchema
import TestSupport
import Testing

@Suite struct LifecycleTests {
    @Test(arguments: [true, false])
    func `SIGTERM releases the lease and exits with 0, even while the ingest waits for entries`(withEntries: Bool)
        throws
    {
        let fixture = try IngestFixture()
        // The lease is too long to expire during the test.
        let ingest = try fixture.ingest(lease: "60")
        if withEntries { try fixture.add(EventSequence.training(by: "p", experiments: 20, epochs: 50)) }
        #expect(eventually { fixture.server.cli("EXISTS", fixture.keyspace.lease) == "1" })
        ingest.terminate()
        #expect(ingest.wait() == .exited(0), "\(ingest.stderr)")
        #expect(fixture.server.cli("EXISTS", fixture.keyspace.lease) == "0")
        try fixture.drain()
        let expected = try IngestFixture()
        if withEntries { try expected.add(EventSequence.training(by: "p", experiments: 20, epochs: 50)) }
        try expected.drain()
        #expect(try fixture.indexes() == (try expected.indexes()))
    }

    @Test func `A standby takes over when the owner is killed`() throws {
        let fixture = try IngestFixture()
        let first = try fixture.ingest()
        #expect(eventually { fixture.server.cli("GET", fixture.keyspace.lease).contains(":\(first.pid):") })
        let second = try fixture.ingest()
        #expect(eventually { second.stderr.contains("standing by") })
        try fixture.add(EventSequence.training(by: "a", experiments: 1, epochs: 2))
        #expect(try eventually { try fixture.consumed() == 9 })
        #expect(try fixture.metric("owner")?.contains(":\(first.pid):") == true)
        first.kill()
        try fixture.add(EventSequence.training(by: "b", experiments: 1, epochs: 2))
        #expect(try eventually { try fixture.consumed() == 18 })
        #expect(try fixture.metric("owner")?.contains(":\(second.pid):") == true)
    }

    @Test func `An ingest that was suspended longer than its lease applies nothing afterwards`() throws {
        let fixture = try IngestFixture()
        let suspended = try fixture.ingest()
        #expect(eventually { fixture.server.cli("GET", fixture.keyspace.lease).contains(":\(suspended.pid):") })
        suspended.suspend()
        let other = try fixture.ingest()
        #expect(eventually { fixture.server.cli("GET", fixture.keyspace.lease).contains(":\(other.pid):") })
        suspended.resume()
        let events = EventSequence.training(by: "p", experiments: 5, epochs: 20)
        try fixture.add(events)
        #expect(try eventually { try fixture.consumed() == events.count })
        #expect(try fixture.metric("owner")?.contains(":\(other.pid):") == true)
        #expect(eventually { suspended.stderr.contains("standing by") })
    }

    @Test(arguments: [1, 2, 3])
    func `Ingests that are killed at any moment write the same indexes as one that is not killed`(round: UInt64) throws
    {
        let fixture = try IngestFixture()
        let producers = (0..<8).map { "p\($0)" }
        var ingest = try fixture.ingest(lease: "0.5")
        var count = 0
        for producer in producers {
            let events = EventSequence.training(by: producer, experiments: 20, epochs: 20)
            let seen = try fixture.consumed()
            count += events.count
            try fixture.add(events)
            // The kill follows at a different moment each time.
            #expect(try eventually { try fixture.consumed() > seen })
            ingest.kill()
            ingest = try fixture.ingest(lease: "0.5")
        }
        #expect(try eventually { try fixture.consumed() == count })
        ingest.terminate()
        #expect(ingest.wait() == .exited(0))
        let expected = try IngestFixture()
        for producer in producers {
            try expected.add(EventSequence.training(by: producer, experiments: 20, epochs: 20))
        }
        try expected.drain()
        #expect(try fixture.indexes() == (try expected.indexes()))
        #expect(try fixture.metric("duplicates") == nil)
    }

    @Test func `Short drains trim the stream too`() throws {
        let fixture = try IngestFixture()
        for producer in (0..<8).map({ "p\($0)" }) {
            try fixture.add(EventSequence.training(by: producer, experiments: 5, epochs: 20))
            try fixture.drain("--retain", "150")
        }
        try fixture.drain("--retain", "150")
        let length = try #require(Int(fixture.server.cli("XLEN", fixture.keyspace.events)))
        // Redis trims whole nodes of a hundred entries, and the entries of the last drain are trimmed by the next one.
        #expect(length >= 150 && length < 600)
    }

    @Test func `An ingest survives the removal of the stream during a blocked read, and of the whole database`() throws
    {
        let fixture = try IngestFixture()
        let ingest = try fixture.ingest()
        try fixture.add(EventSequence.training(by: "p", experiments: 1, epochs: 1))
        #expect(try eventually { try fixture.consumed() == 6 })
        fixture.server.cli("DEL", fixture.keyspace.events)
        try fixture.add(EventSequence.training(by: "q", experiments: 1, epochs: 1))
        #expect(try eventually { try fixture.consumed() == 12 })
        fixture.server.cli("FLUSHALL")
        try fixture.add(EventSequence.training(by: "p", experiments: 1, epochs: 1))
        #expect(try eventually { try fixture.consumed() == 6 })
        #expect(ingest.isRunning)
    }

    @Test func `An ingest resumes at its cursor after Redis was killed and restarted`() throws {
        // With everysec and a busy disk, a kill may lose acknowledged writes.
        let fixture = try IngestFixture(server: RedisServer(configuration: ["appendfsync always"]))
        let ingest = try fixture.ingest()
        try fixture.add(EventSequence.training(by: "p", experiments: 1, epochs: 1))
        #expect(try eventually { try fixture.consumed() == 6 })
        fixture.server.kill()
        #expect(eventually { ingest.stderr.contains("error") })
        try fixture.server.restart()
        try fixture.add(EventSequence.training(by: "q", experiments: 1, epochs: 1))
        #expect(try eventually { try fixture.consumed() == 12 })
        #expect(ingest.stderr.split(separator: "\n").count < 20, "\(ingest.stderr)")
    }

    @Test func `An ingest waits for a server without memory, and applies each entry once`() throws {
        let fixture = try IngestFixture()
        let ingest = try fixture.ingest(lease: "30")
        let events = EventSequence.training(by: "p", experiments: 10, epochs: 20)
        try fixture.add([EventSequence.declaration])
        #expect(try eventually { try fixture.consumed() == 1 })
        ingest.suspend()
        try fixture.add(events)
        fixture.server.cli("CONFIG", "SET", "maxmemory", "1")
        ingest.resume()
        #expect(eventually { ingest.stderr.contains("OOM") })
        #expect(fixture.server.cli("HGET", fixture.keyspace.ingest, "applied") == "1")
        fixture.server.cli("CONFIG", "SET", "maxmemory", "0")
        #expect(try eventually { try fixture.consumed() == events.count + 1 })
        #expect(try fixture.metric("applied") == String(events.count + 1))
        ingest.terminate()
        #expect(ingest.wait() == .exited(0))
    }

    @Test
    func `A ranking that another client replaced by a string is reported once, and the other indexes are written`()
        throws
    {
        let fixture = try IngestFixture()
        let key = fixture.keyspace.rank(of: EventSequence.battery, by: "valid")
        fixture.server.cli("SET", key, "no ranking")
        let ingest = try fixture.ingest()
        var count = 0
        for producer in ["a", "b", "c"] {
            let events = EventSequence.training(by: producer, experiments: 2, epochs: 3)
            count += events.count
            try fixture.add(events)
            #expect(try eventually { try fixture.consumed() == count })
        }
        #expect(fixture.server.cli("ZCARD", fixture.keyspace.rank(of: EventSequence.battery, by: "test")) == "6")
        #expect(eventually { ingest.stderr.occurrences(of: "cannot write \(key)") == 1 })
    }
}

extension String {
    fileprivate func occurrences(of part: String) -> Int {
        var count = 0
        var remaining = self[...]
        while let range = remaining.firstRange(of: part) {
            count += 1
            remaining = remaining[range.upperBound...]
        }
        return count
    }
}
