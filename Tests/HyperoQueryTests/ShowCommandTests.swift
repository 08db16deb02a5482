import HyperoSchema
import TestSupport
import Testing

@testable import HyperoQuery

@Suite struct ShowCommandTests {
    private func fixture() throws -> Fixture {
        let fixture = try Fixture()
        let battery = fixture.battery("RNN", version: 3, description: "fixed bug")
        fixture.experiment(
            "k3v9x2mq7d-17", of: battery, maxima: ["train": "0.99", "valid": "0.875", "other": "-inf"], epoch: 2,
            params: ["bs": "64", "lr": "0.0031622776601683794"], meta: ["dataset": "mnist"],
            more: [
                "host": "node17", "pid": "4711", "seed": "18446744073709551615", "reason": "time is up",
                "stop": "rung 9: 14th of 31, halving keeps 10", "epochs": "3",
                "nonfinite": "2",
            ], curve: [1: "train=0.5 valid=0.25", 2: "train=0.99 valid=0.875 other=-inf", 3: "train=nan valid=0.5"])
        fixture.experiment("k3v9x2mq7d-1", of: battery)
        try fixture.commit()
        return fixture
    }

    @Test(arguments: ["k3v9x2mq7d-17"])
    func `The table of show has all values of an experiment`(id: String) throws {
        #expect(
            try fixture().output(["show", id]) == """
                k3v9x2mq7d-17  done

                battery    RNN, version 3: fixed bug
                rank       1st of 1 by valid
                host       node17 (pid 4711)
                seed       18446744073709551615
                started    2025-11-23 12:00:00
                updated    2025-11-23 12:12:34
                duration   12 min 34 s
                reason     time is up
                stop       rung 9: 14th of 31, halving keeps 10
                epochs     3
                nonfinite  2 values were nan or infinite

                maxima at epoch 2
                train  0.99
                valid  0.875
                other  -inf

                params
                bs  64
                lr  0.0031622776601683794

                meta
                dataset  mnist

                learning curves
                channel  first  last  lowest  highest
                train     0.5    nan    0.5     0.99
                valid     0.25   0.5    0.25    0.875
                other     -inf  -inf       -        -

                """)
    }

    @Test func `Names that are equal in Swift but differ in bytes are separate names`() throws {
        // One scalar, and a letter with a combining accent.
        let (one, two) = ("\u{E9}", "e\u{301}")
        let fixture = try Fixture()
        let battery = fixture.battery(one)
        let other = fixture.battery(two)
        fixture.experiment(
            "a-1", of: battery, maxima: ["valid": "1", one: "2", two: "3"], params: [:], curve: [1: "\(one)=2 \(two)=3"]
        )
        fixture.experiment("b-1", of: other, maxima: ["valid": "4"])
        for name in [one, two] {
            fixture.write(
                "HSET", try fixture.keyspaces[0].experiment(#require(ExperimentID("a-1"))), "param.\(name)", name)
        }
        try fixture.commit()
        let shown = try fixture.output(["show", "a-1", "--format", "json"])
        for name in [one, two] {
            #expect(Array(shown.utf8).contains(Array("\"\(name)\":\"\(name)\"".utf8)))
            #expect(try fixture.output(["rank", name, "--format", "json"]).split(separator: "\n").count == 1)
        }
        #expect(Array(shown.utf8).contains(Array("\"\(one)\":2".utf8)))
        #expect(Array(shown.utf8).contains(Array("\"\(two)\":3".utf8)))
    }

    @Test func `The error for an unknown id suggests the most similar ids`() throws {
        let outcome = try fixture().query("show", "k3v9x2mq7d-2")
        #expect(outcome.ending == .exited(3))
        #expect(outcome.stderr.contains("Did you mean 'k3v9x2mq7d-1' or 'k3v9x2mq7d-17'?"))
    }

    @Test func `The namespace is read from the environment`() throws {
        let fixture = try fixture()
        let outcome = try ChildProcess.run(
            "hypero-query", ["show", "k3v9x2mq7d-17", "--redis", fixture.server.url],
            environment: ["HYPERO_NAMESPACE": fixture.namespace])
        #expect(outcome.succeeded, "\(outcome.stderr)")
    }

    @Test func `The JSON of show has the learning curves as columns`() throws {
        let text = try fixture().output(["show", "k3v9x2mq7d-17", "--format", "json"])
        #expect(
            text.hasSuffix(
                "\"nonfinite\":2,\"removed_rows\":0,\"curves\":{\"epoch\":[1,2,3],\"channels\":{\"train\":[0.5,0.99,\"nan\"],"
                    + "\"valid\":[0.25,0.875,0.5],\"other\":[null,\"-inf\",null]}}}\n"))
        #expect(text.hasPrefix("{\"experiment\":\"k3v9x2mq7d-17\",\"battery\":\"rnn.v3."))
        #expect(text.contains("\"seed\":\"18446744073709551615\""))
    }

    @Test func `The CSV of show has the learning curves`() throws {
        #expect(
            try fixture().output(["show", "k3v9x2mq7d-17", "--format", "csv"])
                == "epoch,train,valid,other\r\n1,0.5,0.25,\r\n2,0.99,0.875,-inf\r\n3,nan,0.5,\r\n")
    }

    @Test func `An experiment is found by its complete id, or else by a unique prefix of the id`() throws {
        let fixture = try fixture()
        let store = try Store(fixture.server.url, namespace: fixture.namespace)
        #expect(try store.experiment("k3v9x2mq7d-1").id == "k3v9x2mq7d-1")
        #expect(try store.experiment("k3v9x2mq7d-17").id == "k3v9x2mq7d-17")
        #expect(throws: QueryError.self) { try store.experiment("k3v") }
        fixture.write("DEL", fixture.keyspaces[0].experiment(ExperimentID("k3v9x2mq7d-1")!))
        try fixture.commit()
        #expect(try store.experiment("k3").id == "k3v9x2mq7d-17")
        #expect(try store.experiment("k3").params.map(\.value) == [.integer(64), .number(0.0031622776601683794)])
    }

    @Test func `Learning curves are drawn on a terminal that can show Unicode`() throws {
        let fixture = try fixture()
        let record = try Store(fixture.server.url, namespace: fixture.namespace).experiment("k3v9x2mq7d-17")
        let drawn = record.text(as: .table, for: Display(isTerminal: true, width: 80))
        #expect(drawn.contains("valid     0.25   0.5    0.25    0.875\n"))
        #expect(drawn.contains("\n\nvalid\n1.00 ┤\n"))
        let narrow = record.text(as: .table, for: Display(isTerminal: true, width: 50, isUnicode: true))
        #expect(narrow.contains("1.00 ┤"))
        let plain = record.text(as: .table, for: Display(isTerminal: true, width: 80, isUnicode: false))
        #expect(!plain.contains("█") && plain.contains("1.00 +"))
    }

    /// An experiment whose program stated the maxima of `valid`, and whose best row is that of epoch 3.
    private func stated(_ stated: String, epoch: String, maxima: KeyValuePairs<String, String>, source: String = "both")
        throws -> Fixture
    {
        let fixture = try Fixture()
        let battery = fixture.battery("sweep")
        fixture.experiment(
            "e-1", of: battery, maxima: maxima, epoch: nil,
            more: ["max.stated": stated, "max.epoch": epoch, "max.source": source],
            curve: [
                1: "valid=0.1 test=0.71", 2: "valid=0.2 test=0.72", 3: "valid=0.3 test=0.73", 4: "valid=0.3 test=0.74",
            ])
        try fixture.commit()
        return fixture
    }

    @Test(arguments: [
        // No row has the stated epoch: the others are those of the best row.
        (
            "epoch=10 valid=0.9", "10", "0.73",
            "maxima at epoch 3\nvalid  0.9, set by the program at epoch 10\ntest   0.73\n",
            #""epoch":10,"source":"both","curve_epoch":3,"stated_epoch":10,"stated":["valid"],"#
        ),
        (
            "epoch=2 valid=0.9", "2", "0.72",
            "maxima at epoch 2\nvalid  0.9, set by the program at epoch 2\ntest   0.72\n",
            #""epoch":2,"source":"both","curve_epoch":2,"stated_epoch":2,"stated":["valid"],"#
        ),
        (
            "valid=0.9", "3", "0.73", "maxima at epoch 3\nvalid  0.9, set by the program\ntest   0.73\n",
            #""epoch":3,"source":"both","curve_epoch":3,"stated_epoch":null,"stated":["valid"],"#
        ),
    ])
    func `Maxima that the program set are told from those of the curves, each with its epoch`(
        statement: String, epoch: String, test: String, table: String, json: String
    ) throws {
        let fixture = try stated(statement, epoch: epoch, maxima: ["valid": "0.9", "test": "\(test)"])
        let shown = try fixture.output(["show", "e-1"])
        #expect(shown.contains("\n\(table)"), "\(shown)")
        #expect(try fixture.output(["show", "e-1", "--format", "json"]).contains(json))
    }

    @Test func `Maxima that the program set all are shown at its epoch`() throws {
        let fixture = try stated("epoch=10 valid=0.9", epoch: "10", maxima: ["valid": "0.9"], source: "user")
        #expect(try fixture.output(["show", "e-1"]).contains("\nmaxima at epoch 10, set by the program\nvalid  0.9\n"))
        #expect(
            try fixture.output(["show", "e-1", "--format", "json"]).contains(
                #""epoch":10,"source":"user","curve_epoch":null,"stated_epoch":10,"stated":["valid"],"#))
    }

    @Test(arguments: [(60_000, true), (-60_000, false)])
    func `Rows that were removed before the battery was declared again may have had better values`(
        created: Int64, isWarned: Bool
    ) throws {
        let fixture = try Fixture()
        let battery = fixture.battery("net", more: ["created": "\(Fixture.noon + created)"])
        fixture.experiment(
            "e-1", of: battery, maxima: ["valid": "0.5"], more: ["thinned": "9 7 7 - \(Fixture.noon + 1_000)"],
            curve: [7: "valid=0.5", 9: "valid=0.4"])
        try fixture.commit()
        let shown = try fixture.query("show", "e-1")
        let warning = "rows of the learning curves were removed before the battery was declared again"
        #expect((shown.stdout + shown.stderr).contains(warning) == isWarned, "\(shown)")
    }
}
