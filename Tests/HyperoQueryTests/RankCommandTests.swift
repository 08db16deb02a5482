import HyperoSchema
import TestSupport
import Testing

@Suite struct RankCommandTests {
    @Test func `The table of rank shows all versions together with the best value first`() throws {
        let text = try Fixture.digits().output(["rank", "Digits"])
        #expect(
            text == """
                Digits, versions 1, 2: best first by valid (highest, the objective), 4 of 5 ranked

                #  experiment    version   valid  epoch  status                 lr  lr decay  layers    saturate  test  train
                1  bbbbbbbbbb-1        2  0.9375      –  running (now)         0.1  adaptive  –         true      0.93   0.99
                2  cccccccccc-1        2  0.9         7  done                1e-05  –         –         –            –      –
                2  aaaaaaaaaa-1        1  0.9        17  done                 0.01  linear    [64,128]  –         0.89   0.95
                4  aaaaaaaaaa-2        1  0.25        3  failed         0.00316228  0.8       –         –          nan   0.5

                1 of 5 experiments has no finite 'valid' and no rank. List with hypero-query experiments Digits --unranked

                """)
    }

    @Test func `The JSON of rank has one object per line with the keys of the contract in order`() throws {
        let fixture = try Fixture.digits()
        let text = try fixture.output(["rank", "Digits", "--format", "json"])
        #expect(
            text == """
                {"rank":1,"experiment":"bbbbbbbbbb-1","battery":"digits.v2.d44c3f17","name":"Digits","version":2,\
                "value":0.9375,"status":"running","epoch":null,"last_seen":4102444800000,"maxima":{"train":0.99,"valid":0.9375,"test":0.93},\
                "params":{"lr":0.1,"lr decay":"adaptive","saturate":true},"meta":{}}
                {"rank":2,"experiment":"cccccccccc-1","battery":"digits.v2.d44c3f17","name":"Digits","version":2,\
                "value":0.9,"status":"done","epoch":7,"last_seen":1763899954000,"maxima":{"valid":0.9},"params":{"lr":1e-05},"meta":{}}
                {"rank":2,"experiment":"aaaaaaaaaa-1","battery":"digits.v1.41de1b9f","name":"Digits","version":1,\
                "value":0.9,"status":"done","epoch":17,"last_seen":1763899954000,"maxima":{"train":0.95,"valid":0.9,"test":0.89},\
                "params":{"layers":[64,128],"lr":0.01,"lr decay":"linear"},"meta":{"dataset":"mnist, \\"small\\""}}
                {"rank":4,"experiment":"aaaaaaaaaa-2","battery":"digits.v1.41de1b9f","name":"Digits","version":1,\
                "value":0.25,"status":"failed","epoch":3,"last_seen":1763899954000,"maxima":{"train":0.5,"valid":0.25,"test":"nan"},\
                "params":{"lr":0.0031622776601683794,"lr decay":"0.8"},"meta":{}}

                """)
    }

    @Test func `The CSV of rank is quoted as in RFC 4180 and names the fields with their prefixes`() throws {
        let text = try Fixture.digits().output(["rank", "Digits", "--version", "1", "--format", "csv"])
        #expect(
            text
                == [
                    "rank,experiment,battery,name,version,value,status,epoch,last_seen,max.train,max.valid,max.test,param.layers,"
                        + "param.lr,param.lr decay,meta.dataset",
                    "1,aaaaaaaaaa-1,digits.v1.41de1b9f,Digits,1,0.9,done,17,1763899954000,0.95,0.9,0.89,\"[64,128]\",0.01,linear,"
                        + "\"mnist, \"\"small\"\"\"",
                    "2,aaaaaaaaaa-2,digits.v1.41de1b9f,Digits,1,0.25,failed,3,1763899954000,0.5,0.25,nan,,0.0031622776601683794,"
                        + "0.8,",
                    "",
                ].joined(separator: "\r\n"))
    }

    @Test func `Columns are selected with or without prefix and keep the requested order`() throws {
        let fixture = try Fixture.digits()
        let text = try fixture.output([
            "rank", "Digits", "--limit", "2", "--columns", "max.test, lr,host,dataset,status,updated",
        ])
        #expect(
            text == """
                Digits, versions 1, 2: best first by valid (highest, the objective), 4 of 5 ranked

                #  experiment    version   valid  test     lr  host    dataset  status                     updated
                1  bbbbbbbbbb-1        2  0.9375  0.93    0.1  node17  –        running (now)  2100-01-01 00:00:00
                2  cccccccccc-1        2  0.9        –  1e-05  –       –        done           2025-11-23 12:12:34
                4 ranked experiments (2 shown), 10 columns

                1 of 5 experiments has no finite 'valid' and no rank. List with hypero-query experiments Digits --unranked

                """)
    }

    @Test(arguments: [
        ([], "by loss (lowest, the objective)", ["a-2", "a-1", "a-3"]),
        (["--descending"], "highest loss first", ["a-3", "a-1", "a-2"]),
        (["--ascending"], "lowest loss first", ["a-2", "a-1", "a-3"]),
        (["--by", "valid"], "highest valid first (no direction is declared)", ["a-1", "a-3"]),
        (["--by", "valid", "--ascending"], "lowest valid first", ["a-3", "a-1"]),
    ])
    func `A ranking is ordered by the battery's direction or as requested`(
        options: [String], header: String, ids: [String]
    ) throws {
        let fixture = try Fixture()
        let battery = fixture.battery("net", objective: "loss", direction: .min)
        fixture.experiment("a-1", of: battery, maxima: ["loss": "0", "valid": "0.5"])
        fixture.experiment("a-2", of: battery, maxima: ["loss": "-1.5", "valid": "inf"])
        fixture.experiment("a-3", of: battery, maxima: ["loss": "1e300", "valid": "0.25"])
        try fixture.commit()
        #expect(try fixture.output(["rank", "net"] + options).contains(header))
        let lines = try fixture.output(["rank", "net", "--format", "csv"] + options).split(whereSeparator: \.isNewline)
        #expect(lines.dropFirst().map { $0.split(separator: ",")[1] } == ids.map { $0[...] })
    }

    @Test(arguments: ["table", "json", "csv"])
    func `An empty ranking is a result and not an error`(format: String) throws {
        let fixture = try Fixture()
        fixture.battery("young")
        try fixture.commit()
        let text = try fixture.output(["rank", "young", "--format", format])
        switch format {
        case "table":
            #expect(
                text == """
                    young, version 1: best first by valid (highest, the objective), 0 of 0 ranked

                    the battery has no experiments: none has started yet, or all were deleted

                    """)
        case "json": #expect(text == "")
        default: #expect(text == "rank,experiment,battery,name,version,value,status,epoch,last_seen\r\n")
        }
    }

    @Test func `A battery is found by its id, and its name may contain any character`() throws {
        let fixture = try Fixture()
        let name = "päßword 日本語 \u{1B}[31m\u{202E}"
        let shown = "päßword 日本語 \\x1b[31m\\u{202e}"
        let battery = fixture.battery(name)
        fixture.experiment("a-1", of: battery, maxima: ["valid": "1"], params: ["größe": "é\u{7}"])
        try fixture.commit()
        let text = try fixture.output(["rank", battery.text])
        #expect(text == (try fixture.output(["rank", name])))
        #expect(
            text == """
                \(shown), version 1: best first by valid (highest, the objective), 1 of 1 ranked

                #  experiment  valid  epoch  status  größe
                1  a-1             1      7  done    é\\x07

                """)
    }

    @Test func `The JSON of rank warns of requested columns that it has no key for`() throws {
        let outcome = try Fixture.digits().query(
            "rank", "Digits", "--format", "json", "--columns", "lr,host", "--limit", "1")
        #expect(outcome.succeeded)
        #expect(
            outcome.stderr.hasPrefix(
                "hypero-query: columns not in JSON: host, its objects have only maxima, params and meta. "
                    + "Use --format table or --format csv\nhypero-query: note: "))
        #expect(outcome.stdout.hasSuffix("\"maxima\":{},\"params\":{\"lr\":0.1},\"meta\":{}}\n"))
    }
}
