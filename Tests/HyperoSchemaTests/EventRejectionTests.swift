import HyperoSchema
import Testing
import TestSupport

struct EventRejectionTests {
    @Test(arguments: [
        (entry([:]), "the field 'event' is missing"),
        (entry(["experiment": "e", "battery": "b"]), "the field 'event' is missing"),
        (
            entry(["event": "epochs", "experiment": "e", "battery": "b"]),
            "the field 'event' must be one of battery, start, param, meta, epoch, curve, maxima, end, alive, search, claim, "
                + "enqueue, not 'epochs'"
        ),
        (entry(["event": "", "battery": "b"]), "maxima, end, alive, search, claim, enqueue, not ''"),
        (entry(["event": "START", "experiment": "e", "battery": "b"]), "search, claim, enqueue, not 'START'"),
        (
            entry(["event": "start\0", "experiment": "e", "battery": "b"]),
            "search, claim, enqueue, not 'start\u{FFFD}'"
        ),
        (
            entry(["event": "start", "battery": "b"]),
            "the field 'experiment' is missing: it is required in an event 'start'"
        ),
        (entry(["event": "start", "experiment": "e"]), "the field 'battery' is missing"),
        (
            entry(["event": "start", "experiment": "E", "battery": "b"]),
            "the field 'experiment' must be 1 to 64 characters of a-z 0-9 -, not 'E'"
        ),
        (
            entry(["event": "start", "experiment": "e", "battery": "B"]),
            "the field 'battery' must be 1 to 80 characters of a-z 0-9 . -, not 'B'"
        ),
        (
            entry(["event": "start", "experiment": "", "battery": "b"]),
            "the field 'experiment' must be 1 to 64 characters of a-z 0-9 -, not ''"
        ),
        (
            entry([
                "event": "battery", "experiment": "e", "battery": "b", "name": "n", "version": "1", "description": "",
            ]),
            "the field 'experiment' is not allowed in an event 'battery'"
        ),
        (
            entry(["event": "start", "experiment": "e", "battery": "b", "seq": "1"]),
            "the fields 'producer' and 'seq' must occur together"
        ),
        (
            entry(["event": "start", "experiment": "e", "battery": "b", "producer": "p"]),
            "the fields 'producer' and 'seq' must occur together"
        ),
        (
            entry(["event": "start", "experiment": "e", "battery": "b", "producer": "P", "seq": "1"]),
            "the field 'producer' must be 1 to 64 characters of a-z 0-9 -, not 'P'"
        ),
        (
            entry(["event": "start", "experiment": "e", "battery": "b", "colour": "red"]),
            "the field 'colour' is not allowed in an event 'start'"
        ),
        (
            entry(["event": "start", "experiment": "e", "battery": "b", "param.lr": "1"]),
            "the field 'param.lr' is not allowed in an event 'start'"
        ),
        (
            entry(["event": "start", "event": "start", "experiment": "e", "battery": "b"]),
            "the field 'event' occurs more than once"
        ),
        (
            entry(["event": "start", "experiment": "e", "battery": "b", "pid": "1", "pid": "1"]),
            "'pid' occurs more than once"
        ),
        (
            entry(["event": "param", "experiment": "e", "battery": "b", "param.x": "1", "param.x": "2"]),
            "the field 'param.x' occurs more than once"
        ),
        (
            entry(["event": "param", "experiment": "e", "battery": "b"]),
            "an event 'param' must have at least one field param.<name>"
        ),
        (
            entry(["event": "param", "experiment": "e", "battery": "b", "param.": "1"]),
            "the name of a field 'param.…' must have 1 to 256 bytes, not 0"
        ),
        (
            entry(["event": "param", "experiment": "e", "battery": "b", "param": "1"]),
            "must have at least one field param."
        ),
        (
            entry(["event": "meta", "experiment": "e", "battery": "b", "param.x": "1"]),
            "must have at least one field meta."
        ),
        (entry(["event": "epoch", "experiment": "e", "battery": "b", "curve.x": "1"]), "the field 'epoch' is missing"),
        (
            entry(["event": "epoch", "experiment": "e", "battery": "b", "epoch": "1"]),
            "an event 'epoch' must have at least one field curve.<name>"
        ),
        (
            entry(["event": "epoch", "experiment": "e", "battery": "b", "epoch": "1", "curve.epoch": "1"]),
            "the channel name 'epoch' is reserved: max.epoch is another field"
        ),
        (
            entry(["event": "maxima", "experiment": "e", "battery": "b", "max.source": "1"]),
            "the channel name 'source' is reserved: max.source is another field"
        ),
        (
            entry(["event": "epoch", "experiment": "e", "battery": "b", "epoch": "1", "curve.x": "1 2"]),
            "the field 'curve.x' must be a number, nan, inf or -inf, not '1 2'"
        ),
        (
            entry(["event": "curve", "experiment": "e", "battery": "b", "first": "9007199254740991", "curve.x": "1 2"]),
            "the curve 'x' must not exceed epoch 9007199254740991"
        ),
        (entry(["event": "end", "experiment": "e", "battery": "b"]), "the field 'status' is missing"),
        (
            entry(["event": "end", "experiment": "e", "battery": "b", "status": "running"]),
            "must be done, failed, stopped or lost"
        ),
        (
            entry(["event": "end", "experiment": "e", "battery": "b", "status": "Done"]),
            "must be done, failed, stopped or lost"
        ),
        (
            entry(["event": "battery", "battery": "b", "name": "", "version": "1", "description": ""]),
            "the battery name '' must have 1 to 256 bytes, not 0"
        ),
        (
            entry(["event": "battery", "battery": "b", "name": "n", "version": "1.0", "description": ""]),
            "the field 'version' must be an integer from -9007199254740991 to 9007199254740991, not '1.0'"
        ),
        (
            entry([
                "event": "battery", "battery": "b", "name": "n", "version": "1", "description": "", "direction": "up",
            ]),
            "the field 'direction' must be max or min, not 'up'"
        ),
        (
            entry([
                "event": "battery", "battery": "b", "name": "n", "version": "1", "description": "",
                "objective": "epoch",
            ]),
            "the objective 'epoch' is reserved"
        ),
    ])
    func `An invalid entry is rejected with its reason`(entry: StreamEntry, reason: String) throws {
        let sentence = try #require(rejection(entry))
        #expect(sentence.contains(reason), "\(sentence)")
    }

