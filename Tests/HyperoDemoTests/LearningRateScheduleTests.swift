import Testing

@testable import hypero_demo

@Suite struct LearningRateScheduleTests {
    @Test func `A linear learning rate decreases by equal steps and is never 0`() {
        #expect(rates(.linear, valid: [0.1, 0.2, 0.3, 0.4]) == [0.5, 0.375, 0.25, 0.125])
    }

    @Test func `Without decay the learning rate is constant`() {
        #expect(rates(.none, valid: [0.4, 0.3, 0.2, 0.1]) == [0.5, 0.5, 0.5, 0.5])
    }

    @Test func `An adaptive learning rate is halved after every three epochs without a better valid accuracy`() {
        let valid = [0.5, 0.5, 0.4, 0.5, 0.6, 0.6, 0.6, 0.6, 0.1, 0.1, 0.1, 0.1]
        let expected = [0.5, 0.5, 0.5, 0.5, 0.25, 0.25, 0.25, 0.25, 0.125, 0.125, 0.125, 0.0625]
        #expect(rates(.adaptive, valid: valid) == expected)
    }

    /// Returns the rate of each epoch, given the valid accuracy of each epoch.
    private func rates(_ decay: LearningRateDecay, valid: [Double]) -> [Double] {
        var schedule = LearningRateSchedule(initial: 0.5, decay: decay, epochs: valid.count)
        return valid.map { accuracy in
            defer { schedule.finishEpoch(valid: accuracy) }
            return schedule.current
        }
    }
}
