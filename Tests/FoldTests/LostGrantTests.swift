import HyperoSchema
import TestSupport
import Testing

@testable import HyperoIngest

/// Trials that run although Redis has lost their claims, their grants or their starts, for example in a failover.
@Suite struct LostGrantTests {
    private typealias S = SearchFixture

    @Test func `A start that Redis does not know as granted occupies its number`() {
        var fixture = SearchFixture(trials: 5)
        fixture.claim(by: "p", at: 10_000)
        let token = Event.Origin(producer: ProducerID("q")!, seq: 9)
        fixture.add(by: "q", at: 10_010, S.start(4, 1, token: token))
        #expect(fixture.hash["next"] == "5" && fixture.hash["free"] == "2-3")
        #expect(fixture.hash["open.4"] == "1 q:9 10010 - q")
        #expect(fixture.claim(by: "p", at: 10_020).grant == "2 1")
        #expect(fixture.claim(by: "p", at: 10_020).grant == "3 1")
        #expect(fixture.claim(by: "p", at: 10_020).grant == "5 1")
        #expect(fixture.hash["free"] == nil)
        fixture.add(by: "q", at: 10_030, S.end(4))
        #expect(fixture.hash["ended"] == "1")
    }

    @Test(arguments: [[0, 1, 2, 3], [0, 2, 1, 3], [2, 0, 1, 3], [2, 3, 0, 1], [2, 0, 3, 1], [0, 2, 3, 1]])
    func `Claims and starts that arrive again in another order leave each process with the trial that it runs`(
        order: [Int]
    ) {
        // Redis has lost the claims and the starts of p, which runs trial 1, and of q, which runs trial 2.
        var fixture = SearchFixture(trials: 3)
        let claims = ["p", "q"].map { fixture.numbered(S.claim(), by: $0) }
        let starts = [1, 2].map { trial in
            fixture.numbered(S.start(trial, 1, token: claims[trial - 1].origin), by: ["p", "q"][trial - 1])
        }
        // The claim of q first, and the two events of a process in their order.
        let events = [claims[1], starts[1], claims[0], starts[0]]
        for index in order { fixture.add(at: 10_000, events[index]) }
        #expect(fixture.hash["open.1"] == "1 p:1 10000 - p" && fixture.hash["open.2"] == "1 q:1 10000 - q")
        fixture.add(by: "p", at: 10_010, S.row(1, 1, "1"), S.end(1, attempt: 1))
        fixture.add(by: "q", at: 10_010, S.row(2, 1, "1"), S.end(2, attempt: 1))
        #expect(fixture.hash["ended"] == "2" && fixture.hash["refused"] == nil)
        let last = fixture.claim(by: "r", at: 10_020)
        #expect(last.grant == "3 1" && fixture.hash["next"] == "4" && fixture.hash["free"] == nil)
        #expect(!fixture.hash.keys.contains { $0.hasPrefix("open.") && $0 != "open.3" })
    }

    @Test func `A process whose trial has ended before its start is told to stop, and its end is refused`() {
        var fixture = SearchFixture(trials: 1)
        let forgotten = Event.Origin(producer: ProducerID("p")!, seq: 9)
        let token = fixture.claim(by: "q", at: 10_000).token
        fixture.add(
            by: "p", at: 10_000, S.start(1, 1, token: forgotten), S.row(1, 1, "1"), S.end(1, .stopped, attempt: 1))
        fixture.add(by: "q", at: 10_010, S.start(1, 1, token: token), S.row(1, 2, "2"))
        #expect(fixture.stop(1, of: "q") == "the trial has ended")
        fixture.add(by: "q", at: 10_020, S.end(1, attempt: 1))
        #expect(fixture.hash["refused"] == "1" && fixture.hash["ended"] == "1" && fixture.stop(1, of: "q") == nil)
        #expect(fixture.experiment(1)["status"] == "stopped" && fixture.experiment(1)["producer"] == "p")
        #expect(fixture.history.filter { $0["status"] != "running" }.count == 1)
    }

    @Test func `A process whose trial another one has started first is told to stop, and its end is refused`() {
        var fixture = SearchFixture(trials: 1)
        let forgotten = Event.Origin(producer: ProducerID("p")!, seq: 9)
        let token = fixture.claim(by: "q", at: 10_000).token
        fixture.add(by: "p", at: 10_000, S.start(1, 1, token: forgotten))
        #expect(fixture.grant(of: token) == "lost")
        fixture.add(by: "q", at: 10_000, S.start(1, 1, token: token))
        #expect(fixture.stop(1, of: "q") == "superseded by attempt 1" && fixture.stop(1, of: "p") == nil)
        fixture.add(by: "q", at: 10_010, S.end(1, .stopped, attempt: 1))
        #expect(fixture.hash["refused"] == "1" && fixture.hash["ended"] == nil && fixture.stop(1, of: "q") == nil)
    }

    @Test func `Of two processes with one number and attempt, the end of the one that the ingest knows counts`() {
        var fixture = SearchFixture(trials: 1)
        let token = fixture.claim(by: "p", at: 10_000).token
        fixture.add(by: "p", at: 10_000, S.start(1, 1, token: token))
        let forgotten = Event.Origin(producer: ProducerID("q")!, seq: 9)
        fixture.add(by: "q", at: 10_010, S.start(1, 1, token: forgotten), S.end(1, attempt: 1))
        #expect(fixture.hash["refused"] == "1" && fixture.experiment(1)["status"] == "running")
        fixture.add(by: "p", at: 10_020, S.end(1))
        #expect(fixture.hash["ended"] == "1" && fixture.experiment(1)["status"] == "done")
    }
}
