import HyperoSchema
import Testing
import TestSupport

struct EventRejectionTests {
    private static let leading: KeyValuePairs = ["experiment": "e-1", "battery": "b"]

    @Test(arguments: [
        (entry([:]), "the entry has no field 'event'"),
        (entry(["experiment": "e", "battery": "b"]), "the entry has no field 'event'"),
        (
            entry(["event": "epochs", "experiment": "e", "battery": "b"]),
            "the event 'epochs' is unknown: there are battery start param meta epoch curve maxima end"
        ),
        (entry(["event": "", "battery": "b"]), "the event '' is unknown"),
        (entry(["event": "START", "experiment": "e", "battery": "b"]), "the event 'START' is unknown"),
        (entry(["event": "start\0", "experiment": "e", "battery": "b"]), "the event 'start\u{FFFD}' is unknown"),
        (
            entry(["event": "start", "battery": "b"]),
            "the field 'experiment' is missing, and an event 'start' needs it"
        ),
        (entry(["event": "start", "experiment": "e"]), "the field 'battery' is missing"),
        (
            entry(["event": "start", "experiment": "E", "battery": "b"]),
            "the field 'experiment' is 'E', and must be 1 to"
        ),
        (entry(["event": "start", "experiment": "e", "battery": "B"]), "the field 'battery' is 'B', and must be 1 to"),
        (entry(["event": "start", "experiment": "", "battery": "b"]), "the field 'experiment' is ''"),
        (
            entry([
                "event": "battery", "experiment": "e", "battery": "b", "name": "n", "version": "1", "description": "",
            ]),
            "an event 'battery' has no field 'experiment'"
        ),
        (
            entry(["event": "start", "experiment": "e", "battery": "b", "seq": "1"]),
            "'producer' and 'seq' come together"
        ),
        (entry(["event": "start", "experiment": "e", "battery": "b", "producer": "p"]), "'producer' and 'seq' come"),
        (
            entry(["event": "start", "experiment": "e", "battery": "b", "producer": "P", "seq": "1"]),
            "'producer' is 'P'"
        ),
        (entry(["event": "start", "experiment": "e", "battery": "b", "colour": "red"]), "has no field 'colour'"),
        (entry(["event": "start", "experiment": "e", "battery": "b", "param.lr": "1"]), "has no field 'param.lr'"),
        (
            entry(["event": "start", "event": "start", "experiment": "e", "battery": "b"]),
            "the field 'event' comes twice"
        ),
        (entry(["event": "start", "experiment": "e", "battery": "b", "pid": "1", "pid": "1"]), "'pid' comes twice"),
        (
            entry(["event": "param", "experiment": "e", "battery": "b", "param.x": "1", "param.x": "2"]),
            "the field 'param.x' comes twice"
        ),
        (entry(["event": "param", "experiment": "e", "battery": "b"]), "needs at least one field param.<name>"),
        (entry(["event": "param", "experiment": "e", "battery": "b", "param.": "1"]), "is empty: give 1 to 256 bytes"),
        (
            entry(["event": "param", "experiment": "e", "battery": "b", "param": "1"]),
            "needs at least one field param."
        ),
        (
            entry(["event": "meta", "experiment": "e", "battery": "b", "param.x": "1"]),
            "needs at least one field meta."
        ),
        (entry(["event": "epoch", "experiment": "e", "battery": "b", "curve.x": "1"]), "the field 'epoch' is missing"),
        (
            entry(["event": "epoch", "experiment": "e", "battery": "b", "epoch": "1"]),
            "at least one field curve.<name>"
        ),
        (
            entry(["event": "epoch", "experiment": "e", "battery": "b", "epoch": "1", "curve.epoch": "1"]),
            "max.epoch is a field of its own"
        ),
        (entry(["event": "maxima", "experiment": "e", "battery": "b", "max.source": "1"]), "max.source is a field"),
        (
            entry(["event": "epoch", "experiment": "e", "battery": "b", "epoch": "1", "curve.x": "1 2"]),
            "the field 'curve.x' is '1 2', and must be a number, nan, inf or -inf"
        ),
        (
            entry(["event": "curve", "experiment": "e", "battery": "b", "first": "9007199254740991", "curve.x": "1 2"]),
            "goes beyond epoch 9007199254740991"
        ),
        (entry(["event": "end", "experiment": "e", "battery": "b"]), "the field 'status' is missing"),
        (
            entry(["event": "end", "experiment": "e", "battery": "b", "status": "running"]),
            "must be done, failed or stopped"
        ),
        (
            entry(["event": "end", "experiment": "e", "battery": "b", "status": "Done"]),
            "must be done, failed or stopped"
        ),
        (
            entry(["event": "battery", "battery": "b", "name": "", "version": "1", "description": ""]),
            "the battery's name is empty"
        ),
        (
            entry(["event": "battery", "battery": "b", "name": "n", "version": "1.0", "description": ""]),
            "the field 'version' is '1.0', and must be an integer"
        ),
        (
            entry([
                "event": "battery", "battery": "b", "name": "n", "version": "1", "description": "", "direction": "up",
            ]),
            "the field 'direction' is 'up', and must be max or min"
        ),
        (
            entry([
                "event": "battery", "battery": "b", "name": "n", "version": "1", "description": "",
                "objective": "epoch",
            ]),
            "the objective's name is taken"
        ),
    ])
    func `What does not fit is refused with a sentence that says why`(entry: StreamEntry, reason: String) throws {
        let sentence = try #require(rejection(entry))
        #expect(sentence.contains(reason), "\(sentence)")
    }

