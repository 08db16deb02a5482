import Testing

@testable import hypero_demo

@Suite struct RunProgressTests {
    @Test func `Progress counts the epochs of running experiments and all epochs of ended experiments`() {
        var progress = RunProgress(experiments: 2, epochs: 10)
        #expect(progress.fraction == 0)
        progress.add(.epoch(valid: 0.5), from: 0)
        progress.add(.epoch(valid: 0.4), from: 1)
        #expect(progress.fraction == 0.1)
        #expect(progress.bestValid == 0.5)
        progress.add(.end(result("a-1", .failed, valid: 0.5)), from: 0)
        #expect(progress.fraction == 0.55)
        progress.add(.end(result("b-1", .done, valid: 0.4)), from: 1)
        #expect(progress.fraction == 1)
        #expect(progress.endedCount == 2)
    }

    @Test func `The summary counts experiments by status and names the first of the best results`() {
        var progress = RunProgress(experiments: 5, epochs: 1)
        progress.add(.end(result("a-1", .done, valid: 0.9)), from: 0)
        progress.add(.end(result("b-1", .done, valid: 0.95)), from: 1)
        progress.add(.end(result("a-2", .done, valid: 0.95)), from: 0)
        progress.add(.end(TrainingResult(experiment: "b-2", status: .failed, best: nil)), from: 1)
        #expect(
            progress.summary(name: "digits mlp", version: 3) == """
                5 experiments of "digits mlp" version 3: 3 done, 1 failed
                best valid accuracy 0.9500, test 0.8500: b-1

                """)
    }

    @Test func `The summary of a run without ended experiments has no best result`() {
        let progress = RunProgress(experiments: 1, epochs: 1)
        #expect(progress.summary(name: "a", version: 1) == "1 experiment of \"a\" version 1: none ended\n")
    }

    @Test func `Unsent events are added up and each problem is kept once`() {
        var progress = RunProgress(experiments: 2, epochs: 1)
        progress.add(.unsent(3), from: 0)
        progress.add(.unsent(4), from: 1)
        progress.add(.problem("bad URL"), from: 0)
        progress.add(.problem("bad URL"), from: 1)
        #expect(progress.unsent == 7)
        #expect(progress.problems == ["bad URL"])
    }

    private func result(_ id: String, _ status: TrainingResult.Status, valid: Double) -> TrainingResult {
        TrainingResult(experiment: id, status: status, best: .init(valid: valid, test: valid - 0.1))
    }
}
