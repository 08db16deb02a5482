import HyperoSchema
import TestSupport
import Testing

@testable import HyperoIngest

@Suite struct EntryTests {
    private func sent(_ seq: UInt64, _ name: String, at time: Int64 = 20) -> Event {
        var event = Shorthand.event(.param([Event.Entry(name: name, value: String(seq))]), at: time)
        event.origin = Event.Origin(producer: ProducerID("p")!, seq: seq)
        return event
    }

    @Test func `An entry that cannot be decoded becomes a dead letter, and its neighbours are applied`() {
        var batch = DecodedBatch()
        batch.append(StreamID(milliseconds: 1, sequence: 0), event: .success(Shorthand.declared()))
        batch.append(StreamID(milliseconds: 2, sequence: 0), event: .failure(Rejection("no sense")))
        batch.append(StreamID(milliseconds: 3, sequence: 0), event: .success(Shorthand.row(1, ["valid": "1"])))
        var store = IndexStore()
        store.add(batch)
        #expect(store.deadLetters == ["no sense"])
        #expect(store.metrics == ["applied": "2", "dead": "1"])
        #expect(store.curve == ["1": "valid=1"])
    }

    @Test(arguments: [true, false])
    func `An event before its battery's declaration becomes a dead letter, and a later event is applied`(
        inOneBatch: Bool
    ) {
        let events = [Shorthand.row(1, ["valid": "1"]), Shorthand.declared(), Shorthand.row(2, ["valid": "2"])]
        var store = IndexStore()
        if inOneBatch { store.add(events) } else { store.addOneByOne(events) }
        #expect(store.deadLetters == ["battery not found: b was never declared in this partition"])
        #expect(store.curve == ["2": "valid=2"])
    }

    @Test(arguments: [true, false])
    func `An event that names another battery than its experiment's becomes a dead letter`(inOneBatch: Bool) {
        let other = BatteryID("other")!
        var declared = Shorthand.declared()
        declared.battery = other
        let events = [
            Shorthand.declared(), declared, Shorthand.row(1, ["valid": "1"]),
            Shorthand.event(.epoch(2, Shorthand.cells(["valid": "2"])), in: other, at: 99),
        ]
        var store = IndexStore()
        if inOneBatch { store.add(events) } else { store.addOneByOne(events) }
        #expect(store.deadLetters == ["wrong battery: other, experiment e-1 belongs to b"])
        #expect(store.curve == ["1": "valid=1"])
        #expect(store.hashes[store.keyspace.battery(other)]?["updated"] == "10")
    }

