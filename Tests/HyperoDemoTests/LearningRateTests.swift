import Testing

@testable import hypero_demo

@Suite("The learning rate")
struct LearningRateTests {
    @Test("falls in a straight line and is never 0")
    func linear() {
        #expect(rates(.linear, valid: [0.1, 0.2, 0.3, 0.4]) == [0.5, 0.375, 0.25, 0.125])
    }

    @Test("stays where there is no decay")
    func none() {
        #expect(rates(.none, valid: [0.4, 0.3, 0.2, 0.1]) == [0.5, 0.5, 0.5, 0.5])
    }

    @Test("halves after three epochs without a better valid accuracy, again and again")
    func adaptive() {
        let valid = [0.5, 0.5, 0.4, 0.5, 0.6, 0.6, 0.6, 0.6, 0.1, 0.1, 0.1, 0.1]
        let expected = [0.5, 0.5, 0.5, 0.5, 0.25, 0.25, 0.25, 0.25, 0.125, 0.125, 0.125, 0.0625]
        #expect(rates(.adaptive, valid: valid) == expected)
    }

    /// The rate of each epoch, when these are the valid accuracies at their ends.
    private func rates(_ decay: Decay, valid: [Double]) -> [Double] {
        var rate = LearningRate(initial: 0.5, decay: decay, epochs: valid.count)
        return valid.map { accuracy in
            defer { rate.finishEpoch(valid: accuracy) }
            return rate.current
        }
    }
}
