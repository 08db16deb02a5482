import HyperoIngest
import HyperoSchema
import Testing

/// The parts of the contract that concern several events or no experiment.
@Suite struct ContractTests {
    private func declared(_ directions: [Event.ChannelDirection], at time: Int64 = 10) -> Event {
        var event = Shorthand.declared()
        if case .battery(var declaration) = event.body {
            declaration.directions = directions
            event.body = .battery(declaration)
        }
        event.time = time
        return event
    }

    private func store(_ events: [Event], inOneBatch: Bool) -> IndexStore {
        var store = IndexStore()
        if inOneBatch { store.add(events) } else { store.addOneByOne(events) }
        return store
    }

    @Test(arguments: [true, false])
    func `The first direction of a channel wins, a later declaration adds channels, and a difference is a conflict`(
        inOneBatch: Bool
    ) {
        let store = store(
            [
                declared([.init("fid", .min)]), declared([.init("fid", .min), .init("bleu", .max)]),
                declared([.init("fid", .max)]),
            ], inOneBatch: inOneBatch)
        let battery = store.hashes[store.keyspace.battery(Shorthand.battery)] ?? [:]
        #expect(battery["direction.fid"] == "min")
        #expect(battery["direction.bleu"] == "max")
        #expect(battery["conflict"] == "direction.fid max")
    }

    @Test(arguments: [true, false])
    func `A declaration that agrees with the first is no conflict`(inOneBatch: Bool) {
        let store = store([declared([]), declared([.init("fid", .min)], at: 20)], inOneBatch: inOneBatch)
        #expect(store.hashes[store.keyspace.battery(Shorthand.battery)]?["conflict"] == nil)
    }

    @Test(arguments: [true, false])
    func `A declaration of another name, version or description under the same id is a conflict`(inOneBatch: Bool) {
        func declared(name: String = "mnist", version: Int = 3, description: String = "baseline") -> Event {
            var event = Shorthand.declared()
            event.body = .battery(
                Event.Declaration(name: name, version: version, description: description, objective: "valid"))
            return event
        }
        for (other, conflict) in [
            (declared(name: "wide mnist", version: 4), "name wide mnist"), (declared(version: 4), "version 4"),
            (declared(description: "other data"), "description other data"), (declared(), nil),
        ] {
            let store = store([declared(), other], inOneBatch: inOneBatch)
            let battery = store.hashes[store.keyspace.battery(Shorthand.battery)] ?? [:]
            #expect(battery["conflict"] == conflict)
            #expect(battery["name"] == "mnist" && battery["version"] == "3")
        }
    }

    @Test(arguments: [true, false])
    func `The distributions of hyper-parameters are kept by battery, the latest of each`(inOneBatch: Bool) {
        func param(_ space: String) -> Event {
            Shorthand.event(
                .param(
                    [Event.Entry(name: "lr", value: "0.1")], spaces: [Event.Entry(name: "lr", value: space)]))
        }
        let store = store(
            [Shorthand.declared(), param("uniform 0 1"), param("logUniform 1e-05 0.1")], inOneBatch: inOneBatch)
        #expect(store.hashes[store.keyspace.space(of: Shorthand.battery)] == ["lr": "logUniform 1e-05 0.1"])
    }

    @Test(arguments: [true, false])
    func `A sign of life sets the time of its producer and consumes no sequence number`(inOneBatch: Bool) {
        let producer = ProducerID("p")!
        var row = Shorthand.row(1, ["valid": "1"], at: 20)
        row.origin = Event.Origin(producer: producer, seq: 1)
        let alive = Event(experiment: nil, battery: nil, time: 90, body: .alive(producer))
        let store = store([alive, Shorthand.declared(), row, alive], inOneBatch: inOneBatch)
        #expect(store.hashes[store.keyspace.producer(producer)] == ["seq": "1", "time": "90"])
        #expect(store.metrics["applied"] == "4")
    }

    @Test(arguments: [true, false])
    func `A cell that would give a row more than 1,024 channels is a dead letter, and a known channel is not`(
        inOneBatch: Bool
    ) {
        let cells = (1...Limits.channels).map { CurveRow.Cell("c\($0)", Number(1)) }
        let store = store(
            [
                Shorthand.declared(), Shorthand.event(.epoch(1, cells)), Shorthand.row(1, ["c7": "2"]),
                Shorthand.row(1, ["one more": "1"]), Shorthand.row(2, ["one more": "1"]),
                Shorthand.event(.curve(first: 1, [Event.Series("one more", [Number(3), Number(4)])])),
            ], inOneBatch: inOneBatch)
        #expect(
            store.deadLetters
                == Array(
                    repeating: "the row of epoch 1 would have 1025 channels: at most 1024 are allowed", count: 2))
        #expect(store.curve["1"]?.contains(" c7=2 ") == true)
        #expect(store.curve["2"] == "one more=1" || store.curve["2"] == "\"one more\"=1")
    }

    @Test(
        arguments: [
            (946_684_799_999, 1_764_000_000_000, 1_764_000_000_000), (-5, 20, 20), (5, 20, 5),
            (946_684_800_000, 1_764_000_000_000, 946_684_800_000),
            (1_764_086_400_000, 1_764_000_000_000, 1_764_086_400_000),
            (1_764_086_400_001, 1_764_000_000_000, 1_764_000_000_000),
            (9_007_199_254_740_991, 1_764_000_000_000, 1_764_000_000_000),
        ] as [(Int64, UInt64, Int64)])
    func `The time of the entry replaces a time that cannot be right`(time: Int64, id: UInt64, expected: Int64) {
        var batch = DecodedBatch()
        let start = Shorthand.event(.start(Event.Start()), at: time)
        for (index, event) in [Shorthand.declared(), start].enumerated() {
            batch.append(StreamID(milliseconds: id, sequence: UInt64(index)), event: .success(event))
        }
        var store = IndexStore()
        store.add(batch)
        #expect(store.experiment["since"] == String(expected))
    }
}
