import HyperoIngest
import HyperoSchema
import Testing

/// The last signs of life of hosts whose clocks differ from that of Redis.
@Suite struct ClockTests {
    /// A time of Redis in Unix milliseconds.
    private static let now: Int64 = 1_764_000_000_000

    private func store(_ events: [(event: Event, added: Int64)]) -> IndexStore {
        var batch = DecodedBatch()
        for (index, (event, added)) in events.enumerated() {
            batch.append(
                StreamID(milliseconds: UInt64(added), sequence: UInt64(index)), event: .success(event))
        }
        var store = IndexStore()
        store.add(batch)
        return store
    }

    private func event(_ body: Event.Body, at time: Int64, seq: UInt64) -> Event {
        var event = Shorthand.event(body, at: time)
        event.origin = Event.Origin(producer: ProducerID("p")!, seq: seq)
        return event
    }

    @Test(arguments: [-300_000, -1, 0, 1, 8 * 3_600_000] as [Int64])
    func `A sign of life has the time of Redis, and an event of a fast clock is not seen after it was added`(
        skew: Int64
    ) {
        let (now, alive) = (Self.now, Self.now + 60_000)
        let events = [
            (Shorthand.declared(), now), (event(.start(Event.Start()), at: now + skew, seq: 1), now),
            (Event(experiment: nil, battery: nil, time: alive + skew, body: .alive(ProducerID("p")!)), alive),
        ]
        let started = store(Array(events.prefix(2)))
        let seen = String(min(now, now + skew))
        #expect(started.experiment["updated"] == seen)
        #expect(started.experiment["started"] == seen)
        #expect(started.experiment["since"] == String(now + skew))
        #expect(started.hashes[started.keyspace.producer(ProducerID("p")!)]?["time"] == seen)
        let store = store(events)
        #expect(store.hashes[store.keyspace.producer(ProducerID("p")!)]?["time"] == String(alive))
    }
}
