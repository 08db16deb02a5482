import Foundation
import HyperoSchema
import TestSupport
import Testing

@testable import HyperoQuery

@Suite struct CurvesCommandTests {
    /// Two versions of a battery, an experiment that diverges, and one without curves.
    private func fixture(partitions: Int = 1) throws -> Fixture {
        let fixture = try Fixture(partitions: partitions)
        let first = fixture.battery("sweep", version: 1)
        let second = fixture.battery("sweep", version: 2)
        func curve(_ scale: Double, nanFrom: Int = .max) -> [Int: String] {
            Dictionary(
                uniqueKeysWithValues: (1...20).map { epoch in
                    let value = epoch < nanFrom ? "\(scale - scale / Double(epoch + 1))" : "nan"
                    return (epoch, "train=\(epoch) valid=\(value)")
                })
        }
        fixture.experiment(
            "aaaaaaaaaa-1", of: first, maxima: ["train": "20", "valid": "0.9"], epoch: 20,
            params: ["lr": "0.1", "bs": "64", "opt": "adam"], curve: curve(0.95))
        fixture.experiment(
            "aaaaaaaaaa-2", of: second, maxima: ["train": "20", "valid": "0.7619047619047619"], epoch: 20,
            params: ["lr": "0.012345678901234", "bs": "64"], curve: curve(0.8))
        fixture.experiment(
            "bbbbbbbbbb-1", of: second, maxima: ["train": "10", "valid": "0.5"], epoch: 10,
            params: ["lr": "1", "bs": "64", "opt": "sgd"], status: "failed", curve: curve(0.55, nanFrom: 11))
        fixture.experiment("cccccccccc-1", of: second, params: ["bs": "64"], status: "stopped")
        try fixture.commit()
        return fixture
    }

    @Test(arguments: [1, 3])
    func `Curves of the best experiments have the ranks of the ranking`(partitions: Int) throws {
        let drawn = try fixture(partitions: partitions).output([
            "curves", "--top", "5", "sweep", "--marker", "braille", "--width", "80", "--height", "8",
        ])
        #expect(try drawn == GoldenText.of("curves-80", actual: drawn))
    }

    @Test func `A comparison has the differing hyper-parameters, the maxima and the curves`() throws {
        let text = try fixture().output([
            "compare", "aaaaaaaaaa-1", "b", "aaaaaaaaaa-2", "--marker", "braille", "--width", "80", "--height", "6",
        ])
        #expect(try text == GoldenText.of("compare-80", actual: text))
    }

    @Test func `Experiments that do not fit side by side are rows of the comparison`() throws {
        let fixture = try fixture()
        let set = try fixture.store().curves(of: ["aaaaaaaaaa-1", "aaaaaaaaaa-2", "bbbbbbbbbb-1"])
        let report = ComparisonReport(CurveCharts(set, height: 4))
        for width in [40, 160] {
            let text = report.text(as: .table, for: Display(isTerminal: true, width: width), now: Fixture.noon)
            #expect(try text == GoldenText.of("compare-\(width)", actual: text))
        }
    }

    @Test func `CSV and JSON of curves have a row per value`() throws {
        let fixture = try fixture()
        let csv = try fixture.output([
            "curves", "b", "--channel", "valid", "--channel", "train", "--format", "csv", "--smooth", "0.9",
        ]).split(separator: "\r\n")
        #expect(csv.count == 41)
        #expect(csv[0] == "experiment,epoch,channel,value")
        #expect(csv[20] == "bbbbbbbbbb-1,20,valid,nan")
        #expect(csv[21] == "bbbbbbbbbb-1,1,train,1")
        let json = try fixture.output(["curves", "b", "--format", "json"]).split(separator: "\n")
        #expect(json.count == 20)
        #expect(json[19] == #"{"experiment":"bbbbbbbbbb-1","epoch":20,"channel":"valid","value":"nan"}"#)
    }

