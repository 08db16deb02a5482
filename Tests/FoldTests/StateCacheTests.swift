import HyperoSchema
import Testing

@testable import HyperoIngest

@Suite struct StateCacheTests {
    @Test func `An experiment that could not be read is read again by the next batch`() throws {
        var batch = DecodedBatch()
        batch.append(StreamID(milliseconds: 1, sequence: 0), event: .success(Shorthand.row(1, ["valid": "1"])))
        let objective = BatteryState.Objective(channel: "valid", direction: .max)
        var posterior = PosteriorState(
            batteries: [BatteryState(fields: [(BatteryField.objective, "valid"), (BatteryField.updated, "1")])],
            experiments: [ExperimentState()], objectives: [0: CurveObjectives(of: objective)])
        var cache = StateCache()
        cache.store(posterior, of: batch)
        #expect(cache.priorState(of: batch).experiments[0] != nil)
        #expect(cache.priorState(of: batch).objectives[0] != nil)
        posterior.batteries[0] = BatteryState(readError: "r")
        posterior.experiments[0] = ExperimentState(readError: "r")
        cache.store(posterior, of: batch)
        let prior = cache.priorState(of: batch)
        #expect(prior.batteries == [nil] && prior.experiments == [nil] && prior.objectives.isEmpty)
    }
}
