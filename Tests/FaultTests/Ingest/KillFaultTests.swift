import Glibc
import HyperoSchema
import TestSupport
import Testing

/// Killed, suspended and concurrent ingests.
@Suite struct KillFaultTests {
    enum Step: String, CaseIterable, CustomTestStringConvertible {
        case betweenReadAndExec = "between read and EXEC"
        case afterExec = "after EXEC"
        case inStartUp = "in start-up"
        case inTrim = "in trim"

        var testDescription: String { rawValue }
    }

    @Test(arguments: Step.allCases)
    func `An ingest killed at any step loses no event and applies none twice`(_ step: Step) throws {
        let fixture = try IngestFixture()
        var generator = EventGenerator(seed: 21, producers: 6)
        let entries = generator.entries(6_000)
        let retain = step == .inTrim ? "0" : "100000000"
        var random = SeededGenerator(seed: 22)
        for round in 0..<6 {
            let ingest = try fixture.ingest(lease: "0.2", retain: retain)
            if step == .inStartUp {
                try fixture.write(entries[round * 1_000..<(round + 1) * 1_000])
                // The ingest is killed at a random moment between its start and its first transactions.
                usleep(UInt32.random(in: 0..<60_000, using: &random))
                ingest.kill()
                continue
            }
            #expect(eventually { fixture.isOwned(by: ingest) })
            let before = fixture.consumed
            switch step {
            case .betweenReadAndExec:
                // The server delays the writes of the ingest, so the entries that the ingest has read are not applied.
                ingest.suspend()
                try fixture.write(entries[round * 1_000..<(round + 1) * 1_000])
                fixture.server.cli("CLIENT", "PAUSE", "60000", "WRITE")
                ingest.resume()
                #expect(eventually { fixture.blockedClientCount() > 0 })
                ingest.kill()
                fixture.server.cli("CLIENT", "UNPAUSE")
            default:
                try fixture.write(entries[round * 1_000..<(round + 1) * 1_000])
                #expect(eventually { fixture.consumed > before })
                ingest.kill()
            }
        }
        let last = try fixture.ingest(lease: "0.2", retain: retain)
        fixture.waitUntilConsumed(6_000)
        #expect(try fixture.differences(from: entries) == "")
        last.terminate()
        #expect(last.wait() == .exited(0))
    }

    @Test func `A standby owns the partition within two lease times after the owner is killed`() throws {
        let fixture = try IngestFixture()
        let first = try fixture.ingest(lease: "3")
        #expect(eventually { fixture.isOwned(by: first) })
        let second = try fixture.ingest(lease: "3")
        #expect(eventually { second.stderr.contains("standing by") })
        first.kill()
        #expect(eventually(within: .seconds(6)) { fixture.isOwned(by: second) })
        fixture.declareBattery()
        fixture.waitUntilConsumed(1)
    }

    @Test func `A transaction of an ingest that was suspended beyond its lease aborts after SIGCONT`() throws {
        let fixture = try IngestFixture()
        var generator = EventGenerator(seed: 23, producers: 6)
        let entries = generator.entries(8_000)
        var suspended = try fixture.ingest(lease: "0.3")
        #expect(eventually { fixture.isOwned(by: suspended) })
        var other = try fixture.ingest(lease: "0.3")
        for round in 0..<4 {
            let before = fixture.consumed
            try fixture.write(entries[round * 2_000..<(round + 1) * 2_000])
            // The ingest is suspended while it applies entries.
            #expect(eventually { fixture.consumed > before })
            suspended.suspend()
            #expect(eventually { fixture.isOwned(by: other) || fixture.consumed == (round + 1) * 2_000 })
            #expect(eventually { fixture.isOwned(by: other) })
            fixture.waitUntilConsumed((round + 1) * 2_000)
            suspended.resume()
            #expect(eventually { suspended.stderr.contains("standing by") }, "\(suspended.stderr)")
            #expect(fixture.isOwned(by: other))
            swap(&suspended, &other)
        }
        #expect(try fixture.differences(from: entries) == "")
        #expect(fixture.server.cli("HGET", fixture.keyspace.ingest, "owner").contains(":\(suspended.pid):"))
        #expect(fixture.count(IngestField.takeovers) == 4)
        #expect(
            try fixture.statusContains(
                "an ingest that owned {hypero} was killed or stalled, and another one took over (4 "))
    }

    @Test func `Of two ingests on one partition, one applies the entries and the other is a standby`() throws {
        let fixture = try IngestFixture()
        let first = try fixture.ingest(lease: "5")
        #expect(eventually { fixture.isOwned(by: first) })
        let second = try fixture.ingest(lease: "5")
        var generator = EventGenerator(seed: 24)
        let entries = generator.entries(2_000)
        for piece in 0..<10 {
            try fixture.write(entries[piece * 200..<(piece + 1) * 200])
            fixture.waitUntilConsumed((piece + 1) * 200)
            #expect(fixture.isOwned(by: first))
        }
        #expect(try fixture.differences(from: entries) == "")
        #expect(second.stderr.contains("standing by"))
        first.terminate()
        #expect(first.wait() == .exited(0))
        #expect(eventually { fixture.isOwned(by: second) })
        // The acquisition of a released lease is not counted as a takeover.
        fixture.add("event", "surprise")
        fixture.waitUntilConsumed(2_001)
        #expect(fixture.count(IngestField.takeovers) == 0)
    }
}
