import HyperoSchema
import TestSupport
import Testing

@testable import HyperoIngest

/// Random rows of trials that run at once, against a model that computes all from the definitions.
@Suite struct StoppingPropertyTests {
    /// The rows and verdicts of a search, computed from the definitions for each row again.
    private struct Model {
        let rule: StoppingRule
        let direction: Direction
        /// The objective of each row; nil if it is not finite.
        var curves: [Int: [Int: Double?]] = [:]
        var rungs: [Int: [Int: Double]] = [:]
        var stops: [Int: String] = [:]
        var ended: Set<Int> = []
        /// The reasons in the hashes of producers, by `<producer> <trial>`.
        var fields: [String: String] = [:]

        private var worst: Double { direction == .max ? -.infinity : .infinity }

        private func best(_ values: some Sequence<Double>) -> Double {
            (direction == .max ? values.max() : values.min()) ?? worst
        }

        mutating func add(row epoch: Int, _ number: Number?, of trial: Int, by producer: String) {
            if let number {
                let value = number.isFinite ? number.value : nil
                curves[trial, default: [:]][epoch] = .some(value)
                for rung in rule.rungs {
                    if epoch == rung {
                        rungs[rung, default: [:]][trial] = value ?? worst
                    } else if epoch > rung, rungs[rung]?[trial] == nil {
                        let before = curves[trial]!.filter { $0.key < rung }.compactMap(\.value)
                        rungs[rung, default: [:]][trial] = before.isEmpty ? value ?? worst : best(before)
                    }
                }
                if !ended.contains(trial), stops[trial] == nil { stops[trial] = verdict(of: trial) }
            }
            if !ended.contains(trial) { fields["\(producer) \(trial)"] = stops[trial] }
        }

        private func verdict(of trial: Int) -> String? {
            guard let rung = rule.rungs.last(where: { rungs[$0]?[trial] != nil }), let all = rungs[rung]?.values,
                let score = rungs[rung]?[trial]
            else { return nil }
            let (count, better) = (all.count, all.count { direction.prefers($0, over: score) })
            let kept: Int
            switch rule.kind {
            case .halving:
                kept = max(1, count / rule.factor)
                guard better + 1 > kept else { return nil }
            case .median:
                guard count >= 5, Double(better) > Double(count) / 2 else { return nil }
                kept = count / 2 + 1
            }
            let rank = better + 1
            let suffix = (11...13).contains(rank % 100) ? "th" : ["th", "st", "nd", "rd"][min(rank % 10, 4) % 4]
            return "rung \(rung): \(rank)\(suffix) of \(count), \(rule.kind.rawValue) keeps \(kept)"
        }
    }

    /// The entries of a search, and the model after them.
    private struct Case {
        var model: Model
        var entries: [Event] = []
        /// The declaration of the search.
        let declaration: Event
        private var numbers: [String: UInt64] = [:]

        static let trials = 14