    @Test(arguments: exampleEvents)
    func `An entry without one of its required fields, or with any of them twice, is refused`(event: Event) {
        let optional: Set = [
            "time", "host", "pid", "seed", "reason", "first", "objective", "direction",
        ]
        let whole = StreamEntry(id: .zero, event)
        for (index, field) in whole.fields.enumerated() {
            let name = String(decoding: field.name, as: UTF8.self)
            var shorter = whole
            shorter.fields.remove(at: index)
            let isLastOfMany = whole.fields.count { $0.name.contains(UInt8(ascii: ".")) } > 1 && name.contains(".")
            let mayMiss = optional.contains(name) || isLastOfMany || (name == "epoch" && event.body.kind == .maxima)
            if (rejection(shorter) == nil) != mayMiss { Issue.record("without \(name)") }

            for place in [index, whole.fields.count] {
                var doubled = whole
                doubled.fields.insert(field, at: place)
                if rejection(doubled)?.contains("comes twice") != true { Issue.record("\(name) twice") }
            }
        }
        for length in 0..<whole.fields.count {
            // A shorter entry may still be a whole one; it must never be anything but read or refused.
            _ = rejection(StreamEntry(id: .zero, fields: Array(whole.fields.prefix(length))))
        }
    }

    @Test(arguments: [
        "", " ", "+1", "01", "-1", "-0", "1.0", "1e3", "0x1", "9007199254740992", "99999999999999999999", "1 ", "١",
        "one", "1\0",
    ])
    func `An integer that is not plain decimal in its bounds is refused`(text: String) {
        let entries = [
            entry(["event": "start", "experiment": "e", "battery": "b", "time": text]),
            entry(["event": "start", "experiment": "e", "battery": "b", "producer": "p", "seq": text]),
            entry(["event": "epoch", "experiment": "e", "battery": "b", "epoch": text, "curve.x": "1"]),
            entry(["event": "maxima", "experiment": "e", "battery": "b", "epoch": text, "max.x": "1"]),
            entry(["event": "curve", "experiment": "e", "battery": "b", "first": text, "curve.x": "1"]),
        ]
        for entry in entries { #expect(rejection(entry)?.contains("must be an integer") == true) }
    }

    @Test func `Integers at their bounds are read`() throws {
        for text in ["0", "1", "9007199254740991"] {
            #expect(rejection(entry(["event": "start", "experiment": "e", "battery": "b", "time": text])) == nil)
            let epoch = entry(["event": "epoch", "experiment": "e", "battery": "b", "epoch": text, "curve.x": "1"])
            #expect(rejection(epoch) == nil)
            let seq = entry(["event": "start", "experiment": "e", "battery": "b", "producer": "p", "seq": text])
            #expect((rejection(seq) == nil) == (text != "0"))
        }
        let last = entry([
            "event": "curve", "experiment": "e", "battery": "b", "first": "9007199254740990", "curve.x": "1",
        ])
        #expect(rejection(last) == nil)
    }

    @Test(arguments: [
        "", " ", "1 ", " 1", "+1", "01", "-01", "1.", ".5", "-.5", "1e", "1e+", "--1", "-", "0x10", "1_000", "1,5",
        "NaN",
        "-nan", "nan(1)", "Inf", "+inf", "infinity", "-infinity", "1e309", "-1e309", "1e99999999999999999999", "1\n",
        "1\0", "١", "true", "null", "\"1\"",
    ])
    func `A number that is not JSON's is refused`(text: String) {
        for name in ["curve.x", "max.x"] {
            let event = name == "max.x" ? "maxima" : "epoch"
            let fields = entry(["event": event, "experiment": "e", "battery": "b", "epoch": "1", name: text])
            #expect(rejection(fields)?.contains("must be a number") == true)
        }
    }

    @Test(arguments: ["", " ", "1  2", " 1", "1 ", "1\t2", "1,2", "1 x 2", "1\n2", "nan NaN"])
    func `A curve with anything but numbers and single spaces is refused`(text: String) {
        let curve = entry(["event": "curve", "experiment": "e", "battery": "b", "curve.x": text])
        #expect(rejection(curve)?.contains("one space") == true)
    }
}
