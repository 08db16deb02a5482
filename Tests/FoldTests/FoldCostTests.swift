import HyperoSchema
import TestSupport
import Testing

@testable import HyperoIngest

/// The steps that the fold takes for `n` and `2 * n` events of a kind: at most in proportion, apart from a logarithm.
@Suite struct FoldCostTests {
    enum Kind: CaseIterable {
        case battery, start, param, meta, end
        case epochsInOrder, epochsInReverse, epochsAtRandom, epochsInPieces
        case bestIsWithdrawn, bestIsWithdrawnAgain, bestIsInTheMiddle, curveIsRewritten
        case curve, curveOfUnequalSeries, wideRow, wideRowInPieces, wideRowsInTurn
        case maxima, maximaOfManyChannels, deadLetters, duplicates, holes, experiments, batteries
    }

    /// The entries of earlier batches, and the batch whose fold is measured.
    private func events(_ kind: Kind, _ n: Int) -> (before: [Event], measured: [Event]) {
        func row(_ epoch: Int, _ value: Int) -> Event { Shorthand.row(epoch, ["valid": "\(value)"]) }
        func curve(_ count: Int) -> Event {
            Shorthand.event(.curve(first: 1, [Event.Series("valid", (1...count).map { Number(Double($0)) })]))
        }
        func cells(_ channels: some Sequence<Int>) -> [CurveRow.Cell] {
            channels.map { CurveRow.Cell("c\($0)", Number(Double($0))) }
        }
        func sent(_ seq: Int, in battery: BatteryID = Shorthand.battery) -> Event {
            var event = Shorthand.event(.start(Event.Start()), in: battery)
            event.origin = Event.Origin(producer: ProducerID("p")!, seq: UInt64(seq))
            return event
        }
        let all = 1...n
        var random = SeededGenerator(seed: 1)
        return switch kind {
        case .battery: ([], all.map { _ in Shorthand.declared() })
        case .start: ([], all.map { _ in Shorthand.event(.start(Event.Start(host: "h"))) })
        case .end: ([], all.map { _ in Shorthand.event(.end(.done, reason: nil)) })
        case .param: ([], all.map { Shorthand.event(.param([Event.Entry(name: "p\($0)", value: "1")])) })
        case .meta: ([], all.map { _ in Shorthand.event(.meta([Event.Entry(name: "m", value: "1")])) })
        case .epochsInOrder: ([], all.map { row($0, $0) })
        case .epochsInReverse: ([], all.reversed().map { row($0, $0) })
        case .epochsAtRandom: ([], all.shuffled(using: &random).map { row($0, $0 % 7) })
        case .epochsInPieces:
            ([], all.flatMap { [row($0, $0), Shorthand.row($0, ["test": "1"]), Shorthand.row($0, ["train": "1"])] })
        case .bestIsWithdrawn: ([curve(n)], [row(n, 0)])
        case .bestIsWithdrawnAgain: ([curve(n)], all.flatMap { [row(n, 0), row(n, n + $0)] } + [row(n, 0)])
        case .bestIsInTheMiddle:
            ([curve(n), row(n / 2, 2 * n)], (n + 1...2 * n).map { row($0, 1) } + (1...n / 2).map { row($0, 1) })
        case .curveIsRewritten: ([curve(n)], all.reversed().map { row($0, -$0) })
        case .curve: ([], [curve(n)])
        case .curveOfUnequalSeries:
            (
                [],
                [
                    Shorthand.event(
                        .curve(
                            first: 1,
                            [Event.Series("valid", (1...10 * n).map { Number(Double($0)) })]
                                + (1...n).map { Event.Series("c\($0)", [Number(1)]) }))
                ]
            )
        case .wideRow:
            ([], (1...20).map { Shorthand.event(.epoch($0, cells(all) + Shorthand.cells(["valid": "\($0)"]))) })
        case .wideRowInPieces:
            ([], [row(1, 1)] + all.map { Shorthand.event(.epoch(1, cells([$0]))) } + [row(1, 0), row(1, 2)])
        case .wideRowsInTurn:
            (
                [Shorthand.event(.epoch(1, cells(all))), Shorthand.event(.epoch(2, cells(all.reversed())))],
                (1...20).flatMap { [row(1, 2 * $0), row(2, 2 * $0 + 1)] }
            )
        case .maxima: ([], all.map { _ in Shorthand.maxima(["valid": "1", "test": "2"]) })
        case .maximaOfManyChannels:
            (
                [Shorthand.event(.epoch(1, cells(all.dropLast()) + Shorthand.cells(["valid": "1"])))],
                all.dropLast().map { Shorthand.event(.maxima(epoch: nil, cells([$0]))) }
            )
        case .deadLetters: ([], all.map { sent($0, in: BatteryID("undeclared")!) })
        case .duplicates: ((1...n).map { sent($0) }, all.map { sent($0) })
        case .holes: ([], all.map { sent(2 * $0) } + all.map { sent(2 * $0 - 1) })
        case .experiments:
            (
                [],
                all.map {
                    Shorthand.event(.epoch(1, Shorthand.cells(["valid": "\($0)"])), of: ExperimentID("e-\($0)")!)
                }
            )
        case .batteries:
            (
                [],
                all.map { number in
                    var event = Shorthand.declared()
                    event.battery = BatteryID("b\(number)")!
                    return event
                }
            )
        }
    }

