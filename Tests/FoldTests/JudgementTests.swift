@testable import HyperoIngest
import HyperoSchema
import TestSupport
import Testing

@Suite("Judging an entry")
struct JudgementTests {
    private func sent(_ seq: UInt64, _ name: String, at time: Int64 = 20) -> Event {
        var event = Shorthand.event(.param([Event.Entry(name: name, value: String(seq))]), at: time)
        event.origin = Event.Origin(producer: ProducerID("p")!, seq: seq)
        return event
    }

    @Test("an entry that cannot be understood is dead, and its neighbours are applied")
    func rejected() {
        var batch = DecodedBatch()
        batch.append(StreamID(milliseconds: 1, sequence: 0), .success(Shorthand.declared()))
        batch.append(StreamID(milliseconds: 2, sequence: 0), .failure(Rejection("no sense")))
        batch.append(StreamID(milliseconds: 3, sequence: 0), .success(Shorthand.row(1, ["valid": "1"])))
        var store = IndexStore()
        store.add(batch)
        #expect(store.deadLetters == ["no sense"])
        #expect(store.metrics == ["applied": "2", "dead": "1"])
        #expect(store.curve == ["1": "valid=1"])
    }

    @Test("an event before its battery's declaration is dead, one after it is not", arguments: [true, false])
    func undeclared(inOneBatch: Bool) {
        let events = [Shorthand.row(1, ["valid": "1"]), Shorthand.declared(), Shorthand.row(2, ["valid": "2"])]
        var store = IndexStore()
        if inOneBatch { store.add(events) } else { store.addOneByOne(events) }
        #expect(store.deadLetters == ["the battery b was never declared in this partition"])
        #expect(store.curve == ["2": "valid=2"])
    }

    @Test("an experiment stays with its battery", arguments: [true, false])
    func wrongBattery(inOneBatch: Bool) {
        let other = BatteryID("other")!
        var declared = Shorthand.declared()
        declared.battery = other
        let events = [
            Shorthand.declared(), declared, Shorthand.row(1, ["valid": "1"]),
            Shorthand.event(.epoch(2, Shorthand.cells(["valid": "2"])), in: other, at: 99),
        ]
        var store = IndexStore()
        if inOneBatch { store.add(events) } else { store.addOneByOne(events) }
        #expect(store.deadLetters == ["the experiment e-1 belongs to the battery b"])
        #expect(store.curve == ["1": "valid=1"])
        #expect(store.hashes[store.keys.battery(other)]?["updated"] == "10")
    }

