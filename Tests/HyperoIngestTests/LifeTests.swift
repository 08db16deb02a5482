import HyperoSchema
import TestSupport
import Testing

@Suite("The life of hypero-ingest")
struct LifeTests {
    @Test("a SIGTERM releases the lease and exits with 0, also while it waits for entries", arguments: [true, false])
    func terminate(withEntries: Bool) throws {
        let bench = try Bench()
        // So long that the lease can only be gone when it was released.
        let ingest = try bench.ingest(lease: "60")
        if withEntries { try bench.add(EventSequence.training(by: "p", experiments: 20, epochs: 50)) }
        #expect(eventually { bench.server.cli("EXISTS", bench.space.lease) == "1" })
        ingest.terminate()
        #expect(ingest.wait() == .exited(0), "\(ingest.stderr)")
        #expect(bench.server.cli("EXISTS", bench.space.lease) == "0")
        try bench.drain()
        let expected = try Bench()
        if withEntries { try expected.add(EventSequence.training(by: "p", experiments: 20, epochs: 50)) }
        try expected.drain()
        #expect(try bench.indexes() == (try expected.indexes()))
    }

    @Test("a second ingest stands by and takes over when the first is killed")
    func takeOver() throws {
        let bench = try Bench()
        let first = try bench.ingest()
        #expect(eventually { bench.server.cli("GET", bench.space.lease).contains(":\(first.pid):") })
        let second = try bench.ingest()
        #expect(eventually { second.stderr.contains("standing by") })
        try bench.add(EventSequence.training(by: "a", experiments: 1, epochs: 2))
        #expect(try eventually { try bench.consumed() == 9 })
        #expect(try bench.metric("owner")?.contains(":\(first.pid):") == true)
        first.kill()
        try bench.add(EventSequence.training(by: "b", experiments: 1, epochs: 2))
        #expect(try eventually { try bench.consumed() == 18 })
        #expect(try bench.metric("owner")?.contains(":\(second.pid):") == true)
    }

    @Test("an ingest that slept longer than its lease applies nothing any more")
    func sleptTooLong() throws {
        let bench = try Bench()
        let sleeper = try bench.ingest()
        #expect(eventually { bench.server.cli("GET", bench.space.lease).contains(":\(sleeper.pid):") })
        sleeper.suspend()
        let other = try bench.ingest()
        #expect(eventually { bench.server.cli("GET", bench.space.lease).contains(":\(other.pid):") })
        sleeper.resume()
        let events = EventSequence.training(by: "p", experiments: 5, epochs: 20)
        try bench.add(events)
        #expect(try eventually { try bench.consumed() == events.count })
        #expect(try bench.metric("owner")?.contains(":\(other.pid):") == true)
        #expect(eventually { sleeper.stderr.contains("standing by") })
    }

    @Test("killed at any moment, it goes on as if it had not been", arguments: [1, 2, 3])
    func killed(round: UInt64) throws {
        let bench = try Bench()
        let producers = (0..<8).map { "p\($0)" }
        var ingest = try bench.ingest(lease: "0.5")
        var count = 0
        for producer in producers {
            let events = EventSequence.training(by: producer, experiments: 20, epochs: 20)
            let seen = try bench.consumed()
            count += events.count
            try bench.add(events)
            // Whichever moment this is, it differs from kill to kill.
            #expect(try eventually { try bench.consumed() > seen })
            ingest.kill()
            ingest = try bench.ingest(lease: "0.5")
        }
        #expect(try eventually { try bench.consumed() == count })
        ingest.terminate()
        #expect(ingest.wait() == .exited(0))
        let expected = try Bench()
        for producer in producers {
            try expected.add(EventSequence.training(by: producer, experiments: 20, epochs: 20))
        }
        try expected.drain()
        #expect(try bench.indexes() == (try expected.indexes()))
        #expect(try bench.metric("duplicates") == nil)
    }

