import HyperoSchema
import TestSupport
import Testing

@Suite struct SearchIDTests {
    private func trial(of text: String) -> (SearchID, Int)? {
        Array(text.utf8).withUnsafeBufferPointer { SearchID.trial(of: $0).map { ($0.search, $0.number) } }
    }

    @Test func `The id is s and the first digits of a hash of battery, name and seed`() {
        let battery = BatteryID("digits-mlp.v1.29ad403f")!
        let id = SearchID(battery: battery, name: "search", seed: 1)
        var hash = FNV1a()
        hash.add("digits-mlp.v1.29ad403f\u{1F}search\u{1F}1".utf8)
        #expect(id.text == "s" + hash.hexadecimal.prefix(8) && SearchID(id.text) == id)
        #expect(SearchID(battery: battery, name: "search", seed: 2) != id)
        #expect(id.experiment(ofTrial: 17).text == id.text + "-17")
    }

    @Test(arguments: ["", "s", "s0123abc", "s0123abcde", "x0123abcd", "s0123ABCD", "s0123abcg", "s0123abcd-1"])
    func `Other texts are no id`(text: String) { #expect(SearchID(text) == nil) }

    @Test func `The experiments of trials are recognized`() {
        #expect(trial(of: "s0123abcd-1").map { $0.0.text == "s0123abcd" && $0.1 == 1 } == true)
        #expect(trial(of: "s0123abcd-1000000")?.1 == 1_000_000)
        for text in [
            "s0123abcd", "s0123abcd-", "s0123abcd-0", "s0123abcd-01", "s0123abcd-1000001", "s0123abcd-1-2",
            "k3v9x2mq7d-1",
            "s0123abcz-1", "x0123abcd-1", "", "s0123abcd--1", "s0123abcd-99999999999999999999",
        ] {
            #expect(trial(of: text) == nil, "\(text)")
        }
    }

    @Test func `All trials of a search are in the partition of the search`() throws {
        let id = SearchID("s0123abcd")!
        let producer = try #require(id.experiment(ofTrial: 5).producer)
        #expect(Keyspace.partition(of: id, among: 16) == Keyspace.partition(of: producer, among: 16))
    }

    @Test(arguments: [
        ("trials", "0"), ("trials", "1000001"), ("trials", "x"), ("seed", "-1"), ("seed", "18446744073709551616"),
        ("seed", "1.5"), ("attempts", "0"), ("attempts", "101"), ("lease", "999"), ("lease", "2592000001"),
        ("search", "s1"), ("name", ""), ("sampler", ""), ("other", "1"),
    ])
    func `A search with an invalid field is rejected`(field: String, value: String) {
        var fields = ["event": "search", "battery": "b", "search": "s0123abcd", "trials": "9", "seed": "1"]
        #expect(rejection(StreamEntry(id: .zero, fields: fields.map { StreamEntry.Field($0.key, $0.value) })) == nil)
        fields[field] = value
        #expect(rejection(StreamEntry(id: .zero, fields: fields.map { StreamEntry.Field($0.key, $0.value) })) != nil)
    }

    @Test func `A claim must have a producer, and a token must name a claim`() {
        #expect(
            rejection(entry(["event": "claim", "battery": "b", "search": "s0123abcd"]))
                == "the field 'producer' is missing: it is required in an event 'claim'")
        for token in ["p", "p:", ":1", "p:0", "p:x", "p:1:2", "P:1"] {
            #expect(
                rejection(entry(["event": "start", "experiment": "s0123abcd-1", "battery": "b", "token": token]))
                    == "the field 'token' must be <producer>:<seq> of a claim, not '\(token)'")
        }
    }
}
