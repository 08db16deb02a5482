import HyperoSchema
import Testing

@testable import HyperoIngest

@Suite struct StateCacheTests {
    @Test func `An experiment that no event has begun is read again by the next batch`() {
        var batch = DecodedBatch()
        batch.append(StreamID(milliseconds: 1, sequence: 0), event: .success(Shorthand.row(1, ["valid": "1"])))
        var cache = StateCache()
        cache.store(PosteriorState(batteries: [BatteryState()], experiments: [ExperimentState()]), of: batch)
        #expect(cache.priorState(of: batch).experiments == [nil])
    }

    @Test func `An experiment that could not be read is read again by the next batch`() throws {
        var batch = DecodedBatch()
        batch.append(StreamID(milliseconds: 1, sequence: 0), event: .success(Shorthand.row(1, ["valid": "1"])))
        let objective = BatteryState.Objective(channel: "valid", direction: .max)
        let values = ExperimentState.fields.map { $0 == ExperimentField.battery ? "b" : nil }
        var posterior = PosteriorState(
            batteries: [BatteryState(fields: [(BatteryField.objective, "valid"), (BatteryField.updated, "1")])],
            experiments: [ExperimentState(values: values)], objectives: [0: CurveObjectives(of: objective)])
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
