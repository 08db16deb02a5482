import Glibc
import HyperoSchema
import TestSupport
import Testing

/// The ingest is killed, stopped, or not alone.
@Suite struct KillFaultTests {
    enum Step: String, CaseIterable, CustomTestStringConvertible {
        case betweenReadAndExec = "between read and EXEC"
        case afterExec = "after EXEC"
        case inStartUp = "in start-up"
        case inTrim = "in trim"

        var testDescription: String { rawValue }
    }

    @Test("kill -9 ingest at any step: no loss, no double", arguments: Step.allCases)
    func killed(_ step: Step) throws {
        let bench = try IngestFixture()
        var generator = EventGenerator(seed: 21, producers: 6)
        let entries = generator.entries(6_000)
        let retain = step == .inTrim ? "0" : "100000000"
        var random = SeededGenerator(seed: 22)
        for round in 0..<6 {
            let ingest = try bench.ingest(lease: "0.2", retain: retain)
            if step == .inStartUp {
                try bench.write(entries[round * 1_000..<(round + 1) * 1_000])
                // Anywhere from the program's start to its first transactions.
                usleep(UInt32.random(in: 0..<60_000, using: &random))
                ingest.kill()
                continue
            }
            #expect(eventually { bench.isOwned(by: ingest) })
            let seen = bench.consumed
            switch step {
            case .betweenReadAndExec:
                // What it sends is held back; what it has read is not applied.
                ingest.suspend()
                try bench.write(entries[round * 1_000..<(round + 1) * 1_000])
                bench.server.cli("CLIENT", "PAUSE", "60000", "WRITE")
                ingest.resume()
                #expect(eventually { bench.blockedClients() > 0 })
                ingest.kill()
                bench.server.cli("CLIENT", "UNPAUSE")
            default:
                try bench.write(entries[round * 1_000..<(round + 1) * 1_000])
                #expect(eventually { bench.consumed > seen })
                ingest.kill()
            }
        }
        let last = try bench.ingest(lease: "0.2", retain: retain)
        bench.waitUntilConsumed(6_000)
        #expect(try bench.differences(from: entries) == "")
        last.terminate()
        #expect(last.wait() == .exited(0))
    }

    @Test("kill -9 ingest: the standby owns within two lease times")
    func standby() throws {
        let bench = try IngestFixture()
        let first = try bench.ingest(lease: "3")
        #expect(eventually { bench.isOwned(by: first) })
        let second = try bench.ingest(lease: "3")
        #expect(eventually { second.stderr.contains("standing by") })
        first.kill()
        #expect(eventually(within: .seconds(6)) { bench.isOwned(by: second) })
        bench.declare()
        bench.waitUntilConsumed(1)
    }

    @Test("SIGSTOP ingest beyond its lease, SIGCONT: the late transaction aborts")
    func stopped() throws {
        let bench = try IngestFixture()
        var generator = EventGenerator(seed: 23, producers: 6)
        let entries = generator.entries(8_000)
        var sleeper = try bench.ingest(lease: "0.3")
        #expect(eventually { bench.isOwned(by: sleeper) })
        var other = try bench.ingest(lease: "0.3")
        for round in 0..<4 {
            let seen = bench.consumed
            try bench.write(entries[round * 2_000..<(round + 1) * 2_000])
            // In the midst of its work, wherever that is.
            #expect(eventually { bench.consumed > seen })
            sleeper.suspend()
            #expect(eventually { bench.isOwned(by: other) || bench.consumed == (round + 1) * 2_000 })
            #expect(eventually { bench.isOwned(by: other) })
            bench.waitUntilConsumed((round + 1) * 2_000)
            sleeper.resume()
            #expect(eventually { sleeper.stderr.contains("standing by") }, "\(sleeper.stderr)")
            #expect(bench.isOwned(by: other))
            swap(&sleeper, &other)
        }
        #expect(try bench.differences(from: entries) == "")
        #expect(bench.server.cli("HGET", bench.space.ingest, "owner").contains(":\(sleeper.pid):"))
        #expect(bench.count(IngestField.takeovers) == 4)
        #expect(
            try bench.statusSays("an ingest that owned {hypero} was killed or stalled, and another one took over (4 "))
    }

    @Test("two ingests, same partition: one works, one stands by")
    func two() throws {
        let bench = try IngestFixture()
        let first = try bench.ingest(lease: "5")
        #expect(eventually { bench.isOwned(by: first) })
        let second = try bench.ingest(lease: "5")
        var generator = EventGenerator(seed: 24)
        let entries = generator.entries(2_000)
        for piece in 0..<10 {
            try bench.write(entries[piece * 200..<(piece + 1) * 200])
            bench.waitUntilConsumed((piece + 1) * 200)
            #expect(bench.isOwned(by: first))
        }
        #expect(try bench.differences(from: entries) == "")
        #expect(second.stderr.contains("standing by"))
        first.terminate()
        #expect(first.wait() == .exited(0))
        #expect(eventually { bench.isOwned(by: second) })
        // Whoever gives a partition back is no trouble.
        bench.add("event", "surprise")
        bench.waitUntilConsumed(2_001)
        #expect(bench.count(IngestField.takeovers) == 0)
    }
}