    @Test func `JSON and CSV of a comparison have an experiment per line`() throws {
        let fixture = try fixture()
        let json = try fixture.output(["compare", "--top", "2", "sweep", "--format", "json"]).split(separator: "\n")
        #expect(json.count == 2)
        #expect(
            json[0].hasPrefix(
                #"{"experiment":"aaaaaaaaaa-1","rank":1,"battery":"sweep.v1."#))
        #expect(
            json[0].hasSuffix(
                #""name":"sweep","version":1,"objective":"valid","status":"done","started":1763899200000,"duration":754000,"#
                    + #""epochs":null,"epoch":20,"maxima":{"train":20,"valid":0.9},"#
                    + #""params":{"bs":64,"lr":0.1,"opt":"adam"},"differing":["lr","opt"]}"#))
        let csv = try fixture.output(["compare", "--top", "2", "sweep", "--format", "csv"]).split(separator: "\r\n")
        #expect(
            csv[0]
                == "experiment,rank,battery,name,version,objective,status,duration,epochs,epoch,max.train,max.valid,"
                + "param.lr,param.opt")
        #expect(csv[2].hasSuffix(",sweep,2,valid,done,754000,,20,20,0.7619047619047619,0.012345678901234,"))
    }

    @Test func `The rank of show is that of all versions, and several experiments are shown`() throws {
        let fixture = try fixture(partitions: 3)
        let text = try fixture.output(["show", "aaaaaaaaaa-2", "bbbb", "c"])
        #expect(text.contains("rank      2nd of 3 by valid, versions 1, 2\n"))
        #expect(text.contains("rank      3rd of 3 by valid, versions 1, 2\n"))
        #expect(text.contains("\n\n\nbbbbbbbbbb-1  failed\n"))
        #expect(text.contains("cccccccccc-1  stopped\n"))
        let json = try fixture.output(["show", "aaaaaaaaaa-2", "c", "--format", "json"]).split(separator: "\n")
        #expect(json[0].contains(#""objective":"valid","rank":2,"ranked":3,"status":"done""#))
        #expect(json[1].contains(#""rank":null,"ranked":null"#))
        let csv = try fixture.output(["show", "aaaaaaaaaa-2", "b", "--format", "csv"]).split(separator: "\r\n")
        #expect(csv.count == 41)
        #expect(csv[0] == "experiment,epoch,train,valid")
        #expect(csv[40] == "bbbbbbbbbb-1,20,20,nan")
    }

    @Test func `SVG replaces the file whole, or leaves it as it is`() throws {
        let fixture = try fixture()
        let folder = try TemporaryFolder()
        let file = "\(folder.path)/curves.svg"
        try Data("before".utf8).write(to: URL(fileURLWithPath: file))
        #expect(try fixture.output(["curves", "--top", "2", "sweep", "--svg", file]) == "")
        let svg = try String(contentsOfFile: file, encoding: .utf8)
        #expect(svg.hasPrefix("<svg xmlns=\"http://www.w3.org/2000/svg\"") && svg.hasSuffix("</svg>\n"))
        #expect(svg.contains("1 aaaaaaaaaa-1") && svg.contains("2 aaaaaaaaaa-2"))
        #expect(try FileManager.default.contentsOfDirectory(atPath: folder.path) == ["curves.svg"])
        #expect(try fixture.output(["curves", "b", "--svg", "-"]).hasSuffix("</svg>\n"))
        let missing = try fixture.query("curves", "b", "--svg", "\(folder.path)/none/a.svg")
        #expect(missing.ending == .exited(1))
        #expect(
            missing.stderr == "hypero-query: cannot write \(folder.path)/none/a.svg: its folder does not exist\n")
        let full = try fixture.query("curves", "b", "--svg", "/dev/full")
        #expect(full.ending == .exited(1))
        #expect(full.stderr.contains("No space left on device"))
    }

    @Test(
        arguments: [
            (["curves", "a"], 3, "experiment is ambiguous: 'a', a prefix of aaaaaaaaaa-1, aaaaaaaaaa-2\n"),
            (["compare", "b", "a"], 3, "experiment is ambiguous: 'a', a prefix of aaaaaaaaaa-1, aaaaaaaaaa-2\n"),
            (["show", "b", "zz"], 3, "experiment not found: 'zz', no id has this prefix."),
            (["curves", "b", "--channel", "vaild"], 3, "channel not found: 'vaild'. Did you mean 'valid'?\n"),
            (["curves", "b", "--x", "time"], 64, "--x time is not possible: the rows of learning curves have epochs"),
            (["curves", "b", "--smooth", "1"], 64, "--smooth must be from 0 to below 1, for example 0.9, not 1.0"),
            (["curves", "b", "--marker", "dots"], 64, "--marker must be one of braille, block, ascii, not 'dots'"),
            (["curves", "b", "--width", "5"], 64, "--width must be between 16 and 1000, not 5"),
            (["curves", "b", "--height", "999"], 64, "--height must be between 4 and 200, not 999"),
            (["curves", "--top", "0", "sweep"], 64, "--top must be between 1 and 1000, not 0"),
            (["curves", "--top", "2", "two", "words"], 64, "--top needs one battery, not 2."),
            (["curves", "b", "--version", "1"], 64, "--version needs --top\n"),
            (["curves", "b", "--by", "valid"], 64, "--by needs --top\n"),
            (["curves", "b", "--svg", "x", "--format", "csv"], 64, "--svg and --format must not be combined\n"),
            (["compare", "b"], 64, "compare needs at least two experiments, or --top with a battery\n"),
            (["curves", "B"], 3, "experiment not found: 'B', an id must have 1 to 64 characters"),
            (["curves", "--top", "2", "swep"], 3, "battery not found: 'swep'. Did you mean 'sweep'?\n"),
        ] as [([String], Int32, String)])
    func `Mistakes have their messages and exit statuses`(arguments: [String], status: Int32, message: String) throws {
        let outcome = try fixture().query(arguments[0], Array(arguments.dropFirst()))
        #expect(outcome.ending == .exited(status))
        #expect(outcome.stderr.hasPrefix("hypero-query: \(message)"), "\(outcome.stderr)")
        #expect(outcome.stdout == "")
    }

