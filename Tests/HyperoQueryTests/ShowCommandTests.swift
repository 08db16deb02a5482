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
                "host": "node17", "pid": "4711", "seed": "18446744073709551615", "reason": "time is up", "epochs": "3",
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
                host       node17 (pid 4711)
                seed       18446744073709551615
                started    2025-11-23 12:00:00
                updated    2025-11-23 12:12:34
                duration   12 min 34 s
                reason     time is up
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
                "\"nonfinite\":2,\"curves\":{\"epoch\":[1,2,3],\"channels\":{\"train\":[0.5,0.99,\"nan\"],"
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
        #expect(drawn.contains("valid     0.25   0.5    0.25    0.875  ▁█▄\n"))
        let plain = record.text(as: .table, for: Display(isTerminal: true, width: 80, isUnicode: false))
        #expect(!plain.contains("█"))
    }
}