    @Test func `The first declaration of a battery wins, and the latest that differs is recorded as a conflict`() {
        var second = Shorthand.declared(.min, objective: "train")
        second.time = 50
        var store = IndexStore()
        store.addOneByOne([Shorthand.declared(), second])
        #expect(
            store.hashes[store.keyspace.battery(Shorthand.battery)] == [
                "name": "B", "version": "1", "description": "", "objective": "valid", "direction": "max",
                "created": "10", "updated": "50", "conflict": "objective train min",
            ])
        #expect(store.sets[store.keyspace.batteries] == ["b": 10])
    }

    @Test(arguments: [true, false])
    func `Duplicates change nothing and are counted`(inOneBatch: Bool) {
        let events = [Shorthand.declared(), sent(1, "a"), sent(2, "b")]
        var store = IndexStore()
        store.add(events)
        let before = store
        let again = [sent(1, "a", at: 77), sent(2, "b", at: 77)]
        if inOneBatch { store.add(again) } else { store.addOneByOne(again) }
        #expect(store.metrics == ["applied": "3", "duplicates": "2"])
        store.hashes[store.keyspace.ingest] = before.metrics
        #expect(store == before)
    }

    @Test(arguments: [true, false])
    func `A skipped sequence number is a gap until its event arrives`(inOneBatch: Bool) {
        let events = [Shorthand.declared(), sent(1, "a"), sent(6, "f"), sent(3, "c"), sent(3, "c"), sent(8, "h")]
        var store = IndexStore()
        if inOneBatch { store.add(events) } else { store.addOneByOne(events) }
        let key = store.keyspace.producer(ProducerID("p")!)
        #expect(store.hashes[key] == ["seq": "8", "time": "20", "missing": "2 4-5 7"])
        #expect(store.metrics == ["applied": "5", "duplicates": "1", "gaps": "4"])
        store.addOneByOne([sent(2, "b"), sent(4, "d"), sent(5, "e"), sent(7, "g")])
        #expect(store.hashes[key] == ["seq": "8", "time": "20"])
        #expect(store.metrics["gaps"] == nil)
        #expect(store.experiment["param.c"] == "3")
    }

    @Test func `A dead letter consumes its sequence number`() {
        var store = IndexStore()
        store.addOneByOne([sent(1, "a"), Shorthand.declared(), sent(1, "a"), sent(2, "b")])
        #expect(store.metrics == ["applied": "2", "dead": "1", "duplicates": "1"])
        #expect(store.experiment["param.a"] == nil)
    }

    @Test(arguments: [true, false])
    func `An entry that cannot be decoded consumes its sequence number, and the same entry again is a duplicate`(
        inOneBatch: Bool
    ) {
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
        // The last entry has two sequence numbers, so neither of them is consumed.
        #expect(store.metrics == ["applied": "3", "dead": "2", "duplicates": "1"])
        #expect(store.hashes[store.keyspace.producer(ProducerID("p")!)] == ["seq": "3", "time": "23", "dead": "1"])
    }

    @Test func `Of more than 64 missing ranges the closest are merged, and no missing number is forgotten`() {
        var watermark = Watermark()
        for number in 1...100 { _ = watermark.accept(UInt64(number * 2), at: 0) }
        _ = watermark.accept(300, at: 0)
        #expect(watermark.missing.count == 64)
        #expect(watermark.missing.last == 201...299)
        for number in 1...100 { #expect(watermark.missing.contains { $0.contains(UInt64(number * 2 - 1)) }) }
        #expect(Watermark(seq: "300", time: "0", missing: watermark.missingText) == watermark)
        #expect(watermark.accept(73, at: 0) == .late)
    }

    @Test func `Very many missing ranges of another client are merged in steps in proportion to them`() throws {
        func steps(_ count: Int) throws -> Int {
            let text = (1...count).map { "\(2 * $0)" }.joined(separator: " ")
            let (watermark, steps) = WorkCounter.steps { Watermark(seq: "\(3 * count)", time: "0", missing: text) }
            #expect(watermark.missing.count == 64)
            return try #require(steps)
        }
        #expect(try steps(4_000) <= 2 * steps(2_000))
    }

    @Test func `A malformed list of missing ranges is removed with the next event of its producer`() {
        let key = IndexStore().keyspace.producer(ProducerID("p")!)
        for cached in [false, true] {
            var store = IndexStore()
            if cached { store.cache = StateCache() }
            store.hashes[key] = ["seq": "3", "missing": "any text"]
            store.add([Shorthand.declared(), sent(4, "a")])
            #expect(store.hashes[key]?["missing"] == nil)
            store.add([sent(6, "b")])
            #expect(store.hashes[key]?["missing"] == "5")
            store.add([sent(5, "c")])
            #expect(store.hashes[key]?["missing"] == nil)
        }
    }

    @Test(arguments: [true, false])
    func `Numbers that arrive in a client's second attempt are applied, however many were missing`(inOneBatch: Bool) {
        var store = IndexStore()
        let events = [Shorthand.declared()] + (0..<400).filter { $0 % 2 == 1 }.map { sent($0 + 1, "p\($0 + 1)") }
        let again = (0..<400).map { sent($0 + 1, "p\($0 + 1)") }
        if inOneBatch { store.add(events + again) } else { store.addOneByOne(events + again) }
        for number in 1...400 { #expect(store.experiment["param.p\(number)"] == "\(number)") }
        #expect(store.hashes[store.keyspace.producer(ProducerID("p")!)]?["missing"] == nil)
        #expect(store.metrics["gaps"] == nil)
        // Some of the 200 numbers that had been applied were applied a second time, and the others were duplicates.
        #expect(Int(store.metrics["applied"]!)! + Int(store.metrics["duplicates"]!)! == 601)
    }

    @Test func `A malformed list of missing ranges is read as far as it is valid`() {
        let watermark = Watermark(seq: "50", time: "0", missing: "9-12 3-4 10 20-21 60-70 1-2-3")
        #expect(watermark.missing == [9...12, 20...21])
    }

    @Test func `The gaps of one producer are counted up to a limit, so that thousands do not overflow the counter`() {
        var watermark = Watermark()
        _ = watermark.accept(UInt64(Limits.integer), at: 0)
        #expect(watermark.gaps == 1 << 32)
        _ = watermark.accept(7, at: 0)
        #expect(watermark.gaps == 1 << 32)
    }

    @Test(arguments: [true, false])
    func `A producer's dead letters are counted in its hash, each once`(inOneBatch: Bool) {
        let events = [sent(1, "a"), sent(2, "b"), Shorthand.declared(), sent(1, "a"), sent(3, "c")]
        var store = IndexStore()
        if inOneBatch { store.add(events) } else { store.addOneByOne(events) }
        let key = store.keyspace.producer(ProducerID("p")!)
        #expect(store.hashes[key] == ["seq": "3", "time": "20", "dead": "2"])
        #expect(store.metrics == ["applied": "2", "dead": "2", "duplicates": "1"])
    }

    @Test func `The largest sequence numbers do not overflow the count of gaps`() {
        let events = (0..<3_000).map { index in
            var event = Shorthand.event(.start(Event.Start()))
            event.origin = Event.Origin(producer: ProducerID("p\(index)")!, seq: UInt64(Limits.integer))
            return event
        }
        var store = IndexStore()
        store.add([Shorthand.declared()] + events)
        #expect(store.metrics["applied"] == "3001")
    }

    @Test func `An event whose experiment cannot be read becomes a dead letter with the read error as its reason`() {
        var batch = DecodedBatch()
        batch.append(StreamID(milliseconds: 1, sequence: 0), event: .success(Shorthand.row(1, ["valid": "1"])))
        let battery = BatteryState(fields: [(BatteryField.objective, "valid")])
        let prior = PriorState(
            producers: [], batteries: [battery], experiments: [ExperimentState(readError: "WRONGTYPE")])
        guard case .folded(let result) = Fold.fold(batch, onto: prior, in: IndexStore().keyspace) else {
            Issue.record("the fold reports missing state")
            return
        }
        #expect(result.deadLetters.map(\.reason) == ["WRONGTYPE"])
        #expect(Array(result.changes) == [.increment(key: "{hypero}:ingest", field: "dead", by: 1)])
    }
}
