import Testing

@testable import hypero_demo

@Suite("The tally")
struct TallyTests {
    @Test("counts epochs of running experiments, and ended ones as a whole")
    func progress() {
        var tally = Tally(experiments: 2, epochs: 10)
        #expect(tally.progress == 0)
        tally.receive(.epoch(valid: 0.5), from: 0)
        tally.receive(.epoch(valid: 0.4), from: 1)
        #expect(tally.progress == 0.1)
        #expect(tally.bestValid == 0.5)
        tally.receive(.end(outcome("a-1", .failed, valid: 0.5)), from: 0)
        #expect(tally.progress == 0.55)
        tally.receive(.end(outcome("b-1", .done, valid: 0.4)), from: 1)
        #expect(tally.progress == 1)
        #expect(tally.endedCount == 2)
    }

    @Test("sums up what ended how, and the best, the first of equals")
    func summary() {
        var tally = Tally(experiments: 5, epochs: 1)
        tally.receive(.end(outcome("a-1", .done, valid: 0.9)), from: 0)
        tally.receive(.end(outcome("b-1", .done, valid: 0.95)), from: 1)
        tally.receive(.end(outcome("a-2", .done, valid: 0.95)), from: 0)
        tally.receive(.end(Outcome(experiment: "b-2", status: .failed, best: nil)), from: 1)
        #expect(
            tally.summary(name: "digits mlp", version: 3) == """
                5 experiments of "digits mlp" version 3: 3 done, 1 failed
                best valid accuracy 0.9500, test 0.8500: b-1

                """)
    }

    @Test("has no best where nothing ended")
    func empty() {
        let tally = Tally(experiments: 1, epochs: 1)
        #expect(tally.summary(name: "a", version: 1) == "1 experiment of \"a\" version 1: none ended\n")
    }

    @Test("adds up unsent events, and keeps each problem once")
    func problems() {
        var tally = Tally(experiments: 2, epochs: 1)
        tally.receive(.unsent(3), from: 0)
        tally.receive(.unsent(4), from: 1)
        tally.receive(.problem("bad URL"), from: 0)
        tally.receive(.problem("bad URL"), from: 1)
        #expect(tally.unsent == 7)
        #expect(tally.problems == ["bad URL"])
    }

    private func outcome(_ id: String, _ status: Outcome.Status, valid: Double) -> Outcome {
        Outcome(experiment: id, status: status, best: .init(valid: valid, test: valid - 0.1))
    }
}
