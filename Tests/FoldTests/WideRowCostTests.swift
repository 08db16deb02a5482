import HyperoSchema
import Testing

@testable import HyperoIngest

/// The cost of rows whose channels are logged one by one, for example the accuracy of each of 1,000 classes.
@Suite struct WideRowCostTests {
    /// Returns the steps of the fold per event for five epochs, in batches of 250 events.
    private func stepsPerEvent(channels: Int) throws -> Int {
        var store = IndexStore()
        store.cache = StateCache()
        store.add([Shorthand.declared()])
        let events = (1...5).flatMap { epoch in
            (0..<channels).map { Shorthand.row(epoch, ["class\($0)": "0.5"]) }
                + [Shorthand.row(epoch, ["valid": "0.\(epoch)"])]
        }
        let steps = WorkCounter.steps {
            for start in stride(from: 0, to: events.count, by: 250) { store.add(Array(events[start...].prefix(250))) }
        }.steps
        #expect(store.deadLetters.isEmpty)
        #expect(store.maxima.count { $0.value == "0.5" } == channels + 1)
        return try #require(steps, "counted in debug builds only") / events.count
    }

    @Test func `An event of a row of 1,000 channels takes at most three times as many steps as one of 100 channels`()
        throws
    {
        let (narrow, wide) = (try stepsPerEvent(channels: 100), try stepsPerEvent(channels: 1_000))
        #expect(wide < 3 * narrow, "\(narrow) steps per event of 100 channels, \(wide) of 1,000")
    }
}
