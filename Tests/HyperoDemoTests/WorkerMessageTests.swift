import Testing

@testable import hypero_demo

@Suite struct WorkerMessageTests {
    @Test(
        arguments: [
            .epoch(valid: 0.1 + 0.2),
            .end(TrainingResult(experiment: "k3v9x2mq7d-17", status: .done, best: .init(valid: 0.98, test: 0.97))),
            .end(TrainingResult(experiment: "k3v9x2mq7d-18", status: .failed, best: nil)),
            .end(TrainingResult(experiment: "k3v9x2mq7d-19", status: .stopped, best: .init(valid: 0, test: 1e-17))),
            .unsent(.max),
            .problem("the URL  is no URL"),
        ] as [WorkerMessage])
    func `A worker message is equal after formatting and parsing`(message: WorkerMessage) {
        #expect(message.line.hasSuffix("\n"))
        #expect(WorkerMessage(line: message.line.dropLast()) == message)
    }

    @Test func `A problem of several lines is joined to one line`() {
        #expect(WorkerMessage.problem("what\nto do").line == "problem what to do\n")
    }

    @Test(
        arguments: [
            "", "epoch", "epoch x", "epoch 1 2", "end", "end done", "end done ", "end over k-1", "end done k-1 0.5",
            "end done k-1 0.5 x", "unsent -1", "problem", "hello world",
        ])
    func `Other lines are not parsed as worker messages`(line: String) {
        #expect(WorkerMessage(line: line) == nil)
    }
}
