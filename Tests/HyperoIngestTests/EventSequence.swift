import HyperoSchema

/// Events in the order in which training processes send them.
enum EventSequence {
    static let battery = BatteryID("digits.v1.0")!
    /// The time of the first event in Unix milliseconds.
    private static let firstTime: Int64 = 1_700_000_000_000

    static var declaration: Event {
        Event(
            experiment: nil, battery: battery, time: firstTime,
            body: .battery(Event.Declaration(name: "digits", version: 1, description: "")))
    }

    /// Returns the events of a producer that declares the battery and trains some experiments in parallel.
    static func training(by producer: String, experiments: Int, epochs: Int) -> [Event] {
        let producer = ProducerID(producer)!
        var events = [declaration]
        for experiment in 1...experiments {
            let id = ExperimentID(producer: producer, number: UInt64(experiment))
            events.append(Event(experiment: id, battery: battery, body: .start(Event.Start(host: "h"))))
            events.append(
                Event(
                    experiment: id, battery: battery, body: .param([Event.Entry(name: "lr", value: "0.\(experiment)")]))
            )
        }
        for epoch in 1...epochs {
            for experiment in 1...experiments {
                let id = ExperimentID(producer: producer, number: UInt64(experiment))
                let valid = Double((epoch * 37 + experiment * 11) % 101) / 101
                for (channel, value) in [("train", Double(epoch)), ("valid", valid), ("test", 1 - valid)] {
                    events.append(
                        Event(
                            experiment: id, battery: battery,
                            body: .epoch(epoch, [CurveRow.Cell(channel, Number(value))])))
                }
            }
        }
        for index in events.indices {
            events[index].origin = Event.Origin(producer: producer, seq: UInt64(index + 1))
            events[index].time = firstTime + Int64(index)
        }
        return events
    }
}
