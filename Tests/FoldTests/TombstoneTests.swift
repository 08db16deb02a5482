import HyperoSchema
import TestSupport
import Testing

@testable import HyperoIngest

@Suite struct TombstoneTests {
    private func sent(_ seq: UInt64, _ event: Event) -> Event {
        var event = event
        event.origin = Event.Origin(producer: ProducerID("p")!, seq: seq)
        return event
    }

    @Test(arguments: [true, false])
    func `Events of a deleted experiment are dropped and counted, and consume their sequence numbers`(
        inOneBatch: Bool
    ) {
        var store = IndexStore()
        store.tombstones.insert(Shorthand.experiment, at: 50)
        let other = ExperimentID("e-2")!
        let events = [
            sent(1, Shorthand.declared()), sent(2, Shorthand.event(.start(Event.Start(host: "h")), at: 90)),
            sent(3, Shorthand.row(1, ["valid": "1"], at: 91)), sent(3, Shorthand.row(1, ["valid": "1"], at: 91)),
            sent(4, Shorthand.event(.end(.done, reason: nil), of: other, at: 92)),
        ]
        if inOneBatch { store.add(events) } else { store.addOneByOne(events) }
        #expect(store.metrics == ["applied": "2", "deleted": "2", "duplicates": "1"])
        #expect(store.experiment.isEmpty && store.curve.isEmpty && store.ranks.isEmpty)
        #expect(store.sets[store.keyspace.experiments(of: Shorthand.battery)] == ["e-2": 92])
        #expect(store.hashes[store.keyspace.producer(ProducerID("p")!)] == ["seq": "4", "time": "92", "deleted": "2"])
        #expect(store.columns.isEmpty)
    }

    @Test(arguments: [true, false])
    func `A declaration whose entry is later than the deletion revives the battery, whatever the time of its event`(
        inOneBatch: Bool
    ) {
        // The ids of the entries are 1001-0 to 1005-0.
        var store = IndexStore()
        store.tombstones.insert(Shorthand.battery, at: 1_001)
        store.tombstones.insert(ExperimentID("e-9")!, at: 1_001)
        store.sets[store.keyspace.deleted] = ["b": 1_001, "e-9": 1_001]
        // The clock of its host is late.
        var late = Shorthand.declared()
        late.time = 60
        let events = [
            Shorthand.declared(), Shorthand.event(.start(Event.Start()), of: ExperimentID("e-9")!), late,
            Shorthand.event(.start(Event.Start()), at: 60), Shorthand.row(2, ["valid": "2"], at: 61),
        ]
        if inOneBatch { store.add(events) } else { store.addOneByOne(events) }
        #expect(store.metrics == ["applied": "3", "deleted": "2"])
        #expect(store.deadLetters.isEmpty)
        #expect(store.hashes[store.keyspace.battery(Shorthand.battery)]?["created"] == "60")
        #expect(store.sets[store.keyspace.batteries] == ["b": 60])
        #expect(store.sets[store.keyspace.deleted] == ["e-9": 1_001])
        #expect(store.curve == ["2": "valid=2"])
    }

    @Test(arguments: [true, false])
    func `An experiment whose start was dropped with its battery stays away when the battery is declared again`(
        inOneBatch: Bool
    ) {
        // The ids of the entries are 1000-0 to 1004-0.
        var store = IndexStore()
        store.tombstones.insert(Shorthand.battery, at: 1_001)
        store.sets[store.keyspace.deleted] = ["b": 1_001]
        let other = ExperimentID("e-2")!
        let events = [
            Shorthand.declared(), Shorthand.event(.start(Event.Start(host: "h")), at: 50), Shorthand.declared(),
            Shorthand.row(1, ["valid": "1"]), Shorthand.event(.start(Event.Start()), of: other, at: 60),
        ]
        if inOneBatch { store.add(events) } else { store.addOneByOne(events) }
        #expect(store.metrics == ["applied": "2", "deleted": "3"])
        #expect(store.experiment.isEmpty && store.curve.isEmpty)
        #expect(store.sets[store.keyspace.experiments(of: Shorthand.battery)] == ["e-2": 60])
        #expect(store.sets[store.keyspace.deleted] == ["b:e-1": 1_001])
    }

    @Test(arguments: [true, false])
    func `An event that names a deleted battery keeps its experiment away from that battery, and from no other`(
        inOneBatch: Bool
    ) {
        // The ids of the entries are 1001-0 to 1006-0.
        let old = BatteryID("old")!
        var store = IndexStore()
        store.cache = StateCache()
        store.tombstones.insert(old, at: 1_001)
        func named(_ event: Event) -> Event {
            var event = event
            event.battery = old
            return event
        }
        let events = [
            named(Shorthand.event(.meta([Event.Entry(name: "a", value: "1")]))), Shorthand.declared(),
            Shorthand.event(.start(Event.Start(host: "h")), at: 1_003), named(Shorthand.declared()),
            named(Shorthand.row(1, ["valid": "9"])), Shorthand.row(1, ["valid": "1"]),
        ]
        if inOneBatch { store.add(events) } else { store.addOneByOne(events) }
        #expect(store.curve == ["1": "valid=1"])
        #expect(store.experiment["host"] == "h")
        #expect(store.sets[store.keyspace.deleted] == ["old:e-1": 1_001])
        // The row that names the wrong battery is a dead letter, because the experiment exists.
        #expect(store.metrics == ["applied": "4", "deleted": "1", "dead": "1"])
    }

