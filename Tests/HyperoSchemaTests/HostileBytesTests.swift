import HyperoSchema
import Testing
import TestSupport

struct HostileBytesTests {
    /// Returns a `param` event with one hyper-parameter.
    private func param(_ name: [UInt8], value: [UInt8] = [0x31]) -> StreamEntry {
        StreamEntry(
            id: .zero,
            fields: [
                StreamEntry.Field("event", "param"), StreamEntry.Field("experiment", "e"),
                StreamEntry.Field("battery", "b"), StreamEntry.Field(name: Array("param.".utf8) + name, value: value),
            ])
    }

    @Test func `Printable bytes are accepted in names, control characters and invalid UTF-8 are rejected`() {
        for byte in UInt8.min...UInt8.max {
            let isAccepted = (0x20...0x7E).contains(byte)
            for name in [[byte], [0x61, byte], [byte, 0x61], [0x61, byte, 0x62]] {
                #expect((rejection(param(name)) == nil) == isAccepted, "byte \(byte)")
            }
        }
    }

    @Test func `C1 control characters are rejected, and the letters after them are accepted`() {
        for scalar in UInt8(0x80)...0xBF {
            #expect((rejection(param([0xC2, scalar])) == nil) == (scalar >= 0xA0), "scalar \(scalar)")
        }
    }

    @Test(
        arguments: [
            [0x80], [0xC3], [0xC3, 0x28], [0xC0, 0x80], [0xE2, 0x82], [0xED, 0xA0, 0x80], [0xF4, 0x90, 0x80, 0x80],
            [0xFF],
            [0xF8, 0x88, 0x80, 0x80, 0x80], [0xE0, 0x80, 0xAF],
        ] as [[UInt8]])
    func `Invalid UTF-8 is rejected in every name and value`(bytes: [UInt8]) {
        #expect(rejection(param(bytes)) == "the name of a field 'param.…' must be UTF-8")
        #expect(rejection(param([0x61], value: bytes)) == "the field 'param.a' must be UTF-8")
        for event in exampleEvents {
            let whole = StreamEntry(id: .zero, event)
            for index in whole.fields.indices {
                var entry = whole
                entry.fields[index].value += bytes
                // An invalid reason is repaired.
                let isReason = whole.fields[index].name == Array("reason".utf8)
                if rejection(entry) == nil, !isReason { Issue.record("accepted: \(entry)") }
                entry = whole
                entry.fields[index].name += bytes
                if rejection(entry) == nil { Issue.record("accepted: \(entry)") }
            }
        }
    }

    @Test func `A value may contain any valid UTF-8`() throws {
        let value = (UInt8.min...0x7F).map { $0 } + Array("é精🎯\u{85}\u{202E}".utf8)
        guard case .param(let entries, _) = try param([0x61], value: value).decoded().body else {
            Issue.record("not a param")
            return
        }
        #expect(entries[0].value.utf8.elementsEqual(value))
    }

    @Test(arguments: [("n", 256), ("é", 128), ("🎯", 64)])
    func `A name has 1 to 256 bytes`(character: String, count: Int) {
        let longest = String(repeating: character, count: count)
        #expect(rejection(param(Array(longest.utf8))) == nil)
        #expect(rejection(param(Array(longest.utf8) + [0x6E]))?.contains("must have 1 to 256 bytes, not 257") == true)
        #expect(rejection(param([])) != nil)
        let channel = entry([
            "event": "epoch", "experiment": "e", "battery": "b", "epoch": "1", "curve.\(longest)": "1",
        ])
        #expect(rejection(channel) == nil)
        for name in ["", longest + "n", "a\u{7F}"] {
            let fields: [KeyValuePairs<String, String>] = [
                ["event": "epoch", "experiment": "e", "battery": "b", "epoch": "1", "curve.\(name)": "1"],
                ["event": "maxima", "experiment": "e", "battery": "b", "max.\(name)": "1"],
                ["event": "meta", "experiment": "e", "battery": "b", "meta.\(name)": "1"],
                ["event": "battery", "battery": "b", "name": name, "version": "1", "description": ""],
                [
                    "event": "battery", "battery": "b", "name": "n", "version": "1", "description": "",
                    "objective": name,
                ],
            ]
            for fields in fields { #expect(rejection(entry(fields)) != nil) }
        }
    }

    @Test func `A value has at most 64 KiB`() {
        #expect(rejection(param([0x61], value: Array(repeating: 0x78, count: 65_536))) == nil)
        #expect(
            rejection(param([0x61], value: Array(repeating: 0x78, count: 65_537)))
                == "the field 'param.a' has 65537 bytes: at most 65536 are allowed")
    }

