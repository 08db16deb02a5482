import HyperoSchema

extension EventGenerator {
    /// Makes an entry that must become a dead letter of a valid one.
    mutating func poison(_ fields: [StreamEntry.Field]) -> [StreamEntry.Field] {
        var fields = fields
        func add(_ name: String, _ value: String = "1") { fields.append(StreamEntry.Field(name, value)) }
        func add(_ name: [UInt8], _ value: [UInt8]) { fields.append(StreamEntry.Field(name: name, value: value)) }
        func set(_ name: String, _ value: String) {
            fields.removeAll { $0.name == Array(name.utf8) }
            add(name, value)
        }
        switch Int.random(in: 0..<28, using: &random) {
        case 0: set("event", "epochs")
        case 1: set("event", "")
        case 2: fields.removeAll { $0.name == Array("event".utf8) }
        case 3: fields.append(random.pick(fields))
        case 4: add("comment", "hello")
        case 5: add("curve.x\n")
        case 6: add([0xFF, 0xFE], [0x31])
        case 7: fields = body("param", [("param.lr", [0xC3, 0x28])])
        case 8: fields = body("meta", [("meta.name", [0xED, 0xA0, 0x80])])
        case 9: for number in 0..<1_025 { add("param.\(number)") }
        case 10: fields = body("meta", [("meta.log", Array(repeating: 0x61, count: Limits.value + 1))])
        case 11: fields = body("param", [("param." + String(repeating: "n", count: 257), [0x31])])
        case 12: fields = body("epoch", [("epoch", Array("1".utf8)), ("curve.valid", anyBadNumber())])
        case 13: fields = body("maxima", [("max.valid", anyBadNumber())])
        case 14: fields = body("curve", [("curve.valid", Array("1 2  3".utf8))])
        case 15: fields = body("epoch", [("epoch", Array("-1".utf8)), ("curve.valid", [0x31])])
        case 16: fields = body("epoch", [("epoch", Array("01".utf8)), ("curve.valid", [0x31])])
        case 17: fields = body("epoch", [("epoch", [0x31])])
        case 18: fields = body("end", [("status", Array("running".utf8))])
        case 19: set("seq", "0")
        case 20: set("battery", "Not A Battery")
        case 21: fields = body("start", []).filter { $0.name != Array("experiment".utf8) }
        case 22: fields = body("epoch", [("epoch", [0x31]), ("curve.epoch", [0x31])])
        case 23: fields = body("param", [("param.", [0x31])])
        case 24: set("time", "yesterday")
        case 26: set("requeued", "twice")
        case 25:
            fields = body("curve", [("first", Array("9007199254740991".utf8)), ("curve.valid", Array("1 2".utf8))])
        default: fields = []; add("", "")
        }
        return fields
    }

    private mutating func anyBadNumber() -> [UInt8] {
        let texts = [
            "", " 1", "1 ", "+1", "01", "1.", ".5", "0x10", "NaN", "Infinity", "-nan", "1e", "1e400", "1,5", "ja",
        ]
        return Array(random.pick(texts).utf8)
    }

    /// An entry without an origin: what is wrong with it is the only thing that it changes.
    private mutating func body(_ event: String, _ fields: [(String, [UInt8])]) -> [StreamEntry.Field] {
        let battery = random.pick(batteries).id.text
        return [
            StreamEntry.Field("event", event), StreamEntry.Field("experiment", "poison-1"),
            StreamEntry.Field("battery", battery),
        ] + fields.map { StreamEntry.Field(name: Array($0.0.utf8), value: $0.1) }
    }
}