    @Test(arguments: exampleEvents)
    func `An entry with a missing or repeated field is rejected`(event: Event) {
        let isSearch = event.body.kind == .search
        let optional: Set = [
            "time", "host", "pid", isSearch ? "name" : "seed", "attempt", "from", "reason", "first", "objective",
            "direction", "token", "asof", "sampler", "attempts", "lease", "stopping.first", "stopping.factor",
        ]
        let whole = StreamEntry(id: .zero, event)
        for (index, field) in whole.fields.enumerated() {
            let name = String(decoding: field.name, as: UTF8.self)
            var shorter = whole
            shorter.fields.remove(at: index)
            let prefixes: [String] = [Prefix.param, Prefix.meta, Prefix.curve, Prefix.max].filter { name.hasPrefix($0) }
            let isOneOfSeveral = prefixes.contains { prefix in
                whole.fields.count { $0.name.starts(with: prefix.utf8) } > 1
            }
            // A distribution needs its hyper-parameter.
            let hasSpace = whole.fields.contains { $0.name == Array((Prefix.space + name.dropFirst(6)).utf8) }
            let isOptional =
                optional.contains(name) || name.hasPrefix(Prefix.space) || name.hasPrefix(Prefix.direction)
                || (isOneOfSeveral && !hasSpace) || (name == "epoch" && event.body.kind == .maxima)
            if (rejection(shorter) == nil) != isOptional { Issue.record("without \(name)") }

            for position in [index, whole.fields.count] {
                var doubled = whole
                doubled.fields.insert(field, at: position)
                if rejection(doubled)?.contains("occurs more than once") != true { Issue.record("\(name) twice") }
            }
        }
        for length in 0..<whole.fields.count {
            // A shorter entry may still be valid. Decoding must not trap.
            _ = rejection(StreamEntry(id: .zero, fields: Array(whole.fields.prefix(length))))
        }
    }