    @Test func `An experiment of another battery is not deleted by an event that names a deleted battery`() {
        var store = IndexStore()
        let other = BatteryID("other")!
        store.add([Shorthand.declared(), Shorthand.event(.start(Event.Start()), at: 20)])
        store.tombstones.insert(other, at: 1_500)
        var event = Shorthand.event(.end(.failed, reason: nil), at: 30)
        event.battery = other
        store.add([event, Shorthand.event(.end(.done, reason: nil), at: 40)])
        #expect(store.metrics == ["applied": "3", "deleted": "1"])
        #expect(store.experiment["status"] == "done")
    }

    @Test func `The tombstones of an owner that runs for more than thirty days expire`() {
        func batch(_ milliseconds: Int64) -> DecodedBatch {
            var batch = DecodedBatch()
            for (sequence, event) in [Shorthand.declared(), Shorthand.row(1, ["valid": "1"])].enumerated() {
                batch.append(
                    StreamID(milliseconds: UInt64(milliseconds), sequence: UInt64(sequence)), event: .success(event))
            }
            return batch
        }
        var store = IndexStore()
        store.tombstones.insert(Shorthand.experiment, at: 50)
        store.add(batch(50 + Tombstones.lifetime))
        #expect(store.metrics == ["applied": "1", "deleted": "1"])
        store.add(batch(51 + Tombstones.lifetime))
        #expect(store.metrics == ["applied": "3", "deleted": "1"])
        #expect(store.curve == ["1": "valid=1"])
    }

    @Test func `The experiments of a revived battery that were deleted on their own stay away`() {
        var store = IndexStore()
        store.tombstones.insert(Shorthand.battery, at: 5)
        store.tombstones.insert(Shorthand.experiment, at: 5)
        store.add([Shorthand.declared(), Shorthand.row(1, ["valid": "1"])])
        #expect(store.metrics == ["applied": "1", "deleted": "1"])
        #expect(store.experiment.isEmpty)
    }

    @Test func `A deleted experiment does not take a battery of the same id with it, nor a battery an experiment`() {
        let id = ExperimentID("b")!
        var store = IndexStore()
        store.add([Shorthand.declared(), Shorthand.event(.start(Event.Start()), of: id)])
        store.tombstones.insert(Shorthand.battery, at: 50)
        store.add([Shorthand.event(.end(.done, reason: nil), of: id, at: 60)])
        #expect(store.metrics == ["applied": "3"])
        #expect(store.hashes[store.keyspace.experiment(id)]?["status"] == "done")
    }

    @Test(arguments: [
        Shorthand.row(3, ["valid": "0.1", "late": "1"]), Shorthand.event(.end(.done, reason: nil)),
        Shorthand.event(.meta([Event.Entry(name: "host", value: "h")])), Shorthand.maxima(["other": "5"]),
    ])
    func `An experiment that the list of its battery lacks is restored to all indexes by its next event`(
        _ event: Event
    ) {
        let before = [
            Shorthand.declared(), Shorthand.event(.start(Event.Start()), at: 20),
            Shorthand.event(.param([Event.Entry(name: "lr", value: "0.1")])),
            Shorthand.row(1, ["valid": "0.9", "test": "0.8"]), Shorthand.row(2, ["valid": "0.5", "test": "0.4"]),
        ]
        var expected = IndexStore()
        expected.add(before)
        expected.add([event])
        var store = IndexStore()
        store.add(before)
        // As if another client had removed all keys of the battery, and a training had declared it again.
        for key in store.sets.keys where key.hasPrefix(store.keyspace.battery(Shorthand.battery)) {
            store.sets[key] = nil
        }
        store.add([event])
        #expect(store.sets.mapValues { Set($0.keys) } == expected.sets.mapValues { Set($0.keys) })
        #expect(store.sets[store.keyspace.experiments(of: Shorthand.battery)] == ["e-1": 20])
        #expect(store.ranks == expected.ranks)
        #expect(store.experiment == expected.experiment)
    }

    @Test func `The maxima that the user stated at an epoch are restored with those of the best row`() {
        let before = [
            Shorthand.declared(), Shorthand.row(1, ["valid": "0.9", "test": "0.8"]),
            Shorthand.row(2, ["valid": "0.5", "test": "0.4"]), Shorthand.maxima(["test": "0.7"], epoch: 9),
        ]
        var expected = IndexStore()
        expected.add(before)
        var store = expected
        let key = store.keyspace.battery(Shorthand.battery)
        for name in store.sets.keys where name.hasPrefix(key) { store.sets[name] = nil }
        store.add([Shorthand.event(.end(.done, reason: nil), at: 30)])
        #expect(store.ranks == ["valid": 0.9, "test": 0.7])
        #expect(store.maxima == expected.maxima)
    }
}
