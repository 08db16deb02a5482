import HyperoSchema
import TestSupport
import Testing

@testable import HyperoIngest

/// The rungs of a search, the verdicts of its stopping rule, and the reasons in the hashes of producers.
@Suite struct StoppingTests {
    private typealias S = SearchFixture

    private static let halving = StoppingRule(.halving, epochs: 27)

    /// Returns a search whose trials run, trial 1 by the producer `p1` and so on.
    private func running(_ trials: Int, _ rule: StoppingRule = halving, direction: Direction = .max) -> S {
        var fixture = S(trials: trials, stopping: rule, direction: direction)
        for trial in 1...trials {
            let token = fixture.claim(by: "p\(trial)", at: 10_000).token
            fixture.add(by: "p\(trial)", at: 10_000, S.start(trial, 1, token: token))
        }
        return fixture
    }

    // MARK: - The declaration

    @Test func `The first declaration of the rule is stored, and a difference is a conflict`() {
        var fixture = S(trials: 1, stopping: StoppingRule(.median, epochs: 81, factor: 4))
        let rule = fixture.hash.filter { $0.key.hasPrefix("stopping") }
        #expect(
            rule == [
                "stopping": "median", "stopping.epochs": "81", "stopping.first": "3", "stopping.factor": "4",
            ])
        let others: [(StoppingRule?, String)] = [
            (StoppingRule(.median, epochs: 80, factor: 4), "stopping.epochs 80"), (nil, "stopping none"),
            (StoppingRule(.median, epochs: 81, first: 4, factor: 4), "stopping.first 4"),
            (StoppingRule(.median, epochs: 80), "stopping.epochs 80, stopping.factor 3"),
            (StoppingRule(.halving, epochs: 81, factor: 4), "stopping halving"),
        ]
        for (other, conflict) in others {
            fixture.add(at: 1_001, S.declaration(trials: 1, stopping: other))
            #expect(fixture.hash["conflict"] == conflict)
            #expect(fixture.hash.filter { $0.key.hasPrefix("stopping.") || $0.key == "stopping" } == rule)
        }
        var without = S(trials: 1)
        without.add(at: 1_001, S.declaration(trials: 1, stopping: Self.halving))
        #expect(without.hash["conflict"] == "stopping halving" && without.hash["stopping"] == nil)
    }

    @Test func `A malformed rule in the hash is none`() {
        var fixture = running(1)
        let key = fixture.store.keyspace.search(S.id)
        for (name, value) in [("stopping", "x"), ("stopping.first", "27"), ("stopping.factor", "1")] {
            let before = fixture.store.hashes[key]?[name]
            fixture.store.hashes[key]?[name] = value
            fixture.add(by: "p1", at: 10_010, S.row(1, 9, "0.5"))
            fixture.store.hashes[key]?[name] = before
        }
        #expect(fixture.rung(3).isEmpty && fixture.store.deadLetters.isEmpty)
    }

    // MARK: - Rungs

    @Test func `A row enters the rungs up to its epoch, with the objective of each or the best before it`() {
        var fixture = running(1)
        fixture.add(by: "p1", at: 10_010, S.row(1, 1, "0.4"), S.row(1, 2, "0.3"))
        #expect(fixture.rung(3).isEmpty)
        fixture.add(by: "p1", at: 10_020, S.row(1, 10, "0.9"))
        #expect(fixture.rung(3) == [1: 0.4] && fixture.rung(9) == [1: 0.4] && fixture.rung(27).isEmpty)
        fixture.add(by: "p1", at: 10_030, S.row(1, 4, "0.6"), S.row(1, 3, "0.5"), S.row(1, 3, "0.1"))
        #expect(fixture.rung(3) == [1: 0.1] && fixture.rung(9) == [1: 0.4])
    }

    @Test(arguments: [(Direction.max, -Double.infinity), (.min, .infinity)])
    func `A trial without a finite value has the infinity on the worse side`(direction: Direction, worst: Double) {
        var fixture = running(1, direction: direction)
        fixture.add(by: "p1", at: 10_010, S.row(1, 1, "inf"), S.row(1, 2, "-inf"), S.row(1, 3, "nan"))
        #expect(fixture.rung(3) == [1: worst])
        fixture.add(by: "p1", at: 10_020, S.row(1, 2, "0.4"), S.row(1, 3, "0.5"))
        #expect(fixture.rung(3) == [1: 0.5])
    }

    @Test func `Other channels and stated maxima enter no rung`() {
        var fixture = running(1)
        fixture.add(
            by: "p1", at: 10_010, S.row(1, 1, "0.4"),
            S.event(1, .epoch(3, Shorthand.cells(["train": "9"]))),
            S.event(1, .maxima(epoch: nil, Shorthand.cells(["valid": "9"]))))
        #expect(fixture.rung(3).isEmpty)
        fixture.add(by: "p1", at: 10_020, S.row(1, 3, "0.2"))
        #expect(fixture.rung(3) == [1: 0.2])
    }

    @Test func `Rows after the end of a trial enter the rungs`() {
        var fixture = running(1)
        fixture.add(by: "p1", at: 10_010, S.row(1, 3, "0.4"), S.end(1))
        fixture.add(by: "p1", at: 10_020, S.row(1, 2, "0.5"), S.row(1, 9, "0.1"))
        #expect(fixture.rung(3) == [1: 0.4] && fixture.rung(9) == [1: 0.1])
    }

    @Test func `A search without a rule has no rungs, and experiments that look like its trials have none`() {
        var fixture = S(trials: 1)
        fixture.add(at: 10_000, S.row(1, 9, "0.5"), S.row(2, 9, "0.5"))
        #expect(!fixture.store.sets.keys.contains { $0.contains(":rung:") } && fixture.store.rungReads == 0)
    }

    // MARK: - Verdicts

    @Test func `Halving stops a trial below the first third, in the transaction of its row`() {
        var fixture = running(6)
        for trial in 1...5 { fixture.add(by: "p\(trial)", at: 10_010, S.row(trial, 3, "0.\(9 - trial)")) }
        // The first is kept, because one is. Later ones are worse.
        #expect((1...5).map { fixture.experiment($0)["stop"] == nil } == [true, false, false, false, false])
        #expect(fixture.experiment(2)["stop"] == "rung 3: 2nd of 2, halving keeps 1")
        #expect(fixture.stop(2, of: "p2") == "rung 3: 2nd of 2, halving keeps 1")
        #expect(fixture.experiment(3)["stop"] == "rung 3: 3rd of 3, halving keeps 1")
        #expect(fixture.experiment(5)["stop"] == "rung 3: 5th of 5, halving keeps 1")
        #expect(fixture.stop(1, of: "p1") == nil)
        fixture.add(by: "p6", at: 10_020, S.row(6, 3, "0.75"))
        #expect(fixture.experiment(6)["stop"] == nil && fixture.rung(3).count == 6)
        // The first one is judged again at its next row, by the rung that it has entered.
        fixture.add(by: "p6", at: 10_030, S.row(6, 4, "0.95"))
        fixture.add(by: "p1", at: 10_030, S.row(1, 4, "0.1"))
        #expect(fixture.experiment(6)["stop"] == nil && fixture.experiment(1)["stop"] == nil)
    }

    @Test func `A trial that was the first is stopped at a later row, and the verdict is final`() {
        var fixture = running(2)
        fixture.add(by: "p1", at: 10_010, S.row(1, 3, "0.5"))
        fixture.add(by: "p2", at: 10_020, S.row(2, 3, "0.6"))
        fixture.add(by: "p1", at: 10_030, S.row(1, 4, "0.9"))
        #expect(fixture.experiment(1)["stop"] == "rung 3: 2nd of 2, halving keeps 1")
        fixture.add(by: "p1", at: 10_040, S.row(1, 9, "0.9"))
        #expect(fixture.experiment(1)["stop"] == "rung 3: 2nd of 2, halving keeps 1" && fixture.rung(9) == [1: 0.9])
    }

    @Test func `The median stops a trial worse than more than half of five or more, and equal scores are no better`() {
        var fixture = running(7, StoppingRule(.median, epochs: 27), direction: .min)
        for trial in 1...4 { fixture.add(by: "p\(trial)", at: 10_010, S.row(trial, 3, "0.\(trial)")) }
        #expect((1...4).allSatisfy { fixture.experiment($0)["stop"] == nil })
        fixture.add(by: "p5", at: 10_020, S.row(5, 3, "0.3"))
        #expect(fixture.experiment(5)["stop"] == nil)
        fixture.add(by: "p4", at: 10_030, S.row(4, 4, "0.4"))
        #expect(fixture.experiment(4)["stop"] == "rung 3: 5th of 5, median keeps 3")
        #expect(fixture.stop(4, of: "p4") == "rung 3: 5th of 5, median keeps 3")
    }

    @Test func `The reason has the ordinal of the rank`() {
        var rungs = Rungs(StoppingRule(.halving, epochs: 9, first: 1, factor: 100), direction: .min)
        var found: [String] = []
        for trial in 1...123 {
            _ = rungs.record(Double(trial), at: 1, of: trial, best: nil)
            if let verdict = rungs.verdict(of: trial) { found.append(String(verdict.dropFirst(8).prefix(5))) }
        }
        let ranks = [2, 3, 4, 11, 12, 13, 21, 22, 101, 111, 112, 123]
        #expect(
            ranks.map { found[$0 - 2] } == [
                "2nd o", "3rd o", "4th o", "11th ", "12th ", "13th ", "21st ", "22nd ", "101st", "111th", "112th",
                "123rd",
            ])
    }

    @Test func `A trial that has ended is not judged`() {
        var fixture = running(2)
        fixture.add(by: "p1", at: 10_010, S.row(1, 3, "0.5"))
        fixture.add(by: "p2", at: 10_020, S.end(2))
        fixture.add(by: "p2", at: 10_030, S.row(2, 3, "0.1"))
        #expect(fixture.experiment(2)["stop"] == nil && fixture.stop(2, of: "p2") == nil)
        #expect(fixture.rung(3) == [1: 0.5, 2: 0.1])
    }

    @Test func `A curve is judged row by row`() {
        var fixture = running(2)
        fixture.add(by: "p1", at: 10_010, S.row(1, 3, "0.5"))
        let numbers = ["0.1", "0.2", "0.3", "0.9"].map { Shorthand.number($0) }
        fixture.add(by: "p2", at: 10_020, S.event(2, .curve(first: 1, [Event.Series("valid", numbers)])))
        #expect(fixture.experiment(2)["stop"] == "rung 3: 2nd of 2, halving keeps 1" && fixture.rung(3)[2] == 0.3)
    }

    // MARK: - Producers

    /// Returns a search whose trial 2 is stopped.
    private func stopped() -> S {
        var fixture = running(2)
        fixture.add(by: "p1", at: 10_010, S.row(1, 3, "0.5"))
        fixture.add(by: "p2", at: 10_020, S.row(2, 3, "0.1"))
        return fixture
    }

    private static let reason = "rung 3: 2nd of 2, halving keeps 1"

    @Test func `The end of a stopped trial removes the field of its producer and counts`() {
        var fixture = stopped()
        fixture.add(by: "p2", at: 10_030, S.end(2, .stopped))
        #expect(fixture.stop(2, of: "p2") == nil && fixture.experiment(2)["stop"] == Self.reason)
        #expect(fixture.hash["stopped"] == "1" && fixture.hash["ended"] == "1")
        fixture.add(by: "p1", at: 10_030, S.end(1))
        #expect(fixture.hash["stopped"] == "1" && fixture.hash["ended"] == "2")
    }

    @Test func `Another producer gets the field with its next row or start`() {
        var fixture = stopped()
        fixture.add(by: "rank1", at: 10_030, S.event(2, .epoch(3, Shorthand.cells(["train": "1"]))))
        #expect(fixture.stop(2, of: "rank1") == Self.reason)
        #expect(fixture.claim(by: "q", at: 30_000).grant == "1 2")
        let second = fixture.claim(by: "q", at: 30_000)
        #expect(second.grant == "2 2" && fixture.stop(2, of: "p2") == "superseded by attempt 2")
        fixture.add(by: "q", at: 30_010, S.start(2, 2, token: second.token))
        #expect(fixture.stop(2, of: "q") == Self.reason)
        fixture.add(by: "q", at: 30_020, S.end(2, .stopped, attempt: 2))
        #expect(fixture.stop(2, of: "q") == nil)
    }

    @Test func `Rows without a producer are judged`() {
        var fixture = S(trials: 2, stopping: Self.halving)
        fixture.add(
            at: 10_000, S.start(1, 1), S.start(2, 1), S.row(1, 3, "0.5"), S.row(2, 3, "0.1"), S.row(2, 4, "0.1"))
        #expect(fixture.experiment(2)["stop"] == Self.reason && fixture.store.deadLetters.isEmpty)
    }

    @Test func `A process that has lost its trial gets the reason, which its refused end removes`() {
        var fixture = running(1)
        let second = fixture.claim(by: "q", at: 20_000)
        #expect(second.grant == "1 2" && fixture.stop(1, of: "p1") == "superseded by attempt 2")
        #expect(fixture.experiment(1)["stop"] == nil)
        fixture.add(by: "q", at: 20_010, S.start(1, 2, token: second.token))
        #expect(fixture.stop(1, of: "q") == nil && fixture.stop(1, of: "p1") == "superseded by attempt 2")
        fixture.add(by: "p1", at: 20_020, S.end(1, attempt: 1))
        #expect(fixture.stop(1, of: "p1") == nil && fixture.hash["refused"] == "1")
        // Without a rule, too, and until there are no attempts left.
        var last = S(trials: 1, attempts: 1)
        let token = last.claim(by: "p", at: 10_000).token
        last.add(by: "p", at: 10_000, S.start(1, 1, token: token))
        #expect(last.claim(by: "q", at: 20_000).grant == nil && last.stop(1, of: "p") == "lost 1 times")
        last.add(by: "p", at: 20_010, S.end(1))
        #expect(last.stop(1, of: "p") == nil && last.experiment(1)["reason"] == "lost 1 times")
    }

    @Test func `A process that gets its lost trial again keeps no old reason`() {
        var fixture = running(1)
        #expect(fixture.claim(by: "q", at: 20_000).grant == "1 2")
        #expect(fixture.stop(1, of: "p1") == "superseded by attempt 2")
        let third = fixture.claim(by: "p1", at: 30_000)
        #expect(third.grant == "1 3")
        fixture.add(by: "p1", at: 30_010, S.start(1, 3, token: third.token))
        #expect(fixture.stop(1, of: "p1") == nil)
    }

    @Test func `The reasons in the hash of a producer expire with it`() {
        var fixture = running(2)
        fixture.add(by: "p1", at: 10_010, S.row(1, 3, "0.5"))
        let row = fixture.numbered(S.row(2, 3, "0.1"), by: "p2")
        let changes = fixture.store.add(fixture.batch([(10_020, row)]))
        let key = fixture.store.keyspace.producer(ProducerID("p2")!)
        #expect(changes.contains(.expire(key: key, milliseconds: Watermark.lifetime)))
    }

    // MARK: - The history and the distributions

    @Test func `The start stores the last entry of the history that it depends on`() {
        var fixture = S(trials: 2)
        fixture.add(at: 10_000, S.start(1, 1, asof: .zero), S.start(2, 1, asof: StreamID(milliseconds: 7, sequence: 1)))
        #expect(fixture.experiment(1)["asof"] == "0-0" && fixture.experiment(2)["asof"] == "7-1")
        fixture.add(at: 10_010, S.start(2, 2))
        #expect(fixture.experiment(2)["asof"] == "7-1")
    }

    @Test func `The search has the first distribution of each name, and a trial one that differs`() {
        var fixture = S(trials: 2)
        fixture.add(at: 10_000, S.start(1, 1), S.param(1, "lr", from: "uniform 0 1"))
        fixture.add(
            at: 10_010, S.start(2, 1), S.param(2, "lr", from: "uniform 0 2"), S.param(2, "bs", from: "randint 1 9"))
        #expect(fixture.hash["space.lr"] == "uniform 0 1" && fixture.hash["space.bs"] == "randint 1 9")
        #expect(fixture.experiment(1)["space.lr"] == nil)
        #expect(fixture.experiment(2)["space.lr"] == "uniform 0 2" && fixture.experiment(2)["space.bs"] == nil)
        fixture.add(at: 10_020, S.row(1, 1, "1"), S.row(2, 1, "1"))
        fixture.add(at: 10_030, S.end(2))
        #expect(fixture.history.map { $0["space.lr"] } == [nil, "uniform 0 2", "uniform 0 2"])
        #expect(fixture.history.map { $0["last"] } == ["1", "1", "1"])
        let battery = fixture.store.hashes[fixture.store.keyspace.space(of: Shorthand.battery)]
        #expect(battery == ["lr": "uniform 0 2", "bs": "randint 1 9"])
        // An experiment of no search has none.
        fixture.add(
            at: 10_040,
            Shorthand.event(
                .param([Event.Entry(name: "lr", value: "1")], spaces: [Event.Entry(name: "lr", value: "x")])))
        #expect(fixture.store.experiment["space.lr"] == nil && fixture.hash["space.lr"] == "uniform 0 1")
    }

    @Test func `The distributions of more than 1,024 names are in the trials`() {
        var fixture = S(trials: 1, cached: true)
        fixture.add(at: 10_000, [S.start(1, 1)] + (0..<1_025).map { S.param(1, "p\($0)", from: "uniform 0 1") })
        fixture.add(at: 10_010, S.param(1, "q", from: "uniform 0 1"), S.param(1, "p3", from: "uniform 0 1"))
        #expect(fixture.hash.keys.count { $0.hasPrefix("space.") } == 1_024)
        #expect(fixture.experiment(1).keys.filter { $0.hasPrefix("space.") }.sorted() == ["space.p1024", "space.q"])
    }

    @Test func `A trial without rows has no last epoch`() {
        var fixture = S(trials: 1)
        fixture.add(at: 10_000, S.start(1, 1), S.end(1, .failed))
        #expect(fixture.history == [["trial": "1", "attempt": "1", "status": "failed"]])
        #expect(fixture.hash["stopped"] == nil)
    }
}
