import HyperoSchema
import TestSupport
import Testing

@testable import HyperoIngest

@Suite struct SplitTests {
    private static let numbers = ["0", "1", "2", "-1", "0.5", "nan", "inf", "-inf", "1e-999", "2.0"]

    private func cells(_ random: inout SeededGenerator) -> [CurveRow.Cell] {
        ["train", "valid", "test"].filter { _ in Bool.random(using: &random) }.shuffled(using: &random)
            .map { CurveRow.Cell($0, Shorthand.number(Self.numbers.randomElement(using: &random)!)) }
    }

    private func body(_ random: inout SeededGenerator) -> Event.Body {
        let cells = cells(&random)
        switch Int.random(in: 0..<20, using: &random) {
        case 0:
            return .start(
                Event.Start(
                    host: Bool.random(using: &random) ? "h" : nil,
                    attempt: Bool.random(using: &random) ? Int.random(in: 1...3, using: &random) : nil,
                    from: Bool.random(using: &random) ? Int.random(in: 0..<9, using: &random) : nil))
        case 1:
            let status: ExperimentStatus = Bool.random(using: &random) ? .done : .lost
            return .end(status, reason: Bool.random(using: &random) ? "r" : nil)
        case 2:
            let name = "p\(Int.random(in: 0..<3, using: &random))"
            let space = Event.Entry(name: name, value: "uniform 0 \(Int.random(in: 1..<3, using: &random))")
            return .param(
                [Event.Entry(name: name, value: "1")], spaces: Bool.random(using: &random) ? [space] : [])
        case 6 where Bool.random(using: &random):
            return .alive(ProducerID("p\(Int.random(in: 0..<3, using: &random))")!)
        case 3: return .meta([Event.Entry(name: "m", value: "\(Int.random(in: 0..<3, using: &random))")])
        case 4 where !cells.isEmpty && Int.random(in: 0..<6, using: &random) == 0:
            return .maxima(epoch: Bool.random(using: &random) ? 4 : nil, cells)
        case 5 where !cells.isEmpty:
            let series = cells.map { cell in
                Event.Series(
                    cell.channel,
                    (0...Int.random(in: 0..<4, using: &random)).map { _ in
                        Shorthand.number(Self.numbers.randomElement(using: &random)!)
                    })
            }
            return .curve(first: Int.random(in: 0..<6, using: &random), series)
        default:
            return .epoch(
                Int.random(in: 0..<8, using: &random),
                cells.isEmpty ? [CurveRow.Cell("valid", Shorthand.number("1"))] : cells)
        }
    }

    private func events(_ random: inout SeededGenerator) -> [Event] {
        let batteries = [Shorthand.battery, BatteryID("c")!]
        return (0..<150).map { index in
            let battery = batteries[Int.random(in: 0..<10, using: &random) == 0 ? 1 : 0]
            var event = Event(
                experiment: ExperimentID("e-\(Int.random(in: 0..<4, using: &random))"), battery: battery,
                time: Bool.random(using: &random) ? Int64.random(in: 0..<100, using: &random) : nil,
                body: body(&random))
            if index == 3 || Int.random(in: 0..<15, using: &random) == 0 {
                event = Shorthand.declared(index % 2 == 0 ? .max : .min)
                event.battery = battery
                if case .battery(var declaration) = event.body, Bool.random(using: &random) {
                    let direction = Bool.random(using: &random) ? Direction.max : .min
                    declaration.directions = [Event.ChannelDirection("train", direction)]
                    event.body = .battery(declaration)
                }
            }
            if case .alive = event.body {
                (event.experiment, event.battery) = (nil, nil)
                return event
            }
            if Bool.random(using: &random) {
                event.origin = Event.Origin(
                    producer: ProducerID("p\(Int.random(in: 0..<2, using: &random))")!,
                    seq: UInt64(index / 2 + Int.random(in: 1..<6, using: &random)))
            }
            return event
        }
    }

    @Test(arguments: 1...60)
    func `Batches of any size produce the same indexes, equal to the naive model`(seed: Int) {
        var random = SeededGenerator(seed: UInt64(seed))
        let events = events(&random)
        var oneByOne = IndexStore()
        oneByOne.addOneByOne(events)
        var atOnce = IndexStore()
        atOnce.add(events)
        var split = IndexStore()
        var cached = IndexStore()
        cached.cache = StateCache()
        var remaining = events[...]
        while !remaining.isEmpty {
            let count = Int.random(in: 1...20, using: &random)
            split.add(Array(remaining.prefix(count)))
            cached.add(Array(remaining.prefix(count)))
            remaining = remaining.dropFirst(count)
        }
        let entries = events.enumerated().map { index, event in
            StreamEntry(id: StreamID(milliseconds: 1_001 + UInt64(index), sequence: 0), event)
        }
        #expect(oneByOne.differences(from: entries) == "")
        #expect(atOnce == oneByOne)
        #expect(split == oneByOne)
        #expect(cached == oneByOne)
    }
}
