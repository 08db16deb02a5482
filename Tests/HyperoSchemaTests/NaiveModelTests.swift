import HyperoSchema
import Testing
import TestSupport

/// Checks the naive model, the oracle of the ingest's tests, against results computed by hand.
struct NaiveModelTests {
    private let keyspace = try! Keyspace.all()[0]

    private func content(_ entries: [[(String, String)]]) -> PartitionContent {
        let entries = entries.enumerated().map { index, fields in
            StreamEntry(
                id: StreamID(milliseconds: UInt64(index + 1), sequence: 0),
                fields: fields.map { StreamEntry.Field($0.0, $0.1) })
        }
        return NaiveModel.content(of: entries, in: keyspace)
    }

    private func declaration(_ more: [(String, String)] = []) -> [(String, String)] {
        [("event", "battery"), ("battery", "b"), ("name", "B"), ("version", "1"), ("description", "")] + more
    }

    private func entry(_ event: String, _ fields: (String, String)...) -> [(String, String)] {
        [("event", event), ("experiment", "e-1"), ("battery", "b")] + fields
    }

    @Test func `A short training is stored under exactly these keys`() {
        let content = content([
            declaration(),
            entry("start", ("host", "node1")),
            entry("param", ("param.lr", "0.01")),
            entry("epoch", ("epoch", "2"), ("curve.valid", "0.5")),
            entry("epoch", ("epoch", "1"), ("curve.train", "0.7"), ("curve.valid", "0.50")),
            entry("epoch", ("epoch", "2"), ("curve.test", "nan")),
            entry("end", ("status", "done")),
        ])
        #expect(
            content.keys == [
                "{hypero}:batteries": .sortedSet(["b": 1]),
                "{hypero}:battery:b": .hash([
                    "name": "B", "version": "1", "description": "", "objective": "valid", "direction": "max",
                    "created": "1", "updated": "7",
                ]),
                "{hypero}:battery:b:experiments": .sortedSet(["e-1": 2]),
                "{hypero}:battery:b:columns": .sortedSet([
                    "param.lr": 3, "max.valid": 4, "curve.valid": 4, "max.train": 5, "curve.train": 5, "curve.test": 6,
                ]),
                "{hypero}:battery:b:rank:valid": .sortedSet(["e-1": 0.5]),
                "{hypero}:battery:b:rank:train": .sortedSet(["e-1": 0.7]),
                "{hypero}:experiment:e-1": .hash([
                    "battery": "b", "status": "done", "since": "7", "started": "2", "updated": "7", "host": "node1",
                    "epochs": "2", "param.lr": "0.01", "max.train": "0.7", "max.valid": "0.50", "max.epoch": "1",
                    "max.source": "curve", "nonfinite": "1",
                ]),
                "{hypero}:experiment:e-1:curve": .hash(["1": "train=0.7 valid=0.50", "2": "valid=0.5 test=nan"]),
            ])
        #expect(content.counts == PartitionContent.Counts(applied: 7))
    }

    @Test func `Maxima stated by the user replace those of the curve channel by channel, and the columns are kept`() {
        let content = content([
            declaration([("direction", "min"), ("objective", "loss")]),
            entry("curve", ("curve.loss", "3 1 2"), ("curve.acc", "0.1 0.2 0.3"), ("first", "0")),
            entry("maxima", ("max.loss", "-inf"), ("max.f1", "9")),
            entry("maxima", ("max.f1", "8"), ("epoch", "7")),
            entry("epoch", ("epoch", "9"), ("curve.loss", "0")),
        ])
        #expect(
            content.keys["{hypero}:experiment:e-1"]
                == .hash([
                    "battery": "b", "status": "running", "started": "2", "updated": "5", "epochs": "9",
                    "max.loss": "-inf", "max.f1": "8", "max.epoch": "7", "max.source": "user", "nonfinite": "1",
                    "max.stated": "epoch=7 loss=-inf f1=8",
                ]))
        #expect(content.keys["{hypero}:battery:b:rank:f1"] == .sortedSet(["e-1": 8]))
        #expect(content.keys["{hypero}:battery:b:rank:loss"] == nil)
        #expect(content.keys["{hypero}:battery:b:rank:acc"] == nil)
        #expect(
            content.keys["{hypero}:battery:b:columns"]
                == .sortedSet([
                    "max.loss": 2, "max.acc": 2, "max.f1": 3, "curve.loss": 2, "curve.acc": 2,
                ]))
    }

    @Test func `Repeated, late and missing sequence numbers are counted`() {
        func numbered(_ seq: Int, time: Int) -> [(String, String)] {
            entry("start", ("producer", "p"), ("seq", "\(seq)"), ("time", "\(time)"))
        }
        let content = content([
            declaration(), numbered(2, time: 10), numbered(2, time: 10), numbered(7, time: 30), numbered(5, time: 20),
            numbered(5, time: 20),
            entry("start", ("producer", "p"), ("seq", "0")),
            [("event", "start"), ("experiment", "x"), ("battery", "c"), ("producer", "p"), ("seq", "8")],
            [("event", "start"), ("experiment", "e-1"), ("battery", "c")],
        ])
        #expect(
            content.keys["{hypero}:producer:p"] == .hash(["seq": "8", "time": "30", "missing": "1 3-4 6", "dead": "1"]))
        #expect(content.counts == PartitionContent.Counts(applied: 4, duplicates: 2, gaps: 4, dead: 3))
        #expect(content.dead["8-0"] == "battery not found: c was never declared in this partition")
    }

    @Test func `An experiment stays in its battery, and a restart makes it running again`() {
        var other = declaration()
        other[1].1 = "c"
        let content = content([
            declaration(), other, entry("end", ("status", "failed"), ("reason", "oops")), entry("start", ("pid", "1")),
            [("event", "start"), ("experiment", "e-1"), ("battery", "c")],
        ])
        #expect(
            content.keys["{hypero}:experiment:e-1"]
                == .hash([
                    "battery": "b", "status": "running", "since": "4", "started": "3", "updated": "4", "pid": "1",
                ]))
        #expect(content.dead == ["5-0": "wrong battery: c, experiment e-1 belongs to b"])
    }

    @Test func `Of more than 64 ranges of missing numbers the closest are merged`() {
        var entries = [declaration()]
        for seq in stride(from: 2, through: 140, by: 2) {
            entries.append(entry("start", ("producer", "p"), ("seq", "\(seq)"), ("time", "1")))
        }
        let content = content(entries)
        // The first range contains six numbers that arrived.
        #expect(content.counts.gaps == 76)
        guard case .hash(let fields) = content.keys["{hypero}:producer:p"] else {
            Issue.record("no hash")
            return
        }
        let missing = ["1-13"] + stride(from: 15, through: 139, by: 2).map(String.init)
        #expect(fields["missing"] == missing.joined(separator: " "))
    }

    @Test(arguments: 1...6 as ClosedRange<UInt64>)
    func `The generator covers all cases, depends only on its seed, and writes only valid entries in the tidy mix`(
        seed: UInt64
    ) {
        var generator = EventGenerator(seed: seed)
        var second = EventGenerator(seed: seed)
        let entries = generator.entries(2_000)
        #expect(entries == second.entries(1_000) + second.entries(1_000))
        #expect(entries.map(\.id) == entries.map(\.id).sorted())
        let content = NaiveModel.content(of: entries, in: keyspace)
        #expect(content.counts.applied > 1_000)
        #expect(content.counts.duplicates > 0)
        #expect(content.counts.gaps > 0)
        #expect(Set(content.dead.values).count > 10)

        var tidy = EventGenerator(seed: seed, mix: .tidy)
        let counts = NaiveModel.content(of: tidy.entries(500), in: keyspace).counts
        #expect(counts == PartitionContent.Counts(applied: 500))
    }

    @Test func `A difference names the key, the field and both values`() {
        let expected = PartitionContent(keys: ["a": .hash(["x": "1", "y": "2"]), "b": .sortedSet(["m": 1])])
        let found = PartitionContent(keys: ["a": .hash(["x": "1", "y": "3"])])
        #expect(
            found.differences(fromExpected: expected) == """
                a
                    y: expected '2', found '3'
                b: expected sortedSet(["m": 1.0]), found no key
                """)
        #expect(expected.differences(fromExpected: expected).isEmpty)
    }
}
