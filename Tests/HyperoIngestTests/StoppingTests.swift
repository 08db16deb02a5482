import Foundation
import HyperoRedis
import HyperoSchema
import TestSupport
import Testing

/// Stopping rules of searches, applied by a real ingest.
@Suite struct StoppingTests {
    private static let search = SearchID("s0123abcd")!

    private final class Fixture: Sendable {
        let ingest: IngestFixture
        var server: RedisServer { ingest.server }
        var keyspace: Keyspace { ingest.keyspace }

        init(trials: Int, stopping: StoppingRule) throws {
            ingest = try IngestFixture()
            try ingest.add([
                EventSequence.declaration,
                Event(
                    experiment: nil, battery: EventSequence.battery,
                    body: .search(Event.Search(id: search, seed: 1, trials: trials, stopping: stopping))),
            ])
        }

        /// Returns an event of a trial, which has a producer of its own.
        func event(_ trial: Int, seq: Int, _ body: Event.Body) -> Event {
            Event(
                experiment: search.experiment(ofTrial: trial), battery: EventSequence.battery,
                origin: Event.Origin(producer: ProducerID("p\(trial)")!, seq: UInt64(seq)), body: body)
        }

        func row(_ trial: Int, seq: Int, epoch: Int, _ value: Double) -> Event {
            event(trial, seq: seq, .epoch(epoch, [CurveRow.Cell("valid", Number(value))]))
        }

        func rung(_ epoch: Int) -> String { keyspace.rung(epoch, of: search) }

        func experiment(_ trial: Int, _ field: String) -> String {
            server.cli("HGET", keyspace.experiment(search.experiment(ofTrial: trial)), field)
        }

        func stop(_ trial: Int) -> String {
            server.cli(
                "HGET", keyspace.producer(ProducerID("p\(trial)")!), ProducerField.stop + "\(search.text)-\(trial)")
        }

        /// Appends a command of an operator, and waits until it is carried out.
        func control(_ fields: String...) throws {
            server.cli(["XADD", keyspace.control, "*"] + fields)
            try ingest.drain()
        }
    }