    @Test func `An entry has at most 1 MiB`() {
        var entry = param([0x61], value: [])
        for number in 0..<15 {
            entry.fields.append(
                StreamEntry.Field(
                    name: Array("param.\(number)".utf8), value: Array(repeating: 0x78, count: 65_536)))
        }
        let size = entry.fields.reduce(0) { $0 + $1.name.count + $1.value.count }
        entry.fields[3].value = Array(repeating: 0x78, count: 1_048_576 - size)
        #expect(rejection(entry) == nil)
        entry.fields[3].value.append(0x78)
        #expect(rejection(entry) == "the entry has 1048577 bytes: at most 1048576 are allowed")
    }

    @Test func `An entry has at most 1,024 fields`() {
        var entry = param([0x61])
        for number in 0..<1_020 { entry.fields.append(StreamEntry.Field("param.\(number)", "")) }
        #expect(entry.fields.count == 1_024)
        #expect(rejection(entry) == nil)
        entry.fields.append(StreamEntry.Field("param.more", ""))
        #expect(rejection(entry) == "the entry has 1025 fields: at most 1024 are allowed")
    }

    @Test func `A rejection quotes only the start of a value, without control characters`() throws {
        let entry = entry([
            "event": "start", "experiment": "\u{1B}[31m" + String(repeating: "é", count: 9_000), "battery": "b",
        ])
        let reason = try #require(rejection(entry))
        #expect(reason.utf8.count < 300)
        #expect(!reason.unicodeScalars.contains { $0.value < 0x20 })
    }

    @Test(arguments: 1...40 as ClosedRange<UInt64>)
    func `Randomly changed entries are decoded or rejected, and never trap`(seed: UInt64) throws {
        var random = SeededGenerator(seed: seed)
        var generator = EventGenerator(seed: seed)
        for entry in generator.entries(150) {
            for _ in 0..<3 {
                let changed = mutated(entry, using: &random)
                guard let event = try? changed.decoded() else { continue }
                // A decoded event is encoded and decoded to the same event. The texts of the events are compared.
                let again = try StreamEntry(id: .zero, event).decoded()
                if "\(again)" != "\(event)" { Issue.record("\(event) is read back as \(again)") }
            }
        }
    }

    private func mutated(_ entry: StreamEntry, using random: inout SeededGenerator) -> StreamEntry {
        var entry = entry
        guard !entry.fields.isEmpty else { return entry }
        for _ in 0..<Int.random(in: 1...3, using: &random) {
            let index = Int.random(in: entry.fields.indices, using: &random)
            switch Int.random(in: 0..<7, using: &random) {
            case 0: entry.fields.append(entry.fields[index])
            case 1: entry.fields.swapAt(index, 0)
            case 2 where entry.fields.count > 1: entry.fields.remove(at: index)
            case 3: change(&entry.fields[index].name, using: &random)
            case 4: entry.fields[index].value = entry.fields[0].name
            default: change(&entry.fields[index].value, using: &random)
            }
        }
        return entry
    }

    private func change(_ bytes: inout [UInt8], using random: inout SeededGenerator) {
        let byte = UInt8.random(in: .min ... .max, using: &random)
        let index = Int.random(in: 0...bytes.count, using: &random)
        switch Int.random(in: 0..<4, using: &random) {
        case 0 where index < bytes.count: bytes[index] = byte
        case 1 where index < bytes.count: bytes.remove(at: index)
        case 2: bytes.removeLast(bytes.count - index)
        default: bytes.insert(byte, at: index)
        }
    }
}
