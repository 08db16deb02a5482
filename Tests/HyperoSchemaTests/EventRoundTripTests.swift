import HyperoSchema
import Testing
import TestSupport

struct EventRoundTripTests {
    @Test(arguments: exampleEvents)
    func `An encoded event is decoded to the same event`(event: Event) throws {
        #expect(try StreamEntry(id: .zero, event).decoded() == event)
    }

    @Test(arguments: exampleEvents)
    func `The fields of an entry may be in any order`(event: Event) throws {
        let entry = StreamEntry(id: .zero, event)
        let leading = entry.fields.prefix { !$0.name.contains(UInt8(ascii: ".")) }
        var moved = entry
        moved.fields = entry.fields.dropFirst(leading.count) + leading.reversed()
        #expect(try moved.decoded() == event)
    }

    @Test func `The examples cover every kind of event`() {
        #expect(Set(exampleEvents.map(\.body.kind)) == Set(EventKind.allCases))
    }

    @Test func `A nan in an event is read back as nan`() throws {
        let experiment = try #require(ExperimentID("e-1"))
        let battery = try #require(BatteryID("b"))
        let event = Event(
            experiment: experiment, battery: battery, body: .epoch(1, [CurveRow.Cell("valid", Number(.nan))]))
        guard case .epoch(1, let cells) = try StreamEntry(id: .zero, event).decoded().body else {
            Issue.record("not an epoch")
            return
        }
        #expect(cells.map(\.number.text) == ["nan"])
        #expect(cells.allSatisfy { $0.number.value.isNaN })
    }

    @Test func `The fields of an event are written in the order of the contract`() {
        func names(_ event: Event) -> [String] {
            StreamEntry(id: .zero, event).fields.map { String(decoding: $0.name, as: UTF8.self) }
        }
        let leading = ["event", "experiment", "battery", "producer", "seq", "time"]
        let declaration = exampleEvents.first { $0.body.kind == .battery }!
        #expect(
            names(declaration) == ["event", "battery", "producer", "seq", "time", "name", "version", "description"]
                + ["objective", "direction"])
        for event in exampleEvents where event.origin != nil && event.experiment != nil {
            #expect(names(event).prefix(6) == leading[...])
        }
        let origin = Event.Origin(producer: ProducerID("p")!, seq: 1)
        let curve = Event(
            experiment: ExperimentID("e")!, battery: BatteryID("b")!, origin: origin, time: 5,
            body: .curve(first: 3, [Event.Series("train", [Number(1)]), Event.Series("valid", [Number(2)])]))
        #expect(names(curve) == leading + ["first", "curve.train", "curve.valid"])
    }

    @Test func `Omitted fields of a declaration and a curve have default values`() throws {
        let declaration = try entry([
            "event": "battery", "battery": "b", "name": "n", "version": "1", "description": "",
        ]).decoded()
        #expect(
            declaration.body
                == .battery(
                    Event.Declaration(
                        name: "n", version: 1, description: "", objective: "valid", direction: .max)))
        let curve = try entry(["event": "curve", "experiment": "e", "battery": "b", "curve.x": "1 nan -inf"]).decoded()
        guard case .curve(first: 1, let series) = curve.body else {
            Issue.record("not a curve from 1")
            return
        }
        #expect(series.map { $0.numbers.map(\.text) } == [["1", "nan", "-inf"]])
    }

    @Test func `Decoded numbers keep their text`() throws {
        let texts = ["1.0", "1e0", "10E-1", "0.50", "-0.0", "9007199254740993", "1E+2"]
        let event = try entry([
            "event": "curve", "experiment": "e", "battery": "b", "curve.x": texts.joined(separator: " "),
        ]).decoded()
        guard case .curve(_, let series) = event.body else {
            Issue.record("not a curve")
            return
        }
        #expect(series[0].numbers.map(\.text) == texts)
        #expect(series[0].numbers.map(\.value) == [1, 1, 1, 0.5, 0, 9_007_199_254_740_992, 100])
    }

    @Test func `Names that look the same but differ in bytes are two names`() throws {
        // é as one scalar and as two scalars. Redis has two names.
        let event = try entry([
            "event": "epoch", "experiment": "e", "battery": "b", "epoch": "1", "curve.\u{E9}": "1",
            "curve.e\u{301}": "2",
        ]).decoded()
        guard case .epoch(_, let cells) = event.body else {
            Issue.record("not an epoch")
            return
        }
        #expect(cells.count == 2)
        #expect(CurveRow(cells).text.utf8.elementsEqual("\u{E9}=1 e\u{301}=2".utf8))

        let many: KeyValuePairs = [
            "event": "param", "experiment": "e", "battery": "b", "param.a": "1", "param.b": "2", "param.c": "3",
            "param.\u{212B}": "4", "param.\u{C5}": "5", "param.A\u{30A}": "6",
        ]
        #expect(rejection(entry(many)) == nil)
    }
}
