import HyperoSchema

extension EventGenerator {
    /// Returns an entry that must become a dead letter: a valid entry with one error, or another invalid entry.
    mutating func poison(_ fields: [StreamEntry.Field]) -> [StreamEntry.Field] {
        var fields = fields
        func add(_ name: String, value: String = "1") { fields.append(StreamEntry.Field(name, value)) }
        func set(_ name: String, to value: String) {
            fields.removeAll { $0.name == Array(name.utf8) }
            add(name, value: value)
        }
        switch Int.random(in: 0..<28, using: &random) {
        case 0: set("event", to: "epochs")
        case 1: set("event", to: "")
        case 2: fields.removeAll { $0.name == Array("event".utf8) }
        case 3: fields.append(random.pick(fields))
        case 4: add("comment", value: "hello")
        case 5: add("curve.x\n")
        case 6: fields.append(StreamEntry.Field(name: [0xFF, 0xFE], value: [0x31]))
        case 7: fields = entry("param", fields: [("param.lr", [0xC3, 0x28])])
        case 8: fields = entry("meta", fields: [("meta.name", [0xED, 0xA0, 0x80])])
        case 9: for number in 0..<1_025 { add("param.\(number)") }
        case 10: fields = entry("meta", fields: [("meta.log", Array(repeating: 0x61, count: Limits.value + 1))])
        case 11: fields = entry("param", fields: [("param." + String(repeating: "n", count: 257), [0x31])])
        case 12: fields = entry("epoch", fields: [("epoch", Array("1".utf8)), ("curve.valid", anyBadNumber())])
        case 13: fields = entry("maxima", fields: [("max.valid", anyBadNumber())])
        case 14: fields = entry("curve", fields: [("curve.valid", Array("1 2  3".utf8))])
        case 15: fields = entry("epoch", fields: [("epoch", Array("-1".utf8)), ("curve.valid", [0x31])])
        case 16: fields = entry("epoch", fields: [("epoch", Array("01".utf8)), ("curve.valid", [0x31])])
        case 17: fields = entry("epoch", fields: [("epoch", [0x31])])
        case 18: fields = entry("end", fields: [("status", Array("running".utf8))])
        case 19: set("seq", to: "0")
        case 20: set("battery", to: "Not A Battery")
        case 21: fields = entry("start", fields: []).filter { $0.name != Array("experiment".utf8) }
        case 22: fields = entry("epoch", fields: [("epoch", [0x31]), ("curve.epoch", [0x31])])
        case 23: fields = entry("param", fields: [("param.", [0x31])])
        case 24: set("time", to: "yesterday")
        case 26: set("requeued", to: "twice")
        case 25:
            fields = entry(
                "curve", fields: [("first", Array("9007199254740991".utf8)), ("curve.valid", Array("1 2".utf8))])
        default: fields = []; add("", value: "")
        }
        return fields
    }

    private mutating func anyBadNumber() -> [UInt8] {
        let texts = [
            "", " 1", "1 ", "+1", "01", "1.", ".5", "0x10", "NaN", "Infinity", "-nan", "1e", "1e400", "1,5", "ja",
        ]
        return Array(random.pick(texts).utf8)
    }

    /// Returns an entry without an origin. Such an entry consumes no sequence number, so its only effect is a dead letter.
    private mutating func entry(_ event: String, fields: [(String, [UInt8])]) -> [StreamEntry.Field] {
        let battery = random.pick(batteries).id.text
        return [
            StreamEntry.Field("event", event), StreamEntry.Field("experiment", "poison-1"),
            StreamEntry.Field("battery", battery),
        ] + fields.map { StreamEntry.Field(name: Array($0.0.utf8), value: $0.1) }
    }
}