    @Test("drains that are short each trim all the same")
    func shortDrains() throws {
        let bench = try Bench()
        for producer in (0..<8).map({ "p\($0)" }) {
            try bench.add(EventSequence.training(by: producer, experiments: 5, epochs: 20))
            try bench.drain("--retain", "150")
        }
        try bench.drain("--retain", "150")
        let length = try #require(Int(bench.server.cli("XLEN", bench.space.events)))
        // Redis trims whole nodes of a hundred entries, and the last drain's own entries only the next one would.
        #expect(length >= 150 && length < 600)
    }

    @Test("the stream removed under a blocked read, and the whole database, do it no harm")
    func flushed() throws {
        let bench = try Bench()
        let ingest = try bench.ingest()
        try bench.add(EventSequence.training(by: "p", experiments: 1, epochs: 1))
        #expect(try eventually { try bench.consumed() == 6 })
        bench.server.cli("DEL", bench.space.events)
        try bench.add(EventSequence.training(by: "q", experiments: 1, epochs: 1))
        #expect(try eventually { try bench.consumed() == 12 })
        bench.server.cli("FLUSHALL")
        try bench.add(EventSequence.training(by: "p", experiments: 1, epochs: 1))
        #expect(try eventually { try bench.consumed() == 6 })
        #expect(ingest.isRunning)
    }

    @Test("Redis killed and started again, it goes on where it was")
    func redisKilled() throws {
        // With everysec and a busy disk, a kill may lose what was acknowledged.
        let bench = try Bench(server: RedisServer(configuration: ["appendfsync always"]))
        let ingest = try bench.ingest()
        try bench.add(EventSequence.training(by: "p", experiments: 1, epochs: 1))
        #expect(try eventually { try bench.consumed() == 6 })
        bench.server.kill()
        #expect(eventually { ingest.stderr.contains("error") })
        try bench.server.restart()
        try bench.add(EventSequence.training(by: "q", experiments: 1, epochs: 1))
        #expect(try eventually { try bench.consumed() == 12 })
        #expect(ingest.stderr.split(separator: "\n").count < 20, "\(ingest.stderr)")
    }

    @Test("a server without memory is waited for, and nothing is lost or doubled")
    func withoutMemory() throws {
        let bench = try Bench()
        let ingest = try bench.ingest(lease: "30")
        let events = EventSequence.training(by: "p", experiments: 10, epochs: 20)
        try bench.add([EventSequence.declaration])
        #expect(try eventually { try bench.consumed() == 1 })
        ingest.suspend()
        try bench.add(events)
        bench.server.cli("CONFIG", "SET", "maxmemory", "1")
        ingest.resume()
        #expect(eventually { ingest.stderr.contains("OOM") })
        #expect(bench.server.cli("HGET", bench.space.ingest, "applied") == "1")
        bench.server.cli("CONFIG", "SET", "maxmemory", "0")
        #expect(try eventually { try bench.consumed() == events.count + 1 })
        #expect(try bench.metric("applied") == String(events.count + 1))
        ingest.terminate()
        #expect(ingest.wait() == .exited(0))
    }

    @Test("a ranking that somebody replaced by a string is reported once, and the rest is applied")
    func failedCommand() throws {
        let bench = try Bench()
        let key = bench.space.rank(of: EventSequence.battery, by: "valid")
        bench.server.cli("SET", key, "no ranking")
        let ingest = try bench.ingest()
        var count = 0
        for producer in ["a", "b", "c"] {
            let events = EventSequence.training(by: producer, experiments: 2, epochs: 3)
            count += events.count
            try bench.add(events)
            #expect(try eventually { try bench.consumed() == count })
        }
        #expect(bench.server.cli("ZCARD", bench.space.rank(of: EventSequence.battery, by: "test")) == "6")
        #expect(eventually { ingest.stderr.components(of: "Redis does not change \(key)") == 1 })
    }
}

extension String {
    fileprivate func components(of part: String) -> Int {
        var count = 0
        var rest = self[...]
        while let range = rest.firstRange(of: part) {
            count += 1
            rest = rest[range.upperBound...]
        }
        return count
    }
}
