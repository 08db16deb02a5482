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

    private func stopping(_ fields: [String: String]) throws -> StoppingRule? {
        var all = ["event": "search", "battery": "b", "search": "s0123abcd", "trials": "9", "seed": "1"]
        for (name, value) in fields { all["stopping" + name] = value }
        let entry = StreamEntry(id: .zero, fields: all.map { StreamEntry.Field($0.key, $0.value) })
        guard case .search(let search) = try entry.decoded().body else { return nil }
        return search.stopping
    }

    @Test(arguments: [
        (["": "mean", ".epochs": "9"], "the field 'stopping' must be halving or median, not 'mean'"),
        (["": "halving"], "the field 'stopping.epochs' is missing: it is required with stopping"),
        ([".epochs": "9"], "the field 'stopping.epochs' is not allowed without stopping"),
        ([".factor": "3"], "the field 'stopping.factor' is not allowed without stopping"),
        (["": "median", ".epochs": "1"], "the field 'stopping.epochs' must be an integer from 2 to 1000000, not '1'"),
        (["": "median", ".epochs": "1000001"], "must be an integer from 2 to 1000000"),
        (["": "median", ".epochs": "9", ".first": "9"], "the field 'stopping.first' must be an integer from 1 to 8"),
        (["": "median", ".epochs": "9", ".first": "0"], "the field 'stopping.first' must be an integer from 1 to 8"),
        (["": "median", ".epochs": "9", ".factor": "1"], "'stopping.factor' must be an integer from 2 to 100"),
        (["": "median", ".epochs": "9", ".factor": "101"], "'stopping.factor' must be an integer from 2 to 100"),
    ])
    func `A search with an invalid stopping rule is rejected`(fields: [String: String], reason: String) {
        let error = #expect(throws: Rejection.self) { try stopping(fields) }
        #expect(error?.description.contains(reason) == true, "\(error?.description ?? "")")
    }

    @Test(arguments: [
        (2, [1]), (3, [2]), (4, [3]), (10, [3, 9]), (27, [3, 9]), (81, [3, 9, 27]), (82, [3, 9, 27, 81]),
        (810, [30, 90, 270]), (1_000_000, [37037, 111111, 333333, 999999]),
    ])
    func `The first rung is a 27th of the epochs, and 3 at least`(epochs: Int, rungs: [Int]) throws {
        let rule = try #require(try stopping(["": "halving", ".epochs": "\(epochs)"]))
        #expect(rule == StoppingRule(.halving, epochs: epochs) && rule.rungs == rungs && rule.violation == nil)
    }

    @Test func `A rule has the rungs that its fields state, and is checked`() throws {
        let fields = ["": "median", ".epochs": "17", ".first": "1", ".factor": "2"]
        let rule = try #require(try stopping(fields))
        #expect(rule.rungs == [1, 2, 4, 8, 16] && rule.kind == .median)
        #expect(
            [2, 4, 5, 31, 1_000].map { rule.lastKept(of: $0) } == [2, 4, 3, 16, 501]
                && [1, 2, 4, 31].map { StoppingRule(.halving, epochs: 9).lastKept(of: $0) } == [1, 1, 1, 10])
        for rule in [
            StoppingRule(.median, epochs: 1), StoppingRule(.median, epochs: 9, first: 9),
            StoppingRule(.median, epochs: 9, first: 0), StoppingRule(.median, epochs: 9, factor: 1),
        ] {
            #expect(rule.violation != nil && rule.rungs.isEmpty)
            #expect(
                Event.Body.search(Event.Search(id: SearchID("s0123abcd")!, seed: 1, trials: 1, stopping: rule))
                    .violation != nil)
        }
    }

    @Test func `The last entry of the history in a start is checked`() throws {
        for text in ["", "1", "x-0", "1-x", "-1-0", "0-0 "] {
            #expect(
                rejection(entry(["event": "start", "experiment": "s0123abcd-1", "battery": "b", "asof": text]))
                    == "the field 'asof' must be the id of an entry such as 1764240000000-0, or 0-0, not '\(text)'")
        }
        let start = try entry(["event": "start", "experiment": "s0123abcd-1", "battery": "b", "asof": "0-0"]).decoded()
        #expect(start.body == .start(Event.Start(asof: .zero)))
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