    @Test(arguments: 1...2 as ClosedRange<UInt64>)
    func `Rungs and verdicts are the same while ingests are killed`(seed: UInt64) throws {
        let (trials, epochs) = (12, 9)
        let rule = StoppingRule(.halving, epochs: epochs + 1, first: 1)
        var random = SeededGenerator(seed: seed)
        // Epoch by epoch, so that all trials compete. The entries decide, and not their batches.
        var rows: [(trial: Int, epoch: Int, value: Double)] = []
        for epoch in 1...epochs {
            for trial in (1...trials).shuffled(using: &random) {
                rows.append((trial, epoch, Double(Int.random(in: 1...99, using: &random)) / 100))
            }
        }
        var scores: [Int: [Int: Double]] = [:]
        var stops: [Int: String] = [:]
        for (trial, epoch, value) in rows {
            if rule.rungs.contains(epoch) { scores[epoch, default: [:]][trial] = value }
            guard stops[trial] == nil, let rung = rule.rungs.last(where: { $0 <= epoch }),
                let all = scores[rung]?.values
            else { continue }
            let (rank, kept) = (all.count { $0 > scores[rung]![trial]! } + 1, max(1, all.count / 3))
            if rank > kept {
                stops[trial] =
                    "rung \(rung): \(rank)\(["th", "st", "nd", "rd"][rank > 3 ? 0 : rank]) of \(all.count), "
                    + "halving keeps \(kept)"
            }
        }

        let fixture = try Fixture(trials: trials, stopping: rule)
        var ingest = try fixture.ingest.ingest()
        try fixture.ingest.add((1...trials).map { fixture.event($0, seq: 1, .start(Event.Start(attempt: 1))) })
        let group = ThreadGroup(1) { [rows] _ in
            for (trial, epoch, value) in rows {
                try fixture.ingest.add([fixture.row(trial, seq: epoch + 1, epoch: epoch, value)])
                usleep(10_000)
            }
        }
        while group.isRunning {
            usleep(300_000)
            ingest.kill()
            ingest = try fixture.ingest.ingest()
        }
        _ = try group.results()
        ingest.kill()
        try fixture.ingest.drain()
        for (rung, expected) in scores {
            let found = fixture.server.cli("ZRANGE", fixture.rung(rung), "0", "-1", "WITHSCORES").split(separator: "\n")
            let pairs = stride(from: 0, to: found.count, by: 2).map {
                (Int(found[$0].dropFirst(SearchID.size + 1))!, Double(found[$0 + 1])!)
            }
            #expect(Dictionary(uniqueKeysWithValues: pairs) == expected, "rung \(rung)")
        }
        #expect(scores.count == 3 && stops.count > 5)
        for trial in 1...trials {
            #expect(
                fixture.experiment(trial, "stop") == stops[trial] ?? "" && fixture.stop(trial) == stops[trial] ?? "")
        }
        #expect(fixture.server.cli("XLEN", fixture.keyspace.dead) == "0")
        // The trials end after that.
        try fixture.ingest.add(
            (1...trials).map {
                fixture.event($0, seq: epochs + 2, .end(stops[$0] == nil ? .done : .stopped, reason: nil, attempt: 1))
            })
        try fixture.ingest.drain()
        #expect(fixture.server.cli("HGET", fixture.keyspace.search(Self.search), "stopped") == "\(stops.count)")
        #expect((1...trials).allSatisfy { fixture.stop($0) == "" })
    }

    @Test func `A rung of many members is read in parts`() throws {
        let fixture = try Fixture(trials: 100_000, stopping: StoppingRule(.halving, epochs: 2))
        try fixture.ingest.drain()
        let members = 25_000
        for start in stride(from: 2, through: members, by: 5_000) {
            let pairs = (start..<min(start + 5_000, members + 1)).flatMap { ["\($0)", "\(Self.search.text)-\($0)"] }
            fixture.server.cli(["ZADD", fixture.rung(1)] + pairs)
        }
        try fixture.ingest.add([
            fixture.event(1, seq: 1, .start(Event.Start(attempt: 1))), fixture.row(1, seq: 2, epoch: 1, 1.5),
        ])
        try fixture.ingest.drain()
        #expect(fixture.experiment(1, "stop") == "rung 1: 25000th of 25000, halving keeps 8333")
    }

    @Test func `A rung of another type stops no trial, and the rows are applied`() throws {
        let fixture = try Fixture(trials: 2, stopping: StoppingRule(.halving, epochs: 9))
        fixture.server.cli("SET", fixture.rung(3), "x")
        try fixture.ingest.add(
            (1...2).flatMap {
                [
                    fixture.event($0, seq: 1, .start(Event.Start(attempt: 1))),
                    fixture.row($0, seq: 2, epoch: 3, 1 / Double($0)),
                ]
            })
        let outcome = try fixture.ingest.drain()
        #expect(outcome.stderr.contains("rung:3") && outcome.stderr.contains("No trial of the search is stopped"))
        #expect(fixture.experiment(2, "stop") == "" && fixture.experiment(2, "max.valid") == "0.5")
        #expect(fixture.server.cli("XLEN", fixture.keyspace.dead) == "0")
        fixture.server.cli("DEL", fixture.rung(3))
        try fixture.ingest.add([fixture.row(1, seq: 3, epoch: 4, 1), fixture.row(2, seq: 3, epoch: 4, 1)])
        try fixture.ingest.drain()
        #expect(fixture.experiment(2, "stop") == "rung 3: 2nd of 2, halving keeps 1")
    }

    @Test func `The deletion of a trial removes it from the rungs, and that of a battery removes them`() throws {
        let fixture = try Fixture(trials: 3, stopping: StoppingRule(.halving, epochs: 27))
        try fixture.ingest.add(
            (1...3).flatMap {
                [
                    fixture.event($0, seq: 1, .start(Event.Start(attempt: 1))),
                    fixture.row($0, seq: 2, epoch: 9, 1 / Double($0)),
                ]
            })
        try fixture.ingest.drain()
        #expect(
            fixture.server.cli("ZCARD", fixture.rung(3)) == "3" && fixture.server.cli("ZCARD", fixture.rung(9)) == "3")
        try fixture.control("event", "delete", "experiment", "\(Self.search.text)-2")
        #expect(fixture.server.cli("ZRANGE", fixture.rung(3), "0", "-1") == "s0123abcd-3\ns0123abcd-1")
        #expect(fixture.server.cli("ZCARD", fixture.rung(9)) == "2")
        try fixture.control("event", "delete", "battery", EventSequence.battery.text)
        #expect(fixture.server.cli("KEYS", "*search*") == "")
    }
}