    @Test("the first declaration of a battery wins")
    func firstDeclaration() {
        var second = Shorthand.declared(.min, objective: "train")
        second.time = 50
        var store = IndexStore()
        store.addOneByOne([Shorthand.declared(), second])
        #expect(
            store.hashes[store.keys.battery(Shorthand.battery)] == [
                "name": "B", "version": "1", "description": "", "objective": "valid", "direction": "max",
                "created": "10", "updated": "50",
            ])
        #expect(store.sets[store.keys.batteries] == ["b": 10])
    }

    @Test("the same entries again change nothing and are counted", arguments: [true, false])
    func duplicates(inOneBatch: Bool) {
        let events = [Shorthand.declared(), sent(1, "a"), sent(2, "b")]
        var store = IndexStore()
        store.add(events)
        let before = store
        let again = [sent(1, "a", at: 77), sent(2, "b", at: 77)]
        if inOneBatch { store.add(again) } else { store.addOneByOne(again) }
        #expect(store.metrics == ["applied": "3", "duplicates": "2"])
        store.hashes[store.keys.ingest] = before.metrics
        #expect(store == before)
    }

    @Test("a number that was passed over is a gap until it comes", arguments: [true, false])
    func gaps(inOneBatch: Bool) {
        let events = [Shorthand.declared(), sent(1, "a"), sent(6, "f"), sent(3, "c"), sent(3, "c"), sent(8, "h")]
        var store = IndexStore()
        if inOneBatch { store.add(events) } else { store.addOneByOne(events) }
        let key = store.keys.producer(ProducerID("p")!)
        #expect(store.hashes[key] == ["seq": "8", "time": "20", "missing": "2 4-5 7"])
        #expect(store.metrics == ["applied": "5", "duplicates": "1", "gaps": "4"])
        store.addOneByOne([sent(2, "b"), sent(4, "d"), sent(5, "e"), sent(7, "g")])
        #expect(store.hashes[key] == ["seq": "8", "time": "20"])
        #expect(store.metrics["gaps"] == nil)
        #expect(store.experiment["param.c"] == "3")
    }

    @Test("an event that cannot be applied has used up its number")
    func deadUsesNumber() {
        var store = IndexStore()
        store.addOneByOne([sent(1, "a"), Shorthand.declared(), sent(1, "a"), sent(2, "b")])
        #expect(store.metrics == ["applied": "2", "dead": "1", "duplicates": "1"])
        #expect(store.experiment["param.a"] == nil)
    }

    @Test(
        "an entry that cannot be understood has used up its number, and again is a duplicate", arguments: [true, false])
    func rejectedUsesNumber(inOneBatch: Bool) {
        let bad = [("event", "surprise"), ("producer", "p"), ("seq", "2")].map { StreamEntry.Field($0.0, $0.1) }
        let good = [("event", "param"), ("experiment", "e-1"), ("battery", "b"), ("producer", "p"), ("param.a", "1")]
            .map { StreamEntry.Field($0.0, $0.1) }
        let entries = [
            good + [StreamEntry.Field("seq", "1")], bad, bad, good + [StreamEntry.Field("seq", "3")],
            bad + [StreamEntry.Field("seq", "7")],
        ].enumerated().map { StreamEntry(id: StreamID(milliseconds: 20 + UInt64($0), sequence: 0), fields: $1) }
        var store = IndexStore()
        store.add([Shorthand.declared()])
        if inOneBatch { store.add(entries) } else { for entry in entries { store.add([entry]) } }
        // Of two numbers nobody knows which one is meant.
        #expect(store.metrics == ["applied": "3", "dead": "2", "duplicates": "1"])
        #expect(store.hashes[store.keys.producer(ProducerID("p")!)] == ["seq": "3", "time": "23"])
    }

    @Test("no more than 64 missing ranges are remembered, the lowest are forgotten")
    func manyGaps() {
        var watermark = Watermark()
        for number in 1...100 { _ = watermark.take(UInt64(number * 2), when: 0) }
        #expect(watermark.missing.count == 64)
        #expect(watermark.missing.first == 73...73)
        #expect(watermark.take(71, when: 0) == .duplicate)
        #expect(watermark.take(73, when: 0) == .late)
        #expect(Watermark(seq: "200", time: "0", missing: watermark.missingText) == watermark)
    }

    @Test("sequence numbers as large as they come do not overflow the count")
    func hugeGaps() {
        let events = (0..<3_000).map { index in
            var event = Shorthand.event(.start(Event.Start()))
            event.origin = Event.Origin(producer: ProducerID("p\(index)")!, seq: UInt64(Limits.integer))
            return event
        }
        var store = IndexStore()
        store.add([Shorthand.declared()] + events)
        #expect(store.metrics["applied"] == "3001")
    }

    @Test("what a key of another type hides is dead, with the server's words")
    func unreadable() {
        var batch = DecodedBatch()
        batch.append(StreamID(milliseconds: 1, sequence: 0), .success(Shorthand.row(1, ["valid": "1"])))
        let rule = BatteryState(objective: "valid", direction: nil, updated: nil)
        let known = PriorState(producers: [], batteries: [rule], experiments: [ExperimentState(problem: "WRONGTYPE")])
        guard case .folded(let folded) = Fold.fold(batch, onto: known, in: IndexStore().keys) else {
            Issue.record("the fold needs more")
            return
        }
        #expect(folded.deadLetters.map(\.reason) == ["WRONGTYPE"])
        #expect(folded.changes == [.increment(key: "{hypero}:ingest", field: "dead", by: 1)])
    }
}
