import HyperoSchema
import TestSupport
import Testing

@testable import HyperoSearch

@Suite("The past trials of a search")
struct SearchHistoryTests {
    private static func parameter(_ value: Double = 0.5, name: String = "x") -> PastTrial.Parameter {
        PastTrial.Parameter(name, .uniform(low: 0, high: 1), .number(value))
    }

    private static func trial(_ number: Int, _ outcome: PastTrial.Outcome) -> PastTrial {
        PastTrial(number: number, outcome, [parameter()])
    }

    private static func history(_ trials: [PastTrial], direction: Direction = .min) -> SearchHistory {
        var history = SearchHistory(direction: direction)
        for trial in trials { history.record(trial) }
        return history
    }

    @Test func `Finished trials are before stopped ones, and values that are not finite are last`() {
        let outcomes: [PastTrial.Outcome] = [
            .finished(value: .nan), .stopped(epoch: 3, value: 0), .stopped(epoch: 9, value: 7), .finished(value: 2),
            .stopped(epoch: 9, value: 5), .finished(value: -.infinity), .finished(value: 1), .finished(value: 2),
            .stopped(epoch: 100, value: .nan), .finished(value: .infinity),
        ]
        func order(_ direction: Direction) -> [Int] {
            let trials = outcomes.enumerated().map { Self.trial($0.offset, $0.element) }
            return trials.sorted { left, right in
                guard let left = TrialOrder(of: left, direction: direction),
                    let right = TrialOrder(of: right, direction: direction)
                else { return false }
                return left < right
            }.map(\.number)
        }
        #expect(Array(order(.min).prefix(6)) == [6, 3, 7, 4, 2, 1])
        #expect(Array(order(.max).prefix(6)) == [3, 7, 6, 2, 4, 1])
        #expect(Set(order(.min).suffix(4)) == [0, 5, 8, 9])
        #expect(TrialOrder(of: Self.trial(1, .running), direction: .min) == nil)
    }

    @Test(arguments: [(1, 1), (9, 1), (10, 1), (11, 2), (40, 4), (250, 25), (2_000, 25)])
    func `The best tenth is good, at most 25, and the newest 1,000 of the others are bad`(count: Int, good: Int) {
        // The values are a permutation.
        let history = Self.history(
            (0..<count).map { Self.trial($0, .finished(value: Double($0 * 7_919 % count))) }, direction: .max)
        #expect(history.good.count == good && history.endedCount == count)
        let values = history.good.map { Double($0.number * 7_919 % count) }
        #expect(Set(values) == Set((0..<good).map { Double(count - 1 - $0) }))
        let goodNumbers = Set(history.good.map(\.number))
        let others = (0..<count).filter { !goodNumbers.contains($0) }
        #expect(history.bad(includesRunning: false).map(\.number) == Array(others.suffix(1_000)))
    }