        init(seed: UInt64) {
            var random = SeededGenerator(seed: seed)
            let direction: Direction = random.chance(50) ? .max : .min
            let rule = StoppingRule(
                random.chance(50) ? .halving : .median, epochs: Int.random(in: 2...30, using: &random),
                first: random.chance(50) ? nil : 1, factor: Int.random(in: 2...4, using: &random))
            model = Model(rule: rule, direction: direction)
            declaration = SearchFixture.declaration(trials: Self.trials, stopping: rule)
            var (attempts, next) = (
                Array(repeating: 1, count: Self.trials + 1), Array(repeating: 1, count: Self.trials + 1)
            )
            var delayed: [(Int, Int, Number?)] = []
            for trial in 1...Self.trials { add(SearchFixture.start(trial, 1), by: "p\(trial)x1") }
            for _ in 0..<400 {
                let trial = Int.random(in: 1...Self.trials, using: &random)
                let producer = "p\(trial)x\(attempts[trial])"
                switch Int.random(in: 0..<100, using: &random) {
                case 0..<2:
                    model.ended.insert(trial)
                    model.fields["\(producer) \(trial)"] = nil
                    add(SearchFixture.end(trial, attempt: attempts[trial]), by: producer)
                case 2..<5 where !model.ended.contains(trial):
                    attempts[trial] += 1
                    let from = random.chance(50) ? Int.random(in: 1...next[trial], using: &random) : nil
                    let producer = "p\(trial)x\(attempts[trial])"
                    add(SearchFixture.start(trial, attempts[trial], from: from), by: producer)
                    model.fields["\(producer) \(trial)"] = model.stops[trial]
                    next[trial] = from ?? 1
                    if let from { model.curves[trial] = model.curves[trial]?.filter { $0.key < from } }
                case 5..<15:
                    if let (trial, epoch, number) = delayed.randomElement(using: &random) {
                        addRow(trial, epoch, number, by: "p\(trial)x\(attempts[trial])")
                    }
                case 15..<20:
                    let numbers = (0..<5).map { _ in Self.number(&random) }
                    let first = next[trial]
                    next[trial] += 5
                    add(
                        SearchFixture.event(trial, .curve(first: first, [Event.Series("valid", numbers)])), by: producer
                    )
                    for (index, number) in numbers.enumerated() {
                        model.add(row: first + index, number, of: trial, by: producer)
                    }
                default:
                    let epoch = next[trial]
                    next[trial] += random.chance(20) ? 4 : 1
                    let number = random.chance(10) ? nil : Self.number(&random)
                    if random.chance(20) { delayed.append((trial, epoch, number)) }
                    if random.chance(85) { addRow(trial, epoch, number, by: producer) }
                }
            }
        }

        private static func number(_ random: inout SeededGenerator) -> Number {
            switch Int.random(in: 0..<20, using: &random) {
            case 0: Number(.nan)
            case 1: Number(random.chance(50) ? .infinity : -.infinity)
            default: Number(Double(Int.random(in: -5...5, using: &random)) / 4)
            }
        }

        private mutating func add(_ event: Event, by producer: String) {
            var event = event
            numbers[producer, default: 0] += 1
            event.origin = Event.Origin(producer: ProducerID(producer)!, seq: numbers[producer]!)
            entries.append(event)
        }

        private mutating func addRow(_ trial: Int, _ epoch: Int, _ number: Number?, by producer: String) {
            let cells = number.map { [CurveRow.Cell("valid", $0)] } ?? Shorthand.cells(["train": "1"])
            add(SearchFixture.event(trial, .epoch(epoch, cells)), by: producer)
            model.add(row: epoch, number, of: trial, by: producer)
        }

        /// Folds the entries in batches of random sizes.
        func fixture(maxBatch: Int, cached: Bool, seed: UInt64) -> SearchFixture {
            var random = SeededGenerator(seed: seed)
            var fixture = SearchFixture(
                trials: Self.trials, stopping: model.rule, direction: model.direction, cached: cached)
            var (remaining, time) = (entries[...], Int64(10_000))
            while !remaining.isEmpty {
                let part = remaining.prefix(Int.random(in: 1...maxBatch, using: &random))
                fixture.store.add(
                    fixture.batch(
                        part.map {
                            time += 1
                            return (time, $0)
                        }))
                remaining = remaining.dropFirst(part.count)
            }
            return fixture
        }
    }

    @Test(arguments: 1...8 as ClosedRange<UInt64>)
    func `Rungs and verdicts equal those of the definition, in any batches`(seed: UInt64) {
        let expected = Case(seed: seed)
        let fixtures = [(1, false), (1, true), (30, false), (30, true), (1_000, true)].map {
            expected.fixture(maxBatch: $0.0, cached: $0.1, seed: seed)
        }
        for fixture in fixtures {
            #expect(fixture.store.deadLetters.isEmpty)
            for rung in expected.model.rule.rungs {
                #expect(fixture.rung(rung) == expected.model.rungs[rung] ?? [:], "rung \(rung)")
            }
            for trial in 1...Case.trials {
                #expect(fixture.experiment(trial)["stop"] == expected.model.stops[trial])
            }
            var fields: [String: String] = [:]
            for (key, hash) in fixture.store.hashes {
                guard let producer = key.dropping(prefix: fixture.store.keyspace.producerPrefix) else { continue }
                for (name, value) in hash {
                    guard let id = name.dropping(prefix: ProducerField.stop) else { continue }
                    fields["\(producer) \(id.dropFirst(SearchID.size + 1))"] = value
                }
            }
            #expect(fields == expected.model.fields)
            #expect(fixture.store == fixtures[0].store)
        }
        // Each batch with a row reads the rungs only if no cache has them.
        #expect(fixtures[1].store.rungReads <= 1 && fixtures[0].store.rungReads > 1)
    }

