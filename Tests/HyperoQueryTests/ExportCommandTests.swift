import HyperoSchema
import TestSupport
import Testing

@Suite struct ExportCommandTests {
    /// The columns that every export has.
    static let own =
        "experiment,battery,name,version,status,reason,host,seed,attempt,started,last_seen,epochs,epoch,source"

    @Test func `The CSV of an export has all experiments in the order of time, with the columns of the contract`()
        throws
    {
        let text = try Fixture.digits().output(["export", "Digits"])
        #expect(
            text == """
                \(Self.own),max.train,max.valid,max.test,param.layers,param.lr,param.lr decay,param.saturate,meta.dataset
                aaaaaaaaaa-1,digits.v1.41de1b9f,Digits,1,done,,,,,2025-11-23T12:00:00.000Z,2025-11-23T12:12:34.000Z,,17,curve,\
                0.95,0.9,0.89,"[64,128]",0.01,linear,,"mnist, ""small""\"
                aaaaaaaaaa-2,digits.v1.41de1b9f,Digits,1,failed,,,,,2025-11-23T12:00:00.000Z,2025-11-23T12:12:34.000Z,,3,curve,\
                0.5,0.25,nan,,0.0031622776601683794,0.8,,
                bbbbbbbbbb-1,digits.v2.d44c3f17,Digits,2,running,,node17,,,2025-11-23T12:00:00.000Z,2100-01-01T00:00:00.000Z,,,,\
                0.99,0.9375,0.93,,0.1,adaptive,true,
                cccccccccc-1,digits.v2.d44c3f17,Digits,2,done,,,,,2025-11-23T12:00:00.000Z,2025-11-23T12:12:34.000Z,,7,curve,\
                ,0.9,,,1e-05,,,
                dddddddddd-1,digits.v2.d44c3f17,Digits,2,stopped,,,,,2025-11-23T12:00:00.000Z,2025-11-23T12:12:34.000Z,,,,\
                ,,,,,,,

                """)
    }

    @Test func `The JSON of an export has the columns of CSV as keys`() throws {
        let text = try Fixture.digits().output(["export", "Digits", "--version", "1", "--format", "jsonl"])
        #expect(
            text == """
                {"experiment":"aaaaaaaaaa-1","battery":"digits.v1.41de1b9f","name":"Digits","version":1,"status":"done",\
                "reason":null,"host":null,"seed":null,"attempt":null,"started":"2025-11-23T12:00:00.000Z",\
                "last_seen":"2025-11-23T12:12:34.000Z","epochs":null,"epoch":17,"source":"curve","max.train":0.95,\
                "max.valid":0.9,"max.test":0.89,"param.layers":[64,128],"param.lr":0.01,"param.lr decay":"linear",\
                "meta.dataset":"mnist, \\"small\\""}
                {"experiment":"aaaaaaaaaa-2","battery":"digits.v1.41de1b9f","name":"Digits","version":1,"status":"failed",\
                "reason":null,"host":null,"seed":null,"attempt":null,"started":"2025-11-23T12:00:00.000Z",\
                "last_seen":"2025-11-23T12:12:34.000Z","epochs":null,"epoch":3,"source":"curve","max.train":0.5,\
                "max.valid":0.25,"max.test":"nan","param.layers":null,"param.lr":0.0031622776601683794,"param.lr decay":"0.8",\
                "meta.dataset":null}

                """)
    }

    @Test func `The Markdown of an export escapes pipes`() throws {
        let fixture = try Fixture()
        let battery = fixture.battery("net")
        fixture.experiment("a-1", of: battery, params: ["a|b": "x|y\\z <b>", "n_w": "one\ntwo *[`"])
        try fixture.commit()
        let text = try fixture.output(["export", "net", "--format", "markdown", "--maxima", "", "--null", "-"])
        let lines = text.split(separator: "\n")
        #expect(lines[0].hasSuffix("| source | param.a\\|b | param.n\\_w |"))
        #expect(lines[1] == "|" + String(repeating: "---|", count: 16))
        #expect(lines[2].hasSuffix("| - | - | - | x\\|y\\\\z &lt;b> | one\\\\x0atwo \\*\\[\\` |"), "\(lines[2])")
        #expect(lines.count == 3)
    }

    @Test(arguments: [
        (["--params", "lr"], "param.lr"),
        (["--params", "saturate,param.lr"], "param.saturate,param.lr"),
        (["--params", "lr*"], "param.lr,param.lr decay"),
        (["--params", "l?"], "param.lr"),
        (["--params", "lr", "--params", "l*"], "param.lr,param.layers,param.lr decay"),
        (["--params", "", "--maxima", "test,max.*"], "max.test,max.train,max.valid"),
        (["--params", "\"lr decay\"", "--maxima", "valid"], "max.valid,param.lr decay"),
    ])
    func `Columns are selected by names and patterns and keep the requested order`(options: [String], columns: String)
        throws
    {
        var options = options
        if !options.contains("--maxima") { options += ["--maxima", ""] }
        let text = try Fixture.digits().output(["export", "Digits", "--metas", ""] + options)
        #expect(text.split(separator: "\n").first.map(String.init) == "\(Self.own),\(columns)")
    }

    @Test(arguments: ["csv", "tsv", "json", "markdown"])
    func `An export of a battery without experiments has its header, and a note`(format: String) throws {
        let fixture = try Fixture()
        fixture.battery("young")
        try fixture.commit()
        let outcome = try fixture.query("export", "young", "--format", format)
        #expect(outcome.succeeded)
        let names = Self.own.split(separator: ",")
        switch format {
        case "csv": #expect(outcome.stdout == Self.own + "\n")
        case "tsv": #expect(outcome.stdout == names.joined(separator: "\t") + "\n")
        case "json": #expect(outcome.stdout == "")
        default: #expect(outcome.stdout.hasPrefix("| experiment | battery |"))
        }
        #expect(
            outcome.stderr
                == "hypero-query: note: the battery has no experiments: none has started yet, or all were deleted\n")
    }

    @Test func `Cells that a spreadsheet would run are guarded, and an empty text differs from a missing one`() throws {
        let fixture = try Fixture()
        let battery = fixture.battery("net")
        fixture.experiment("a-1", of: battery, params: ["f": "=1+2", "empty": "", "n": "-0.5", "tab": "a\tb"])
        try fixture.commit()
        let options = ["export", "net", "--maxima", ""]
        let plain = try fixture.output(options)
        #expect(plain.hasSuffix(",\"\",=1+2,-0.5,a\tb\n"))
        let guarded = try fixture.output(options + ["--excel", "--crlf"])
        #expect(guarded.hasPrefix("\u{FEFF}experiment,"))
        #expect(guarded.hasSuffix(",\"\",'=1+2,-0.5,a\tb\r\n"))
        #expect(try fixture.output(options + ["--format", "tsv"]).hasSuffix("\t\"\"\t=1+2\t-0.5\t\"a\tb\"\n"))
        #expect(try fixture.output(options + ["--null", "NA"]).contains(",NA,NA,NA,NA,"))
        // The same guard for the tables of other commands.
        let rank = try fixture.output(["rank", "net", "--format", "csv", "--excel"])
        #expect(rank.hasPrefix("\u{FEFF}rank,"))
    }

    @Test func `Numbers are rounded to significant digits on request, and whole numbers and texts are not`() throws {
        let fixture = try Fixture()
        let battery = fixture.battery("net")
        fixture.experiment(
            "a-1", of: battery, maxima: ["valid": "0.123456789"],
            params: [
                "big": "12345678901234567890", "lr": "0.0000123456", "text": "\"0.123456\"", "huge": "1.23456e+300",
            ])
        try fixture.commit()
        let text = try fixture.output(["export", "net", "--precision", "3"])
        #expect(text.hasSuffix(",curve,0.123,12345678901234567890,1.23456e+300,1.23e-05,0.123456\n"), "\(text)")
    }

    @Test(arguments: [
        ("export net --curves --params lr", 64, "--curves has no columns of --params"),
        ("export net --wide", 64, "--wide needs --curves"),
        ("export net --format json --excel", 64, "--excel needs --format csv or --format tsv"),
        ("export net --format json --null -", 64, "--null needs --format csv, tsv or markdown"),
        ("export net --precision 0", 64, "--precision must be between 1 and 17, not 0"),
        ("export net --params lrr", 3, "column not found: 'lrr'. Did you mean 'lr'?"),
        ("export net --params valid", 3, "column not found: 'valid'. Available: 'lr'"),
        ("export net --order-by nothing", 3, "column not found: 'nothing'"),
        ("export net --version 7", 3, "version not found: 7, battery 'net' has 1"),
        ("export net --min-version 2", 3, "version not found: 2, battery 'net' has 1"),
        ("export nut", 3, "battery not found: 'nut'. Did you mean 'net'?"),
        ("export net --output /", 1, "cannot write /: it is a folder. Name a file in it"),
        ("export net --output /dev/full", 1, "cannot write /dev/full: No space left on device"),
        ("export net --output /nowhere/x.csv", 1, "cannot write /nowhere/x.csv: its folder does not exist"),
    ])
    func `A wrong request has a clear error`(line: String, status: Int32, message: String) throws {
        let fixture = try Fixture()
        let battery = fixture.battery("net")
        fixture.experiment("a-1", of: battery, maxima: ["valid": "1"], params: ["lr": "1"])
        try fixture.commit()
        let words = line.split(separator: " ").map(String.init)
        let outcome = try fixture.query(words[0], Array(words.dropFirst()))
        #expect(outcome.ending == .exited(status))
        #expect(outcome.stderr.contains(message), "\(outcome.stderr)")
        #expect(outcome.stdout == "")
    }

    @Test func `A pattern that matches nothing is a warning`() throws {
        let outcome = try Fixture.digits().query("export", "Digits", "--params", "x*", "--metas", "", "--maxima", "")
        #expect(outcome.succeeded && outcome.stdout.hasPrefix(Self.own + "\n"))
        #expect(outcome.stderr == "hypero-query: no hyper-parameter matches 'x*'\n")
    }

    @Test func `Only versions from the least one on are written`() throws {
        let text = try Fixture.digits().output(["export", "Digits", "--min-version", "2", "--format", "tsv"])
        #expect(
            text.split(separator: "\n").dropFirst().map { $0.prefix(10) } == ["bbbbbbbbbb", "cccccccccc", "dddddddddd"])
    }

    @Test func `Experiments of several partitions are merged in the order of time`() throws {
        let fixture = try Fixture.digits(partitions: 4)
        let text = try fixture.output(["export", "Digits"])
        let ids = text.split(separator: "\n").dropFirst().map { $0.split(separator: ",")[0] }
        #expect(ids == ["aaaaaaaaaa-1", "aaaaaaaaaa-2", "bbbbbbbbbb-1", "cccccccccc-1", "dddddddddd-1"])
    }
}
