import HyperoSchema
import HyperoSearch
import TestSupport
import Testing

@testable import Hypero

/// Searches whose trials are larger than a usual reply of Redis, 2 MiB.
@Suite struct LargeTrialTests {
    private typealias Fixture = SearchLoopFixture

    @Test func `Another attempt starts although the trial has long metadata`() throws {
        let fixture = try Fixture()
        defer { fixture.ingest.kill() }
        let (first, second) = (try fixture.client(), try fixture.client())
        let lost = try #require(
            Fixture.search(first, trials: 1, lease: .seconds(1)).next(timeout: .seconds(60)))
        let drawn = lost.uniform("lr", 0, 1)
        let text = String(repeating: "x", count: 64_000)
        for index in 1...40 { lost.updateMeta("log \(index)", text) }
        #expect(first.flush(timeout: .seconds(60)))
        #expect(first.close())
        let search = Fixture.search(second, trials: 1, lease: .seconds(1))
        let again = try #require(search.next(timeout: .seconds(60)))
        #expect(again.attempt == 2 && again.uniform("lr", 0, 1) == drawn)
        again.finish()
    }

    @Test func `A sampler reads a history of long hyper-parameters`() throws {
        let fixture = try Fixture()
        defer { fixture.ingest.kill() }
        let (first, second) = (try fixture.client(), try fixture.client())
        let choices = ["a", "b"].map { String(repeating: $0, count: 60_000) }
        for trial in Fixture.search(first, trials: 40, sampler: .tpe) {
            trial.insertHP("prompt", choices[trial.uniform("x", 0, 1) > 0.5 ? 1 : 0])
            trial.log(epoch: 1, ["loss": 1])
        }
        #expect(first.flush(timeout: .seconds(60)))
        let search = Fixture.search(second, trials: 41, sampler: .tpe)
        let last = try #require(search.next(timeout: .seconds(60)))
        #expect(last.trialNumber == 41)
        last.uniform("x", 0, 1)
        last.finish()
        #expect(second.flush(timeout: .seconds(60)))
        #expect(try fixture.field(ExperimentField.asof, trial: 41, of: search).count > 10)
    }
}