    @Test func `The random cases have verdicts of both rules, and trials without one`() {
        for kind in StoppingRule.Kind.allCases {
            let models = (1...60 as ClosedRange<UInt64>).map { Case(seed: $0).model }.filter { $0.rule.kind == kind }
            let stops = models.map(\.stops.count)
            #expect(stops.reduce(0, +) > 40 && stops.contains { $0 < Case.trials / 2 })
        }
    }

    @Test(arguments: 1...15 as ClosedRange<UInt64>)
    func `Rows that arrive in any order, and some of them again, have the same final rungs if they have their epochs`(
        seed: UInt64
    ) {
        var random = SeededGenerator(seed: seed)
        let direction: Direction = seed % 2 == 0 ? .max : .min
        let rule = StoppingRule(.halving, epochs: 27, first: 1)
        var rows: [Event] = []
        var expected: [Int: [Int: Double]] = [:]
        for trial in 1...5 {
            let epochs = (1...30).filter { epoch in random.chance(70) || rule.rungs.contains(epoch) }
            let values = epochs.map { _ in random.chance(10) ? Double.nan : Double.random(in: 0..<1, using: &random) }
            for (epoch, value) in zip(epochs, values) {
                let row = SearchFixture.event(trial, .epoch(epoch, [CurveRow.Cell("valid", Number(value))]))
                rows += Array(repeating: row, count: random.chance(20) ? 2 : 1)
            }
            for (epoch, value) in zip(epochs, values) where rule.rungs.contains(epoch) {
                expected[epoch, default: [:]][trial] =
                    value.isFinite ? value : direction == .max ? -.infinity : .infinity
            }
        }
        for _ in 0..<3 {
            var fixture = SearchFixture(trials: 5, stopping: rule, direction: direction, cached: true)
            var remaining = rows.shuffled(using: &random)[...]
            while !remaining.isEmpty {
                let part = remaining.prefix(Int.random(in: 1...20, using: &random))
                fixture.add(at: 10_000, Array(part))
                remaining = remaining.dropFirst(part.count)
            }
            for rung in rule.rungs { #expect(fixture.rung(rung) == expected[rung] ?? [:], "rung \(rung)") }
        }
    }

    @Test(arguments: [1, 1_000])
    func `Twice as many trials and rows take at most about twice as many steps`(batch: Int) throws {
        func steps(_ trials: Int) throws -> Int {
            var fixture = SearchFixture(
                trials: trials, stopping: StoppingRule(.halving, epochs: 9, first: 1), cached: true)
            var random = SeededGenerator(seed: 1)
            let events = (1...3).flatMap { epoch in
                (1...trials).shuffled(using: &random).map {
                    SearchFixture.row($0, epoch, "\(Int.random(in: 0...1_000_000, using: &random))")
                }
            }
            fixture.add(at: 9_000, (1...trials).map { SearchFixture.start($0, 1) })
            let batches = stride(from: 0, to: events.count, by: batch).map { first in
                fixture.batch(events[first..<min(first + batch, events.count)].map { (10_000, $0) })
            }
            var store = fixture.store
            let steps = WorkCounter.steps { for batch in batches { store.add(batch) } }.steps
            #expect(store.rungReads == 1 && store.sets[store.keyspace.rung(3, of: SearchFixture.id)]?.count == trials)
            return try #require(steps, "counted in debug builds only")
        }
        let (small, large) = (try steps(200), try steps(400))
        #expect(large < 5 * small / 2 + 1_000, "\(small) steps for 200 trials, \(large) for 400")
    }
}