    private func steps(_ kind: Kind, _ n: Int) throws -> Int {
        let (before, measured) = events(kind, n)
        var store = IndexStore()
        store.add([Shorthand.declared()] + before)
        return try #require(WorkCounter.steps(of: { store.add(measured) }).steps, "counted in debug builds only")
    }

    @Test(arguments: Kind.allCases)
    func `Twice as many events take at most about twice as many steps`(_ kind: Kind) throws {
        // A multiple of the parts of a curve, so that the last part is full.
        let n = 512
        let (small, large) = (try steps(kind, n), try steps(kind, 2 * n))
        #expect(large < 5 * small / 2 + 1_000, "\(small) steps for \(n), \(large) for \(2 * n)")
        #expect(small < 400 * n)
    }

    @Test func `A curve whose best epoch gets worse in each of many batches is read once, and a batch costs little`()
        throws
    {
        func steps(_ n: Int) throws -> Int {
            var store = IndexStore()
            store.cache = StateCache()
            let series = Event.Series("valid", (1...n).map { Number(Double($0)) })
            store.add([Shorthand.declared(), Shorthand.event(.curve(first: 1, [series]))])
            let steps = WorkCounter.steps {
                for epoch in (n - 50...n).reversed() { store.add([Shorthand.row(epoch, ["valid": "-1"])]) }
            }.steps
            #expect(store.experiment["max.epoch"] == "\(n - 51)")
            #expect(store.curveReads == 1)
            return try #require(steps)
        }
        let (small, large) = (try steps(4_000), try steps(8_000))
        // One curve is read; the rest depends on the height of a tree.
        #expect(large < 5 * small / 2, "\(small) steps for 4,000 epochs, \(large) for 8,000")
        #expect(large < 51 * 2_000 + 8_000 * 60, "\(large) steps")
    }

    @Test func `The attribution of many failed commands takes steps in proportion to the entries`() throws {
        func steps(_ n: Int) throws -> Int {
            var batch = DecodedBatch()
            for number in 1...n {
                var event = Shorthand.event(
                    .epoch(1, Shorthand.cells(["valid": "1"])), of: ExperimentID("e-\(number)")!)
                event.origin = Event.Origin(producer: ProducerID("p\(number)")!, seq: 1)
                batch.append(StreamID(milliseconds: UInt64(number), sequence: 0), event: .success(event))
            }
            let keyspace = IndexStore().keyspace
            return try #require(
                WorkCounter.steps {
                    let attribution = ChangeAttribution(of: batch, unapplied: [], keyspace: keyspace)
                    for number in 1...n {
                        let keys = [
                            keyspace.experiment(ExperimentID("e-\(number)")!),
                            keyspace.producer(ProducerID("p\(number)")!),
                        ]
                        for key in keys {
                            let change = IndexChange.removeFields(key: key, ["a"])
                            #expect(attribution.items(changing: change) == [number - 1])
                        }
                    }
                }.steps)
        }
        #expect(try steps(800) <= 2 * steps(400))
    }
}
