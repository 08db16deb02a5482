import HyperoIngest
import HyperoSchema
import Testing

@Suite struct ExperimentTests {
    @Test(arguments: [
        ("9223372036854775807", 1 << 53), ("-9223372036854775808", 0), ("99999999999999999999", 0), ("abc", 0),
        ("7", 7),
    ])
    func `A count of another client is within its range`(text: String, count: Int) {
        let state = ExperimentState(
            values: ExperimentState.fields.map { $0 == ExperimentField.nonfinite ? text : nil })
        #expect(state.nonfinite == count)
    }

    @Test(arguments: [true, false])
    func `An experiment begins with its first event of any kind`(inOneBatch: Bool) {
        let events = [
            Shorthand.declared(), Shorthand.event(.meta([Event.Entry(name: "dataset", value: "digits")]), at: 30),
            Shorthand.event(.start(Event.Start(host: "h", pid: "1")), at: 25),
        ]
        var store = IndexStore()
        if inOneBatch { store.add(events) } else { store.addOneByOne(events) }
        #expect(
            store.experiment == [
                "battery": "b", "status": "running", "since": "25", "started": "30", "updated": "30",
                "meta.dataset": "digits", "host": "h", "pid": "1",
            ])
        #expect(store.sets[store.keyspace.experiments(of: Shorthand.battery)] == ["e-1": 30])
    }

    @Test(arguments: [true, false])
    func `An experiment that ended runs again after another start`(inOneBatch: Bool) {
        var store = IndexStore()
        func add(_ events: Event...) {
            if inOneBatch { store.add(events) } else { store.addOneByOne(events) }
        }
        add(Shorthand.declared(), Shorthand.event(.end(.failed, reason: "no memory")))
        #expect(store.experiment["status"] == "failed")
        #expect(store.experiment["reason"] == "no memory")
        add(Shorthand.row(1, ["valid": "1"]), Shorthand.event(.end(.done, reason: nil)))
        #expect(store.experiment["status"] == "done")
        #expect(store.experiment["reason"] == nil)
        add(Shorthand.event(.end(.stopped, reason: "x")), Shorthand.event(.start(Event.Start()), at: 21))
        #expect(store.experiment["status"] == "running")
        #expect(store.experiment["reason"] == nil)
    }

    @Test(arguments: [true, false])
    func `Parts of a row merge in any order, with the channels in order of first appearance`(inOneBatch: Bool) {
        let events = [
            Shorthand.declared(), Shorthand.row(2, ["valid": "1"]), Shorthand.row(1, ["valid": "3", "test": "nan"]),
            Shorthand.row(2, ["train": "2", "valid": "4"]), Shorthand.row(1, ["a b": "-0"]),
        ]
        var store = IndexStore()
        if inOneBatch { store.add(events) } else { store.addOneByOne(events) }
        #expect(store.curve == ["1": #"valid=3 test=nan "a b"=-0"#, "2": "valid=4 train=2"])
        #expect(store.experiment["epochs"] == "2")
        #expect(store.experiment["nonfinite"] == "1")
    }

    @Test func `A whole curve becomes one row per epoch, even if its channels differ in length`() {
        let series = [
            Event.Series("train", ["1", "2", "3"].map(Shorthand.number)),
            Event.Series("valid", ["9", "8"].map(Shorthand.number)),
        ]
        var store = IndexStore()
        store.add([Shorthand.declared(), Shorthand.event(.curve(first: 5, series))])
        #expect(store.curve == ["5": "train=1 valid=9", "6": "train=2 valid=8", "7": "train=3"])
        #expect(store.maxima["max.epoch"] == "5")
        #expect(store.experiment["epochs"] == "7")
    }

    @Test func `An event without a time has the time of its entry id`() {
        var store = IndexStore()
        store.add([Shorthand.declared(), Shorthand.row(1, ["valid": "1"], at: nil)])
        #expect(store.experiment["started"] == "1002")
    }

    @Test(arguments: [true, false])
    func `A column has the time of the first event that adds it`(inOneBatch: Bool) {
        let events = [
            Shorthand.declared(), Shorthand.event(.param([Event.Entry(name: "lr", value: "1")]), at: 50),
            Shorthand.event(.param([Event.Entry(name: "lr", value: "2")]), at: 40),
            Shorthand.row(1, ["train": "1"], at: 60),
            Shorthand.row(1, ["valid": "1"], at: 61), Shorthand.row(2, ["valid": "0", "x": "1"], at: 62),
            Shorthand.row(3, ["valid": "2", "y": "1"], at: 63), Shorthand.row(2, ["valid": "3"], at: 64),
        ]
        var store = IndexStore()
        if inOneBatch { store.add(events) } else { store.addOneByOne(events) }
        #expect(
            store.columns == [
                "param.lr": 50, "curve.train": 60, "curve.valid": 61, "max.train": 61, "max.valid": 61, "curve.x": 62,
                "curve.y": 63, "max.y": 63, "max.x": 64,
            ])
    }

    @Test func `A batch changes the hash and the curve of an experiment once, for any number of events`() {
        var store = IndexStore()
        store.add([Shorthand.declared(), Shorthand.row(1, ["valid": "1"])])
        let changes = store.add((2...500).map { Shorthand.row($0, ["valid": String($0)], at: Int64($0)) })
        #expect(
            changes.map(\.key) == [
                "{hypero}:experiment:e-1", "{hypero}:experiment:e-1:curve", "{hypero}:battery:b",
                "{hypero}:battery:b:columns", "{hypero}:battery:b:rank:valid", "{hypero}:ingest",
            ])
    }

    @Test func `Names that Swift considers equal but whose bytes differ stay distinct`() {
        // The letter é as one scalar, and as a letter followed by a combining accent.
        let names = ["\u{E9}", "e\u{301}"]
        var store = IndexStore()
        let changes = store.add([
            Shorthand.declared(), Shorthand.event(.param(names.map { Event.Entry(name: $0, value: "1") })),
            Shorthand.row(1, ["valid": "1", "\u{E9}": "2", "e\u{301}": "3"]),
        ])
        let columns = changes.flatMap { change -> [IndexChange.Scored] in
            guard case .addScores(store.keyspace.columns(of: Shorthand.battery), let scored, _) = change else {
                return []
            }
            return scored
        }
        #expect(columns.count == 8)
        for name in names {
            #expect(changes.contains { $0.key == store.keyspace.rank(of: Shorthand.battery, by: name) })
        }
        let fields = changes.flatMap { change -> [String] in
            guard case .setFields(store.keyspace.experiment(Shorthand.experiment), let fields) = change else {
                return []
            }
            return fields.map(\.name)
        }
        #expect(fields.filter { $0 == "param.\u{E9}" }.count == 2)
        #expect(fields.filter { $0 == "max.\u{E9}" }.count == 2)
    }
}
