import HyperoSchema
import TestSupport
import Testing

@testable import HyperoIngest

/// Grants, leases and ends of the trials of one search.
@Suite struct SearchTests {
    private typealias S = SearchFixture

    @Test func `A declaration is in the hash of the search and in the list of its battery`() {
        let fixture = SearchFixture(trials: 5)
        #expect(
            fixture.hash == [
                "battery": "b", "name": "search", "seed": "1", "trials": "5", "attempts": "3", "lease": "8000",
                "created": "1000", "next": "1",
            ])
        #expect(fixture.store.sets[fixture.store.keyspace.searches(of: Shorthand.battery)] == ["s0123abcd": 1_000])
        #expect(fixture.store.deadLetters.isEmpty)
    }

    @Test func `A later declaration raises the number of trials, and another difference is a conflict`() {
        var fixture = SearchFixture(trials: 5)
        fixture.add(at: 1_001, S.declaration(trials: 4))
        #expect(fixture.hash["trials"] == "5" && fixture.hash["conflict"] == nil)
        fixture.add(at: 1_002, S.declaration(trials: 9))
        #expect(fixture.hash["trials"] == "9" && fixture.hash["conflict"] == nil)
        fixture.add(at: 1_003, S.declaration(trials: 9, lease: 9_000))
        #expect(fixture.hash["lease"] == "8000" && fixture.hash["conflict"] == "lease 9000")
        fixture.add(at: 1_004, S.declaration(trials: 9, sampler: "tpe"))
        #expect(fixture.hash["sampler"] == nil && fixture.hash["conflict"] == "sampler tpe")
    }

    @Test func `Claims get the numbers in order, and then none, with the number of open trials`() {
        var fixture = SearchFixture(trials: 2)
        #expect(fixture.claim(by: "p", at: 1_010).grant == "1 1")
        #expect(fixture.claim(by: "q", at: 1_020).grant == "2 1")
        #expect(fixture.claim(by: "p", at: 1_030).grant == nil)
        #expect(fixture.producer("p")["none.s0123abcd"] == "2 2")
        #expect(fixture.hash["next"] == "3")
        #expect(fixture.hash["open.1"] == "1 p:1 1010 - -" && fixture.hash["open.2"] == "1 q:1 1020 - -")
        fixture.add(at: 1_040, S.declaration(trials: 3))
        #expect(fixture.claim(by: "p", at: 1_050).grant == "3 1")
    }

    @Test func `A claim that arrives again gets no second number`() {
        var fixture = SearchFixture(trials: 2)
        let claim = fixture.numbered(S.claim(), by: "p")
        fixture.add(at: 1_010, claim, claim)
        fixture.add(at: 1_020, claim)
        #expect(fixture.hash["next"] == "2" && fixture.producer("p")["grant.1"] == "1 1")
    }

    @Test func `A claim of an unknown search, of another battery or without a producer is a dead letter`() {
        var fixture = SearchFixture()
        var other = fixture.numbered(S.claim(), by: "p")
        other.body = .claim(SearchID("sffffffff")!)
        fixture.add(at: 1_010, other)
        var wrong = fixture.numbered(S.claim(), by: "p")
        wrong.battery = BatteryID("c")!
        fixture.add(at: 1_010, wrong)
        var declaration = Shorthand.declared()
        declaration.battery = wrong.battery
        fixture.add(at: 1_010, declaration)
        wrong.origin?.seq = 3
        fixture.add(at: 1_010, wrong)
        #expect(
            fixture.store.deadLetters == [
                "search not found: sffffffff was never declared in this partition",
                "battery not found: c was never declared in this partition",
                "wrong battery: c, search s0123abcd belongs to b",
            ])
        let entry = StreamEntry(id: .zero, S.claim())
        #expect(throws: Rejection.self) { try entry.decoded() }
    }

    @Test func `A start removes the grant, and the end of the trial is counted`() {
        var fixture = SearchFixture(trials: 1)
        let token = fixture.claim(by: "p", at: 1_010).token
        fixture.add(by: "p", at: 1_020, S.start(1, 1, token: token))
        #expect(fixture.grant(of: token) == nil && fixture.hash["open.1"] == "1 p:1 1020 - p")
        fixture.add(by: "p", at: 1_030, S.row(1, 1, "0.5"), S.end(1))
        #expect(fixture.hash["open.1"] == nil && fixture.hash["ended"] == "1")
        #expect(fixture.experiment(1)["status"] == "done" && fixture.experiment(1)["attempt"] == "1")
    }

    @Test func `A child that starts the trial of its parent holds it`() {
        var fixture = SearchFixture(trials: 1)
        let token = fixture.claim(by: "p", at: 1_010).token
        fixture.add(by: "child", at: 1_020, S.start(1, 1, token: token))
        #expect(fixture.grant(of: token) == nil && fixture.hash["open.1"] == "1 p:1 1020 - child")
        fixture.add(by: "child", at: 1_030, S.end(1, attempt: 1))
        #expect(fixture.hash["ended"] == "1" && fixture.hash["refused"] == nil)
    }

    // MARK: - Lost trials

    @Test func `A silent trial is granted again after its lease, and its late end is refused`() {
        var fixture = SearchFixture(trials: 2)
        let first = fixture.claim(by: "p", at: 10_000).token
        fixture.add(by: "p", at: 10_000, S.start(1, 1, token: first), S.row(1, 1, "0.5"))
        #expect(fixture.claim(by: "q", at: 18_999).grant == "2 1")
        #expect(fixture.claim(by: "q", at: 18_999).grant == nil)
        let second = fixture.claim(by: "q", at: 19_000)
        #expect(second.grant == "1 2")
        fixture.add(by: "p", at: 19_100, S.row(1, 2, "0.7"), S.end(1, attempt: 1))
        #expect(fixture.hash["refused"] == "1" && fixture.hash["ended"] == nil)
        #expect(fixture.experiment(1)["status"] == "running" && fixture.experiment(1)["max.valid"] == "0.7")
        fixture.add(by: "q", at: 19_200, S.start(1, 2, token: second.token))
        fixture.add(by: "p", at: 19_300, S.end(1, .failed, attempt: 1))
        fixture.add(by: "q", at: 19_400, S.end(1))
        fixture.add(by: "p", at: 19_500, S.end(1, .failed, attempt: 1))
        // The end of another rank, which has no attempt, is no loss.
        fixture.add(by: "rank", at: 19_500, S.end(1))
        #expect(fixture.hash["refused"] == "3" && fixture.hash["ended"] == "1")
        #expect(fixture.experiment(1)["status"] == "done" && fixture.experiment(1)["attempt"] == "2")
    }

    @Test(arguments: [true, false])
    func `Signs of life of the producer and events of the trial keep it`(isAlive: Bool) {
        var fixture = SearchFixture(trials: 1)
        let token = fixture.claim(by: "p", at: 10_000).token
        fixture.add(by: "p", at: 10_000, S.start(1, 1, token: token))
        for time in stride(from: Int64(15_000), to: 60_000, by: 5_000) {
            if isAlive {
                fixture.add(at: time, S.alive("p"))
            } else {
                fixture.add(by: "p", at: time, S.row(1, Int(time), "1"))
            }
            #expect(fixture.claim(by: "q", at: time + 4_000).grant == nil)
        }
        #expect(fixture.claim(by: "q", at: 70_000).grant == "1 2")
    }

    @Test func `Rows of a process that has lost its trial do not keep it`() {
        var fixture = SearchFixture(trials: 1)
        fixture.claim(by: "p", at: 10_000)
        #expect(fixture.claim(by: "q", at: 20_000).grant == "1 2")
        fixture.add(by: "p", at: 25_000, S.row(1, 1, "1"))
        #expect(fixture.claim(by: "r", at: 29_000).grant == "1 3")
    }

    @Test
    func `A trial that an adopter ends as lost is granted at once, although the producer has given a sign of life`() {
        var fixture = SearchFixture(trials: 1)
        let token = fixture.claim(by: "p", at: 10_000).token
        fixture.add(by: "p", at: 10_000, S.start(1, 1, token: token))
        fixture.add(at: 10_100, S.alive("p"))
        fixture.add(by: "p", at: 10_200, S.end(1, .lost))
        #expect(fixture.experiment(1)["status"] == "lost")
        let second = fixture.claim(by: "q", at: 10_300)
        #expect(second.grant == "1 2")
        fixture.add(by: "q", at: 10_400, S.start(1, 2, token: second.token))
        #expect(fixture.experiment(1)["status"] == "running")
    }

    @Test func `A trial without attempts left fails, and a late end of it is refused`() {
        var fixture = SearchFixture(trials: 1, attempts: 2)
        let first = fixture.claim(by: "p", at: 10_000).token
        fixture.add(by: "p", at: 10_000, S.start(1, 1, token: first), S.row(1, 1, "0.5"))
        let second = fixture.claim(by: "q", at: 20_000)
        fixture.add(by: "q", at: 20_000, S.start(1, 2, token: second.token))
        #expect(fixture.claim(by: "r", at: 30_000).grant == nil)
        #expect(fixture.producer("r")["none.s0123abcd"] == "1 0")
        #expect(fixture.hash["ended"] == "1" && fixture.hash["open.1"] == nil)
        #expect(fixture.experiment(1)["status"] == "failed" && fixture.experiment(1)["reason"] == "lost 2 times")
        fixture.add(by: "q", at: 30_100, S.end(1, attempt: 2))
        fixture.add(by: "p", at: 30_100, S.end(1, attempt: 1))
        #expect(fixture.experiment(1)["status"] == "failed" && fixture.hash["refused"] == "2")
        #expect(fixture.history.last?["status"] == "failed" && fixture.history.last?["value"] == "0.5")
    }

    @Test func `A grant that no process has started is granted again, and is no attempt that was lost`() {
        var fixture = SearchFixture(trials: 1, attempts: 1)
        let token = fixture.claim(by: "p", at: 10_000).token
        // The signs of life of a process that does not take its trial do not keep it.
        fixture.add(at: 19_000, S.alive("p"))
        let second = fixture.claim(by: "q", at: 20_000)
        #expect(second.grant == "1 2" && fixture.grant(of: token) == "lost" && fixture.history.isEmpty)
        #expect(fixture.hash["open.1"] == "2 q:1 20000 - - 0")
        fixture.add(by: "q", at: 20_010, S.start(1, 2, token: second.token))
        #expect(fixture.claim(by: "r", at: 30_000).grant == nil && fixture.hash["ended"] == "1")
        #expect(fixture.experiment(1)["reason"] == "lost 1 times")
    }

    @Test func `A trial that is given back is granted at once, any number of times, also to the same process`() {
        var fixture = SearchFixture(trials: 1, attempts: 2)
        for attempt in 1...9 {
            let claim = fixture.claim(by: "p", at: 10_000)
            #expect(claim.grant == "1 \(attempt)" && fixture.stop(1, of: "p") == nil)
            fixture.add(
                by: "p", at: 10_000, S.start(1, attempt, token: claim.token), S.row(1, attempt, "1"),
                S.end(1, .lost, attempt: attempt))
        }
        // Two that are killed. An adopter, which knows no attempt, tells it of the first one.
        let killed = fixture.claim(by: "q", at: 10_000)
        fixture.add(by: "q", at: 10_000, S.start(1, 10, token: killed.token), S.end(1, .lost))
        let last = fixture.claim(by: "r", at: 10_000)
        #expect(last.grant == "1 11" && fixture.hash["open.1"]?.hasSuffix(" 1") == true)
        fixture.add(by: "r", at: 10_000, S.start(1, 11, token: last.token))
        #expect(fixture.claim(by: "s", at: 20_000).grant == nil)
        #expect(fixture.experiment(1)["reason"] == "lost 2 times" && fixture.hash["ended"] == "1")
    }

    @Test(arguments: [true, false])
    func `After an outage of Redis no trial is lost until the processes can have connected again`(isOutage: Bool) {
        var fixture = SearchFixture(trials: 2)
        let tokens = ["p", "q"].map { fixture.claim(by: $0, at: 10_000).token }
        for (index, token) in tokens.enumerated() {
            fixture.add(by: token.producer.text, at: 10_000, S.start(index + 1, 1, token: token))
        }
        // The first process that connects again claims. Without an outage, it has shown that it lives.
        let grant = fixture.claim(by: "r", at: 40_000, isAlive: !isOutage).grant
        guard isOutage else {
            #expect(grant == "1 2")
            return
        }
        #expect(grant == nil && fixture.hash["resumed"] == "40000")
        fixture.add(by: "p", at: 41_000, S.row(1, 1, "1"))
        #expect(fixture.claim(by: "r", at: 43_999).grant == nil)
        // The other one does not come back.
        #expect(fixture.claim(by: "r", at: 44_000).grant == "2 2")
        #expect(fixture.claim(by: "r", at: 44_000).grant == nil)
    }

    @Test func `Late hyper-parameters of a process that has lost its trial change none of the next one`() {
        var fixture = SearchFixture(trials: 1)
        func lr(_ value: String, _ name: String = "lr") -> Event {
            S.event(1, .param([Event.Entry(name: name, value: value)]))
        }
        let first = fixture.claim(by: "p", at: 10_000).token
        fixture.add(by: "p", at: 10_000, S.start(1, 1, token: first))
        let second = fixture.claim(by: "q", at: 20_000)
        fixture.add(by: "q", at: 20_000, S.start(1, 2, token: second.token), lr("0.5"))
        fixture.add(by: "p", at: 20_010, lr("0.001"), lr("7", "depth"))
        #expect(fixture.experiment(1)["param.lr"] == "0.5" && fixture.experiment(1)["param.depth"] == "7")
        fixture.add(by: "q", at: 20_020, S.row(1, 1, "1"), S.end(1, attempt: 2))
        fixture.add(by: "p", at: 20_030, lr("0.002"))
        #expect(fixture.experiment(1)["param.lr"] == "0.5" && fixture.history.last?["param.lr"] == "0.5")
    }

    @Test func `A trial that an operator has deleted is not granted again`() {
        var fixture = SearchFixture(trials: 1)
        fixture.claim(by: "p", at: 10_000)
        fixture.store.tombstones.insert(S.id.experiment(ofTrial: 1), at: 10_500)
        #expect(fixture.claim(by: "q", at: 20_000).grant == nil)
        #expect(fixture.producer("q")["none.s0123abcd"] == "1 0" && fixture.hash["ended"] == "1")
        #expect(fixture.history.isEmpty)
    }

    @Test func `The events of a search of a deleted battery are dropped, and do not revive the battery`() {
        var fixture = SearchFixture(trials: 1)
        let hash = fixture.hash
        fixture.store.hashes[fixture.store.keyspace.battery(Shorthand.battery)] = nil
        fixture.store.tombstones.insert(Shorthand.battery, at: 5_000)
        fixture.add(at: 10_000, S.declaration(trials: 9), S.point(["lr": "1"]))
        #expect(fixture.claim(by: "p", at: 10_000).grant == nil)
        #expect(fixture.hash == hash && fixture.store.metrics[IngestField.deleted] == "3")
        #expect(fixture.store.deadLetters.isEmpty)
    }

    @Test func `The clocks of hosts do not decide between the attempts of a trial`() {
        var fixture = SearchFixture(trials: 1)
        let first = fixture.claim(by: "p", at: 10_000).token
        var start = S.start(1, 1, token: first)
        start.time = 9_990
        fixture.add(by: "p", at: 10_000, start)
        let second = fixture.claim(by: "q", at: 20_000)
        start = S.start(1, 2, token: second.token)
        start.time = 5
        var end = S.end(1)
        end.time = 6
        fixture.add(by: "q", at: 20_000, start, end)
        #expect(fixture.experiment(1)["status"] == "done" && fixture.experiment(1)["producer"] == "q")
    }

    // MARK: - Points

    @Test func `Enqueued points are granted first, repeats are dropped, and another attempt gets the same point`() {
        var fixture = SearchFixture(trials: 3)
        fixture.add(
            at: 1_010, S.point(["lr": "0.1", "opt": "sgd"]), S.point(["opt": "sgd", "lr": "0.1"]), S.point(["lr": "1"]))
        fixture.add(at: 1_020, S.point(["lr": "1"]))
        #expect(fixture.hash["point.1"] == #"{"lr":0.1,"opt":"sgd"}"# && fixture.hash["point.3"] == nil)
        #expect(fixture.claim(by: "p", at: 10_000).grant == #"1 1 {"lr":0.1,"opt":"sgd"}"#)
        fixture.add(at: 10_000, S.point(["lr": "0.1", "opt": "sgd"]))
        #expect(fixture.claim(by: "q", at: 10_000).grant == #"2 1 {"lr":1}"#)
        #expect(fixture.claim(by: "q", at: 10_000).grant == "3 1")
        #expect(fixture.claim(by: "q", at: 20_000).grant == #"1 2 {"lr":0.1,"opt":"sgd"}"#)
        #expect(fixture.hash["granted"] == "2")
    }

    @Test func `Points beyond the limit are dead letters`() {
        var fixture = SearchFixture()
        fixture.add(at: 1_010, (0..<1_001).map { S.point(["lr": "\($0)"]) })
        fixture.add(at: 1_020, S.point(["lr": "0"]))
        #expect(fixture.store.deadLetters.count == 1 && fixture.store.metrics[IngestField.dead] == "1")
        #expect(fixture.hash["point.1000"] == #"{"lr":999}"# && fixture.hash["point.1001"] == nil)
    }

    @Test func `A trial that a user resumes after its end ends again, without a count`() {
        var fixture = SearchFixture(trials: 1)
        let token = fixture.claim(by: "p", at: 10_000).token
        fixture.add(by: "p", at: 10_000, S.start(1, 1, token: token), S.row(1, 1, "0.5"), S.end(1))
        fixture.add(by: "q", at: 20_000, S.start(1, 2, from: 2))
        fixture.add(by: "q", at: 20_010, S.row(1, 2, "0.6"), S.end(1, .stopped, attempt: 2))
        #expect(fixture.experiment(1)["status"] == "stopped" && fixture.hash["ended"] == "1")
    }

    @Test func `Experiments that look like trials of no search follow the usual rules`() {
        var store = IndexStore()
        store.add([Shorthand.declared(), S.start(1, 1), S.row(1, 1, "0.5"), S.end(1)])
        #expect(store.hashes[store.keyspace.experiment(S.id.experiment(ofTrial: 1))]?["status"] == "done")
        #expect(store.hashes[store.keyspace.search(S.id)] == nil && store.streams.isEmpty)
    }

    @Test(arguments: [
        ("active", "9223372036854775807"), ("resumed", "9223372036854775807"), ("lease", "9223372036854775807"),
        ("lease", "-1"), ("attempts", "9223372036854775807"), ("attempts", "0"), ("ended", "9223372036854775807"),
        ("refused", "9223372036854775807"), ("stopped", "-9223372036854775808"), ("granted", "7"), ("next", "-1"),
        ("next", "9223372036854775807"), ("free", "0-18446744073709551615"), ("trials", "9223372036854775807"),
        (
            "open.1",
            "9223372036854775807 p:18446744073709551615 9007199254740991 9223372036854775807 p 9223372036854775807"
        ),
        ("open.1", "1 p:1 1 - p 9223372036854775807"), ("open.1", "1 p:1 10000 - q 9223372036854775807"),
        ("open.1", "100 p:1 1 - p 100"), ("open.9223372036854775807", "1 p:1 1 - p"),
    ])
    func `A value that another program has written into the hash ends no ingest`(field: String, value: String) {
        var fixture = SearchFixture(trials: 3, stopping: StoppingRule(.halving, epochs: 9, first: 1, factor: 3))
        let key = fixture.store.keyspace.search(S.id)
        let first = fixture.claim(by: "p", at: 10_000).token
        fixture.add(by: "p", at: 10_000, S.start(1, 1, token: first))
        fixture.store.hashes[key]?[field] = value
        // After the longest lease, when everything is lost.
        for time: Int64 in [10_010, 30_000, 3_000_000_000] {
            let claim = fixture.claim(by: "q", at: time).token
            for trial in 1...3 {
                fixture.add(by: "q", at: time, S.start(trial, 1, token: claim), S.row(trial, 1, "1"))
                fixture.add(by: "q", at: time, S.start(trial, 3), S.end(trial, attempt: 1), S.end(trial, attempt: 3))
            }
        }
        #expect(fixture.hash["name"] == "search" && fixture.experiment(1)["max.valid"] == "1")
    }

    // MARK: - History

    @Test func `The history has the first row and the end of a trial, with its hyper-parameters`() {
        var fixture = SearchFixture(trials: 1)
        let token = fixture.claim(by: "p", at: 10_000).token
        fixture.add(
            by: "p", at: 10_000, S.start(1, 1, token: token),
            S.event(1, .param([Event.Entry(name: "lr", value: "0.1")])))
        fixture.add(by: "p", at: 10_010, S.row(1, 1, "0.5"))
        fixture.add(by: "p", at: 10_020, S.row(1, 2, "0.9"), S.row(1, 3, "0.8"))
        fixture.add(by: "p", at: 10_030, S.event(1, .param([Event.Entry(name: "depth", value: "2")])), S.end(1))
        #expect(
            fixture.history == [
                ["trial": "1", "attempt": "1", "status": "running", "last": "1", "param.lr": "0.1"],
                [
                    "trial": "1", "attempt": "1", "status": "done", "value": "0.9", "epoch": "2", "last": "3",
                    "param.lr": "0.1", "param.depth": "2",
                ],
            ])
    }
}
