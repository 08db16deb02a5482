import HyperoIngest
import HyperoSchema
import Testing

/// The producer of the latest start, whose signs of life are those of the experiment.
@Suite struct StarterTests {
    private func start(by producer: String?, seq: UInt64 = 1, at time: Int64, from: Int? = nil) -> Event {
        var event = Shorthand.event(.start(Event.Start(from: from)), at: time)
        event.origin = producer.map { Event.Origin(producer: ProducerID($0)!, seq: seq) }
        return event
    }

    private func producer(after events: [Event], inOneBatch: Bool) -> String? {
        var store = IndexStore()
        let all = [Shorthand.declared()] + events
        if inOneBatch { store.add(all) } else { store.addOneByOne(all) }
        return store.experiment["producer"]
    }

    @Test(arguments: [true, false])
    func `The hash keeps the producer of the latest start, unless it is the one in the id`(inOneBatch: Bool) {
        let first = start(by: "e", at: 20)
        let second = start(by: "f", at: 30, from: 3)
        let cases: [([Event], String?)] = [
            ([first], nil), ([start(by: nil, at: 20)], nil), ([first, second], "f"), ([second, first], "f"),
            ([first, second, start(by: "e", seq: 2, at: 40)], nil),
            ([first, second, start(by: nil, at: 40)], nil),
            ([first, second, start(by: "g", at: 40)], "g"),
            ([first, second, Shorthand.event(.end(.failed, reason: nil), at: 40), start(by: "g", at: 40)], "g"),
        ]
        for (events, expected) in cases {
            #expect(producer(after: events, inOneBatch: inOneBatch) == expected, "\(events)")
        }
    }

    @Test(arguments: [true, false])
    func `A forked child that repeats the start of its parent does not become the producer`(inOneBatch: Bool) {
        let parent = start(by: "f", at: 30, from: 3)
        let child = start(by: "g", at: 30, from: 3)
        #expect(producer(after: [parent, child], inOneBatch: inOneBatch) == "f")
    }
}
