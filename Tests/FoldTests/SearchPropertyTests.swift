import HyperoSchema
import TestSupport
import Testing

@testable import HyperoIngest

@Suite struct SearchPropertyTests {
    @Test(arguments: 1...12 as ClosedRange<UInt64>)
    func `Every number ends once, whatever dies, sleeps or arrives twice`(seed: UInt64) {
        let simulation = SearchSimulation(seed: seed)
        let (fixture, count) = (simulation.fixture, SearchSimulation.trials)
        #expect(fixture.store.deadLetters.isEmpty)
        #expect(fixture.hash["ended"] == "\(count)" && fixture.hash["next"] == "\(count + 1)")
        #expect(!fixture.hash.keys.contains { $0.hasPrefix(SearchField.open) })
        #expect(Set(simulation.attempts.keys) == Set(1...count))
        #expect(simulation.attempts.values.allSatisfy { $0 == Array(1...$0.count) })
        // A process that dies before it starts the trial is no reason to give it up.
        #expect(simulation.starts.values.allSatisfy { $0 <= 3 })
        #expect(simulation.trialsOfPoints.count == 20 && simulation.trialsOfPoints.values.allSatisfy { $0.count == 1 })

        let ends = fixture.history.filter { $0["status"] != "running" }
        #expect(ends.count == count && Set(ends.map { $0["trial"] }).count == count)
        let done = ends.filter { $0["status"] == "done" }.count
        // An end counts only of the attempt that was granted last.
        #expect(ends.allSatisfy { $0["attempt"] == "\(simulation.attempts[Int($0["trial"]!)!]!.count)" })
        // One without an attempt may be of another rank, and is not counted if it is refused.
        let counted = done + Int(fixture.hash["refused"] ?? "0")!
        #expect((max(done, simulation.statedEnds)...simulation.sentEnds).contains(counted))
        #expect(simulation.deaths > 10)
        for end in ends {
            let experiment = fixture.experiment(Int(end["trial"]!)!)
            // Without an event before, the last attempt has left no experiment.
            #expect(experiment.isEmpty || experiment["status"] == end["status"])
            if end["status"] == "failed", !experiment.isEmpty { #expect(experiment["reason"] == "lost 3 times") }
        }
    }

    @Test(arguments: 1...3 as ClosedRange<UInt64>)
    func `Batches of any size produce the same grants, trials and history`(seed: UInt64) {
        let simulation = SearchSimulation(seed: seed)
        let entries = simulation.fixture.entries
        var random = SeededGenerator(seed: seed)
        for (index, size) in [1, 7, 100, entries.count].enumerated() {
            var store = IndexStore()
            if index % 2 == 1 { store.cache = StateCache() }
            var remaining = entries[...]
            while !remaining.isEmpty {
                let part = remaining.prefix(Int.random(in: 1...size, using: &random))
                var batch = DecodedBatch()
                for (id, event) in part { batch.append(id, event: .success(event)) }
                store.add(batch)
                remaining = remaining.dropFirst(part.count)
            }
            #expect(store == simulation.fixture.store)
        }
    }

    @Test(arguments: [0, 10_000] as [Int64])
    func `Twice as many claims take at most about twice as many steps, also of trials that are lost`(pause: Int64)
        throws
    {
        func steps(_ n: Int) throws -> Int {
            var fixture = SearchFixture(trials: 2 * n)
            func claims(at time: Int64, by prefix: String) -> DecodedBatch {
                fixture.batch(
                    (1...n).map { (time, fixture.numbered(SearchFixture.claim(), by: "\(prefix)\($0)")) })
            }
            let first = claims(at: 10_000, by: "p")
            fixture.store.add(first)
            let signs = (1...n).map { SearchFixture.alive("q\($0)") }
            fixture.add(at: 10_000 + pause, signs)
            let batch = claims(at: 10_000 + pause, by: "q")
            let steps = WorkCounter.steps { fixture.store.add(batch) }.steps
            #expect(fixture.hash["next"] == "\((pause == 0 ? 2 : 1) * n + 1)" && fixture.hash["open.1"] != nil)
            return try #require(steps, "counted in debug builds only")
        }
        let (small, large) = (try steps(500), try steps(1_000))
        #expect(large < 5 * small / 2 + 1_000, "\(small) steps for 500 claims, \(large) for 1,000")
        #expect(small < 500 * 100)
    }
}