    @Test func `The order in which trials end has no effect`() {
        var generator = SeededGenerator(seed: 3)
        let trials = (0..<1_500).map { number in
            Self.trial(
                number, number % 7 == 0 ? .stopped(epoch: number % 5, value: 1) : .finished(value: Double(number % 97)))
        }
        let expected = Self.history(trials)
        for _ in 0..<3 {
            let history = Self.history(trials.shuffled(using: &generator))
            #expect(history.good.map(\.number) == expected.good.map(\.number))
            #expect(
                history.bad(includesRunning: true).map(\.number) == expected.bad(includesRunning: false).map(\.number))
        }
    }

    @Test func `The first end of a trial counts`() {
        var history = Self.history((0..<3_000).map { Self.trial($0, .finished(value: Double($0))) })
        let good = history.good.map(\.number)
        // Also that of a trial that is no longer kept.
        for number in [0, 1_500, 2_999] {
            history.record(Self.trial(number, .finished(value: -1)))
            history.record(Self.trial(number, .running))
        }
        #expect(history.endedCount == 3_000 && history.good.map(\.number) == good)
        #expect(history.bad(includesRunning: true).count == 1_000)
        #expect(Set(history.bad(includesRunning: true).map(\.number)).count == 1_000)
    }

    @Test func `Running trials are bad on request, until they end`() {
        var history = Self.history([Self.trial(1, .finished(value: 0)), Self.trial(3, .finished(value: 1))])
        history.record(Self.trial(2, .running))
        history.record(Self.trial(2, .running))
        history.record(Self.trial(4, .running))
        #expect(history.bad(includesRunning: false).map(\.number) == [3])
        #expect(history.bad(includesRunning: true).map(\.number) == [2, 3, 4])
        history.record(Self.trial(2, .stopped(epoch: 1, value: 0)))
        #expect(history.bad(includesRunning: true).map(\.number) == [2, 3, 4] && history.endedCount == 3)
    }

    @Test func `A trial without hyper-parameters is not counted`() {
        let history = Self.history([PastTrial(number: 1, .finished(value: 0), [])])
        #expect(history.endedCount == 0 && history.commonParameters.isEmpty)
    }

    @Test func `No trial is good if none has a finite value`() {
        let history = Self.history((0..<50).map { Self.trial($0, .finished(value: .nan)) })
        #expect(history.good.isEmpty && history.finiteCount == 0 && history.bad(includesRunning: false).count == 50)
    }

    @Test func `The common hyper-parameters are those that all ended trials have with equal distributions`() {
        func names(_ history: SearchHistory) -> [String] {
            history.commonParameters.map { history.table.parameters[$0].name.text }.sorted()
        }
        let (a, b, c) = (Self.parameter(name: "a"), Self.parameter(name: "b"), Self.parameter(name: "c"))
        let wide = PastTrial.Parameter("c", .uniform(low: 0, high: 2), .number(1))
        var history = SearchHistory(direction: .min)
        history.record(PastTrial(number: 1, .finished(value: 1), [c, a, b]))
        #expect(names(history) == ["a", "b", "c"])
        history.record(PastTrial(number: 2, .stopped(epoch: 1, value: 1), [a, wide]))
        #expect(names(history) == ["a"])
        history.record(PastTrial(number: 3, .running, [b]))
        #expect(names(history) == ["a"])
        history.record(PastTrial(number: 4, .finished(value: 1), [b]))
        #expect(names(history).isEmpty)
    }

    @Test func `The memory is bounded for distributions that differ in each trial`() {
        var history = SearchHistory(direction: .min)
        for number in 0..<20_000 {
            let other = PastTrial.Parameter("\(number)", .uniform(low: 0, high: Double(number + 1)), .number(0))
            history.record(PastTrial(number: number, .running, [other]))
            history.record(PastTrial(number: number, .finished(value: Double(number)), [Self.parameter(), other]))
        }
        #expect(history.table.count < 4_300)
        #expect(history.commonParameters.map { history.table.parameters[$0].name.text } == ["x"])
        #expect(history.good.allSatisfy { $0.points.count == 2 } && history.good.count == 25)
    }

    @Test func `A set of numbers equals a set of the standard library`() {
        var generator = SeededGenerator(seed: 5)
        var (numbers, expected) = (TrialNumbers(), Set<Int>())
        for _ in 0..<5_000 {
            let extremes = [Int.min, Int.min + 1, Int.max - 1, Int.max]
            let number = generator.chance(2) ? generator.pick(extremes) : Int.random(in: -300...900, using: &generator)
            #expect(numbers.contains(number) == expected.contains(number))
            #expect(numbers.insert(number) == expected.insert(number).inserted)
        }
        #expect(numbers.ranges.reduce(0) { $0 + $1.count } == expected.count)
        #expect(zip(numbers.ranges, numbers.ranges.dropFirst()).allSatisfy { $0.upperBound < $1.lowerBound - 1 })
    }
}