    @Test(arguments: [
        "", " ", "+1", "01", "-0", "1e3", "0x1", "9007199254740992", "99999999999999999999", "1 ", "١",
        "one", "1\0",
    ])
    func `An integer that is out of bounds or not plain decimal is rejected`(text: String) {
        let entries = [
            entry(["event": "start", "experiment": "e", "battery": "b", "time": text]),
            entry(["event": "start", "experiment": "e", "battery": "b", "producer": "p", "seq": text]),
            entry(["event": "epoch", "experiment": "e", "battery": "b", "epoch": text, "curve.x": "1"]),
            entry(["event": "maxima", "experiment": "e", "battery": "b", "epoch": text, "max.x": "1"]),
            entry(["event": "curve", "experiment": "e", "battery": "b", "first": text, "curve.x": "1"]),
        ]
        for entry in entries { #expect(rejection(entry)?.contains("must be an integer") == true) }
    }

    @Test func `A negative number is only allowed as a time`() {
        for field in ["seq", "epoch", "first", "from", "attempt"] {
            let kind = ["seq": "start", "epoch": "epoch", "first": "curve"][field] ?? "start"
            var fields = entry(["event": kind, "experiment": "e", "battery": "b", field: "-1"]).fields
            if kind != "start" { fields.append(StreamEntry.Field("curve.x", "1")) }
            if field == "seq" { fields.append(StreamEntry.Field("producer", "p")) }
            let reason = rejection(StreamEntry(id: .zero, fields: fields))
            #expect(reason?.contains("must be an integer") == true, "\(field)")
        }
        #expect(rejection(entry(["event": "start", "experiment": "e", "battery": "b", "time": "-1"])) == nil)
    }

    @Test func `An epoch may have zeros after a decimal point`() throws {
        func epoch(_ text: String) throws -> Int? {
            let entry = entry(["event": "epoch", "experiment": "e", "battery": "b", "epoch": text, "curve.x": "1"])
            guard case .epoch(let epoch, _) = try entry.decoded().body else { return nil }
            return epoch
        }
        #expect(try epoch("7.0") == 7)
        #expect(try epoch("0.000") == 0)
        for text in ["7.5", "7.", ".0", "7.0.0", "-7.0", "7.0 "] {
            #expect(throws: Rejection.self) { try epoch(text) }
        }
    }

    @Test func `A sign of life has a producer and nothing else but a time`() throws {
        let alive = try entry(["event": "alive", "producer": "p", "time": "5"]).decoded()
        #expect(alive == Event(experiment: nil, battery: nil, time: 5, body: .alive(ProducerID("p")!)))
        #expect(rejection(entry(["event": "alive"]))?.contains("'producer' is missing") == true)
        for field in ["experiment", "battery", "seq"] {
            #expect(
                rejection(entry(["event": "alive", "producer": "p", field: "1"]))
                    == "the field '\(field)' is not allowed in an event 'alive'")
        }
    }

    @Test func `A reason that is too long or not UTF-8 does not keep an experiment from ending`() throws {
        func reason(_ bytes: [UInt8]) throws -> String? {
            var entry = entry(["event": "end", "experiment": "e", "battery": "b", "status": "failed", "reason": ""])
            entry.fields[4].value = bytes
            guard case .end(.failed, let reason, nil) = try entry.decoded().body else { return nil }
            return reason
        }
        let long = String(repeating: "é", count: 40_000)
        let cut = try #require(try reason(Array(long.utf8)))
        #expect(cut.utf8.count <= Limits.value && cut.utf8.count > Limits.value - 6)
        #expect(cut.hasSuffix("é…"))
        #expect(cut == EndReason.text(of: long))
        #expect(try reason([0x61, 0xFF, 0x62]) == "a\u{FFFD}b")
        let broken = try #require(try reason(Array(repeating: 0xFF, count: 100_000)))
        #expect(broken.utf8.count <= Limits.value && broken.hasSuffix("\u{FFFD}…"))
        #expect(try reason(Array(String(repeating: "x", count: Limits.value).utf8))?.utf8.count == Limits.value)
    }

    @Test func `Integers at their bounds are accepted`() throws {
        for text in ["0", "1", "9007199254740991"] {
            #expect(rejection(entry(["event": "start", "experiment": "e", "battery": "b", "time": text])) == nil)
            let epoch = entry(["event": "epoch", "experiment": "e", "battery": "b", "epoch": text, "curve.x": "1"])
            #expect(rejection(epoch) == nil)
            let seq = entry(["event": "start", "experiment": "e", "battery": "b", "producer": "p", "seq": text])
            #expect((rejection(seq) == nil) == (text != "0"))
        }
        for (first, values) in [("9007199254740990", "1 2"), ("9007199254740991", "1")] {
            let last = entry([
                "event": "curve", "experiment": "e", "battery": "b", "first": first, "curve.x": values,
            ])
            #expect(rejection(last) == nil)
        }
    }

    @Test(arguments: [
        "", " ", "1 ", " 1", "+1", "01", "-01", "1.", ".5", "-.5", "1e", "1e+", "--1", "-", "0x10", "1_000", "1,5",
        "-nan", "nan(1)", "Inf", "+inf", "infinity", "-infinity", "1e309", "-1e309", "1e99999999999999999999", "1\n",
        "1\0", "١", "true", "null", "\"1\"",
    ])
    func `A number that is not valid JSON is rejected`(text: String) {
        for name in ["curve.x", "max.x"] {
            let event = name == "max.x" ? "maxima" : "epoch"
            let fields = entry(["event": event, "experiment": "e", "battery": "b", "epoch": "1", name: text])
            #expect(rejection(fields)?.contains("must be a number") == true)
        }
    }

    @Test(arguments: ["", " ", "1  2", " 1", "1 ", "1\t2", "1,2", "1 x 2", "1\n2", "nan Nan"])
    func `A curve that is not numbers separated by single spaces is rejected`(text: String) {
        let curve = entry(["event": "curve", "experiment": "e", "battery": "b", "curve.x": text])
        #expect(rejection(curve)?.contains("one space") == true)
    }
}
