import HyperoSchema
import Testing
import TestSupport

struct IdentityTests {
    @Test func `The battery id in the design document is reproduced`() {
        let id = BatteryID(name: "RNN Visual Attention", version: 3, description: "fixed bug in Sequencer")
        #expect(id.text == "rnn-visual-attention.v3.b44afc5e")
        #expect(BatteryID(id.text) == id)
    }

    @Test(arguments: [
        ("MNIST", "mnist"), ("a", "a"), ("A-Z_0 9", "a-z-0-9"), ("--a--", "a"), ("  two   words  ", "two-words"),
        ("größe", "gr-e"), ("精度 test 精度", "test"), ("精度", "battery"), ("", "battery"), ("---", "battery"),
        ("@[`{", "battery"), ("a\0b", "a-b"), ("v1.2", "v1-2"),
        (String(repeating: "x", count: 40), String(repeating: "x", count: 40)),
        (String(repeating: "x", count: 41), String(repeating: "x", count: 40)),
        (String(repeating: "x", count: 39) + " y", String(repeating: "x", count: 39)),
        (String(repeating: "x", count: 38) + " y", String(repeating: "x", count: 38) + "-y"),
        (String(repeating: " ", count: 60) + "late", "late"),
    ])
    func `A battery's slug is its name reduced to a-z 0-9 and single hyphens, with at most 40 bytes`(
        name: String, slug: String
    ) {
        let id = BatteryID(name: name, version: 1, description: "")
        #expect(id.text.hasPrefix(slug + ".v1."))
        #expect(id.text.utf8.count == slug.utf8.count + 12)
        #expect(BatteryID(id.text) == id)
    }

    @Test func `Another name, version or description makes another battery id`() {
        let ids = [
            BatteryID(name: "a", version: 1, description: "b"), BatteryID(name: "A", version: 1, description: "b"),
            BatteryID(name: "a", version: -1, description: "b"), BatteryID(name: "a", version: 1, description: ""),
            BatteryID(name: "a", version: 1, description: "B"), BatteryID(name: "a", version: .min, description: "b"),
        ]
        #expect(Set(ids).count == ids.count)
        #expect(ids.allSatisfy { BatteryID($0.text) == $0 })
    }

    @Test(arguments: ["", "A", "a b", "a:b", "a_b", "é", "{a}", "a\n", "a\0", "a/b", "K", "ａ"])
    func `An id with characters outside its alphabet is rejected`(text: String) {
        #expect(BatteryID(text) == nil)
        #expect(ExperimentID(text) == nil)
        #expect(ProducerID(text) == nil)
    }

    @Test func `Ids have a maximum length, and only battery ids may contain dots`() {
        let x = String(repeating: "x", count: 80)
        #expect(BatteryID(x)?.text == x)
        #expect(BatteryID(x + "x") == nil)
        #expect(BatteryID("a.b-c.0") != nil)
        #expect(ExperimentID(String(x.prefix(64)))?.text.utf8.count == 64)
        #expect(ExperimentID(String(x.prefix(65))) == nil)
        #expect(ExperimentID("a.b") == nil)
        #expect(ProducerID(String(x.prefix(64))) != nil)
        #expect(ProducerID(String(x.prefix(65))) == nil)
        #expect(ProducerID("a.b") == nil)
    }

    @Test func `Every byte outside an id's alphabet is rejected`() {
        let alphabet = Set("abcdefghijklmnopqrstuvwxyz0123456789-".utf8)
        for byte in UInt8.min...UInt8.max {
            let text = String(decoding: [byte], as: UTF8.self)
            #expect((ExperimentID(text) != nil) == alphabet.contains(byte), "byte \(byte)")
            #expect((BatteryID(text) != nil) == (alphabet.contains(byte) || byte == UInt8(ascii: ".")), "byte \(byte)")
        }
    }

    @Test func `A producer id has 10 characters and uses all of Crockford base32`() {
        let alphabet = Set("0123456789abcdefghjkmnpqrstvwxyz")
        var generator = SeededGenerator(seed: 1)
        var seen: Set<Character> = []
        var ids: Set<ProducerID> = []
        for _ in 0..<1_000 {
            let id = ProducerID(using: &generator)
            if id.text.utf8.count != 10 || ProducerID(id.text) != id { Issue.record("\(id)") }
            seen.formUnion(id.text)
            ids.insert(id)
        }
        #expect(seen == alphabet)
        #expect(ids.count == 1_000)
    }

    @Test func `An experiment id is the producer id and a number`() throws {
        let producer = try #require(ProducerID("k3v9x2mq7d"))
        #expect(ExperimentID(producer: producer, number: 17).text == "k3v9x2mq7d-17")
        #expect(ExperimentID(producer: producer, number: .max).text == "k3v9x2mq7d-18446744073709551615")
    }
}
