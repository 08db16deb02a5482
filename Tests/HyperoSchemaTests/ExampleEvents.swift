import HyperoSchema
import TestSupport

/// Returns an entry with fields in this order, for example `["event": "end", …]`. Names may be repeated.
func entry(_ fields: KeyValuePairs<String, String>) -> StreamEntry {
    StreamEntry(id: .zero, fields: fields.map { StreamEntry.Field($0.key, $0.value) })
}

/// Returns the reason for rejecting the entry; nil if it is valid.
func rejection(_ entry: StreamEntry) -> String? {
    do {
        _ = try entry.decoded()
        return nil
    } catch {
        return error.description
    }
}

/// Valid events of every kind, with and without every optional field.
let exampleEvents: [Event] = {
    let battery = BatteryID("mnist.v1.0123abcd")!
    let experiment = ExperimentID("k3v9x2mq7d-17")!
    let origin = Event.Origin(producer: ProducerID("k3v9x2mq7d")!, seq: 42)
    let extremes: [Double] = [
        0, -0.0, 0.1, 1, -1, .greatestFiniteMagnitude, -.greatestFiniteMagnitude, .leastNonzeroMagnitude,
        .leastNormalMagnitude, .ulpOfOne, .pi, 1e16, 1e-5, 123_456_789_012_345_680, .infinity, -.infinity,
    ]
    let bodies: [Event.Body] = [
        .start(Event.Start()),
        .start(Event.Start(host: "node1", pid: "17", seed: "18446744073709551615")),
        .start(Event.Start(host: "", pid: "", seed: "line\nbreak\0")),
        .start(Event.Start(attempt: 2, from: 0, token: Event.Origin(producer: ProducerID("a-b")!, seq: 7))),
        .start(Event.Start(host: "h", attempt: 1)),
        .start(Event.Start(asof: StreamID(milliseconds: 1_700_000_000_000, sequence: 3))),
        .start(Event.Start(asof: .zero)),
        .param([
            Event.Entry(name: "lr", value: "0.01"), Event.Entry(name: "lr decay", value: "linear"),
            Event.Entry(name: "a=b.\"c\"", value: "[64,128]"),
        ]),
        .param(
            [Event.Entry(name: "lr", value: "0.01"), Event.Entry(name: "bs", value: "16")],
            spaces: [Event.Entry(name: "lr", value: "logUniform 1e-05 0.1")]),
        .param((0..<12).map { Event.Entry(name: "p\($0)", value: "") }),
        .meta([Event.Entry(name: "größe 精度 🎯", value: "日本\u{7}")]),
        .epoch(0, [CurveRow.Cell("valid", Number(0.8))]),
        .epoch(Int(Limits.integer), extremes.enumerated().map { CurveRow.Cell("c\($0)", Number($1)) }),
        .curve(first: 1, [Event.Series("train", [Number(0.5)]), Event.Series("valid", extremes.map { Number($0) })]),
        .curve(first: 0, [Event.Series("top 5", [Number(1), Number(2)])]),
        .curve(first: 7, [Event.Series("=", [Number(-0.0)])]),
        .maxima(epoch: nil, [CurveRow.Cell("test", Number(-.infinity))]),
        .maxima(epoch: 0, [CurveRow.Cell("test", Number(5)), CurveRow.Cell("valid", Number(.leastNonzeroMagnitude))]),
        .end(.done, reason: nil), .end(.failed, reason: "out of memory"), .end(.stopped, reason: ""),
        .end(.lost, reason: nil), .end(.done, reason: "r", attempt: 3),
    ]
    var events = bodies.flatMap { body in
        [
            Event(experiment: experiment, battery: battery, origin: origin, time: 1_700_000_000_000, body: body),
            Event(experiment: experiment, battery: battery, body: body),
        ]
    }
    let declarations = [
        Event.Declaration(name: "MNIST", version: 1, description: ""),
        Event.Declaration(
            name: "größe", version: -7, description: "two\nlines", objective: "top 5 loss", direction: .min),
        Event.Declaration(name: "x", version: Int(Limits.integer), description: "d"),
        Event.Declaration(
            name: "y", version: 1, description: "", directions: [Event.ChannelDirection("fid", .min)]),
    ]
    events += declarations.map {
        Event(experiment: nil, battery: battery, origin: origin, time: 0, body: .battery($0))
    }
    let search = SearchID("s0123abcd")!
    let searches: [Event.Body] = [
        .search(Event.Search(id: search, seed: .max, trials: Limits.trials)),
        .search(
            Event.Search(id: search, name: "größe", seed: 0, trials: 1, sampler: "tpe", attempts: 1, lease: 1_000)),
        .search(Event.Search(id: search, seed: 1, trials: 9, stopping: StoppingRule(.halving, epochs: 81))),
        .search(
            Event.Search(
                id: search, seed: 1, trials: 9, stopping: StoppingRule(.median, epochs: 2, first: 1, factor: 100))),
        .claim(search),
        .enqueue(search, [Event.Entry(name: "lr", value: "0.003"), Event.Entry(name: "opt", value: "sgd")]),
    ]
    events += searches.map { Event(experiment: nil, battery: battery, origin: origin, time: 0, body: $0) }
    events.append(Event(experiment: nil, battery: nil, time: 1_700_000_000_000, body: .alive(origin.producer)))
    return events
}()
