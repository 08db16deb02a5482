import HyperoSchema
import TestSupport
import Testing

@testable import HyperoQuery

/// Values are shown as they are.
@Suite struct ValueTests {
    @Test(
        arguments: [
            ([1, 0.9999999, 0.9999998], ["1", "0.9999999", "0.9999998"]),
            ([0.12345678, 0.12345679, 0.5], ["0.12345678", "0.12345679", "0.5"]),
            ([0.123456789, 0.5], ["0.123457", "0.5"]),
            ([99.99999999, 0], ["99.99999999", "0"]), ([1e-9, 0], ["1e-09", "0"]),
            ([0.1 + 0.2, 0.3], ["0.30000000000000004", "0.3"]),
            ([0.1234567, 0.1234567], ["0.123457", "0.123457"]),
            ([.nan, .nan, .infinity], ["nan", "nan", "inf"]),
            ([123_456_789_012, 1_234_567.25], ["123456789012", "1234567.25"]),
        ] as [([Double], [String])])
    func `Different numbers of a column look different, and no fraction is rounded to a whole number`(
        values: [Double], texts: [String]
    ) {
        #expect(numberTexts(values) == texts)
    }

    @Test func `Different numbers of any column look different`() {
        var generator = SystemRandomNumberGenerator()
        for _ in 0..<200 {
            let base = Double.random(in: 0.9...1, using: &generator)
            var values = [base]
            for _ in 0..<30 { values.append(values.last! + values.last!.ulp * Double(1 << Int.random(in: 0...40))) }
            #expect(Set(numberTexts(values)).count == Set(values).count)
        }
    }

    private func fixture() throws -> Fixture {
        let fixture = try Fixture()
        let battery = fixture.battery("sweep")
        fixture.experiment(
            "a-1", of: battery, maxima: ["valid": "0.9999999"],
            params: [
                "data_seed": "10451216379200822465", "bs": "\"32\"", "tag": "1e5", "release": "1.10", "lr": "0.1",
            ], meta: ["commit": "4710e99", "day": "20251123.0123456789"])
        fixture.experiment(
            "b-1", of: battery, maxima: ["valid": "0.9999998"],
            params: ["data_seed": "-99999999999999999999", "bs": "64", "tag": "word", "lr": "0.1000000012345"],
            meta: ["commit": "=1+2", "day": "-0.5"])
        try fixture.commit()
        return fixture
    }

    @Test func `Integers keep their digits, and text that looks like a number is shown as written`() throws {
        let fixture = try fixture()
        #expect(
            try fixture.output([
                "rank", "sweep", "--columns", "data_seed,bs,tag,release,lr,commit,day",
            ]) == """
                sweep, version 1: best first by valid (highest, the objective), 2 of 2 ranked

                #  experiment      valid              data_seed  bs  tag   release           lr  commit                   day
                1  a-1         0.9999999   10451216379200822465  32  1e5      1.10  0.1          4710e99  20251123.0123456789
                2  b-1         0.9999998  -99999999999999999999  64  word        –  0.100000001  =1+2           -0.5

                """)
        let shown = try fixture.output(["show", "b-1"])
        #expect(shown.contains("lr         0.1000000012345\n") && shown.contains("-99999999999999999999\n"))
    }

    @Test func `CSV has values without the quotes of JSON, and JSON has the values`() throws {
        let fixture = try fixture()
        let options = ["--columns", "bs,data_seed", "--format"]
        let csv = try fixture.output(["rank", "sweep"] + options + ["csv"]).split(whereSeparator: \.isNewline)
        #expect(csv[1].hasSuffix(",32,10451216379200822465") && csv[2].hasSuffix(",64,-99999999999999999999"))
        let json = try fixture.output(["rank", "sweep"] + options + ["json"]).split(separator: "\n")
        #expect(json[0].hasSuffix(#""params":{"bs":"32","data_seed":10451216379200822465},"meta":{}}"#))
    }

    @Test func `A CSV for spreadsheets has no formulas, and numbers are unchanged`() throws {
        let fixture = try fixture()
        let arguments = ["rank", "sweep", "--format", "csv", "--columns", "commit,day,data_seed"]
        let plain = try fixture.output(arguments)
        #expect(plain.contains(",=1+2,-0.5,-99999999999999999999\r\n"))
        #expect(
            try fixture.output(arguments + ["--excel"]) == "\u{FEFF}" + plain.replacing(",=1+2,", with: ",'=1+2,"))
        let outcome = try fixture.query("rank", "sweep", "--excel")
        #expect(outcome.ending == .exited(64) && outcome.stderr.contains("--excel needs --format csv"))
        var page = Page(Display(), now: 0, escapes: false, guardsFormulas: true)
        CSV.write(["=a", "+1", "+a", "-inf", "-1", "-", "@x", "\tx", "a=b", nil], to: &page)
        #expect(page.text == "'=a,'+1,'+a,'-inf,-1,'-,'@x,'\tx,a=b,\r\n")
    }

    @Test func `Whole numbers above 2^53 keep the stored digits in all results of channels`() throws {
        let fixture = try Fixture()
        // 2^53 + 1, which no double has.
        let digits = "9007199254740993"
        let battery = fixture.battery("sweep", objective: "tokens")
        fixture.experiment(
            "a-1", of: battery, maxima: ["tokens": "\(digits)", "loss": "0.50"], epoch: 1, params: ["lr": "1"],
            curve: [1: "tokens=\(digits) loss=0.50 other=\(digits)"])
        try fixture.commit()
        let show = ["show", "a-1"]
        let curves = "epoch,loss,other,tokens\r\n1,0.50,\(digits),\(digits)\r\n"
        #expect(try fixture.output(show + ["--format", "csv"]) == curves)
        let json = try fixture.output(show + ["--format", "json"])
        #expect(json.contains(#""maxima":{"loss":0.50,"tokens":9007199254740993}"#))
        #expect(json.contains(#""channels":{"loss":[0.50],"other":[9007199254740993],"tokens":[9007199254740993]}"#))
        let table = try fixture.output(show)
        #expect(
            table.contains("\ntokens  \(digits)\n") && table.contains("\nother    \(digits)    \(digits)"), "\(table)")
        for command in [
            ["rank", "sweep"], ["rank", "sweep", "--columns", "lr"], ["rank", "sweep", "--by", "other"],
            ["experiments", "sweep"], ["experiments", "sweep", "--columns", "lr"],
        ] {
            #expect(try fixture.output(command).contains(" \(digits)"), "\(command)")
            #expect(try fixture.output(command + ["--format", "csv"]).contains(",\(digits),"), "\(command)")
            let objects = try fixture.output(command + ["--format", "json"])
            #expect(objects.contains(#""value":9007199254740993,"#), "\(command)")
        }
        // A stored value that is not the score is another one.
        let id = try #require(ExperimentID("a-1"))
        fixture.write("HSET", fixture.keyspaces[0].experiment(id), "max.tokens", "7")
        try fixture.commit()
        #expect(try fixture.store().leaderboard(of: "sweep").rows.map(\.value) == [9_007_199_254_740_992])
    }
}