    @Test func `Experiments without values are named, and an empty battery has no chart`() throws {
        let fixture = try fixture()
        fixture.battery("empty")
        try fixture.commit()
        #expect(
            try fixture.output(["curves", "c"])
                == "valid of no experiment\nno values\n\nno values of 'valid' in the learning curves of cccccccccc-1\n")
        #expect(try fixture.output(["curves", "--top", "3", "empty"]) == "\nno experiment of 'empty' is ranked\n")
        #expect(try fixture.output(["compare", "--top", "3", "empty"]) == "\nno experiment of 'empty' is ranked\n")
    }

    @Test func `Without colours at most four curves are drawn, unless all are requested`() throws {
        let fixture = try Fixture()
        let battery = fixture.battery("many")
        for number in 1...6 {
            fixture.experiment(
                "a-\(number)", of: battery, maxima: ["valid": "0.\(number)"],
                curve: [1: "valid=0", 2: "valid=0.\(number)"])
        }
        try fixture.commit()
        let four = try fixture.output(["curves", "--top", "6", "many", "--width", "100"])
        #expect(
            four.hasSuffix(
                "2 curves not drawn, because more than 4 need colours: a-2, a-1. --all draws all, --color always in "
                    + "colours\n"))
        #expect(!four.contains("6 a-1"))
        #expect(try fixture.output(["curves", "--top", "6", "many", "--all"]).contains("6 a-1"))
        #expect(try fixture.output(["curves", "--top", "6", "many", "--color", "always"]).contains("6 a-1"))
    }

    @Test func `A comparison of 10,000 hyper-parameters and of odd names is bounded and escaped`() throws {
        let fixture = try Fixture()
        let battery = fixture.battery("odd", objective: "\u{202E}ש\u{1B}[2J")
        for id in ["a-1", "a-2"] {
            fixture.experiment(
                id, of: battery, maxima: ["\u{202E}ש\u{1B}[2J": "1"], params: ["\u{7}日本": id],
                curve: [1: "\(JSON.quoted("\u{202E}ש\u{1B}[2J"))=1", 2: "\(JSON.quoted("\u{202E}ש\u{1B}[2J"))=2"])
            let key = try fixture.keyspaces[0].experiment(#require(ExperimentID(id)))
            fixture.write(["HSET", key] + (1...10_000).flatMap { ["param.p\($0)", "\"\(id) \($0)\""] })
        }
        try fixture.commit()
        let text = try fixture.output(["compare", "a-1", "a-2"])
        #expect(text.split(separator: "\n").count < 100)
        #expect(text.contains("9961 further differing hyper-parameters: JSON and CSV have all"))
        #expect(!text.unicodeScalars.contains { $0.value < 0x20 && $0 != "\n" || $0.value == 0x202E })
        let csv = try fixture.output(["compare", "a-1", "a-2", "--format", "csv"])
        #expect(csv.prefix { $0 != "\r\n" }.split(separator: ",").count == 10 + 1 + 10_001)
    }

    @Test func `Keys of wrong types are warnings, and the other curves are drawn`() throws {
        let fixture = try fixture()
        let id = try #require(ExperimentID("bbbbbbbbbb-1"))
        fixture.write("DEL", fixture.keyspaces[0].curve(of: id))
        fixture.write("SET", fixture.keyspaces[0].curve(of: id), "x")
        try fixture.commit()
        let outcome = try fixture.query("curves", "aaaaaaaaaa-1", "bbbbbbbbbb-1")
        #expect(outcome.succeeded)
        #expect(outcome.stderr.contains("holds a value of another type and is left out"))
        #expect(outcome.stdout.hasPrefix("valid of aaaaaaaaaa-1, epochs 1 to 20\n"))
        #expect(outcome.stdout.hasSuffix("\nno values of 'valid' in the learning curves of bbbbbbbbbb-1\n"))
    }

    @Test func `Several experiments cost as many round trips as one`() throws {
        let fixture = try fixture()
        let store = try Store(fixture.server.url, namespace: fixture.namespace)
        _ = try store.experiments(withIDs: ["aaaaaaaaaa-1", "aaaaaaaaaa-2", "bbbbbbbbbb-1", "cccccccccc-1"])
        #expect(store.roundTrips == 3)
        #expect(throws: QueryError.self) { try store.experiments(withIDs: []) }
        #expect(throws: QueryError.self) {
            try store.experiments(withIDs: (0...1_000).map { "a-\($0)" })
        }
        #expect(try store.experiments(withIDs: ["b", "bbbbbbbbbb-1", "bb"]).map(\.id) == ["bbbbbbbbbb-1"])
    }
}
