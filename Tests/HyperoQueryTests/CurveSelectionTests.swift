import HyperoSchema
import TestSupport
import Testing

@testable import HyperoQuery

@Suite struct CurveSelectionTests {
    private func fixture() throws -> Fixture {
        let fixture = try Fixture()
        let battery = fixture.battery("net", version: 2)
        for number in 1...2 {
            fixture.experiment(
                "a-\(number)", of: battery, maxima: ["valid": "\(number)", "test": "0.5"], params: ["lr": "0.1"],
                curve: [1: "valid=\(number) train=1", 2: "valid=0 train=2"])
        }
        try fixture.commit()
        return fixture
    }

    @Test(arguments: [
        (["valid,train"], ["valid", "train"]), (["*"], ["train", "valid"]), (["t*", "valid"], ["train", "valid"]),
        (["valid"], ["valid"]),
    ])
    func `Channels are chosen by lists and patterns`(options: [String], channels: [String]) throws {
        let arguments = ["curves", "a-1", "--format", "csv"] + options.flatMap { ["--channel", $0] }
        let rows = try fixture().output(arguments).split(whereSeparator: \.isNewline).dropFirst()
        var found: [String] = []
        for row in rows {
            let channel = String(row.split(separator: ",")[2])
            if found.last != channel { found.append(channel) }
        }
        #expect(found == channels)
    }

    @Test(arguments: ["test", "x*"]) func `A channel without a learning curve is an error with those that have one`(
        channel: String
    ) throws {
        let outcome = try fixture().query("curves", "--top", "2", "net", "--channel", channel)
        #expect(outcome.ending == .exited(3))
        #expect(outcome.stderr.hasPrefix("hypero-query: channel not found: '\(channel)'"), "\(outcome.stderr)")
        #expect(outcome.stderr.contains("'train'"))
    }

    @Test(arguments: ["curves", "compare"])
    func `A ranked member without a hash is a warning, and the others are shown`(command: String) throws {
        let fixture = try fixture()
        let battery = BatteryID(name: "net", version: 2, description: "")
        fixture.write("ZADD", fixture.keyspaces[0].rank(of: battery, by: "valid"), "9", "ghost-1")
        try fixture.commit()
        let outcome = try fixture.query(command, "--top", "3", "net")
        #expect(outcome.succeeded && outcome.stderr.contains("ghost-1"), "\(outcome.stderr)")
        #expect(outcome.stdout.contains("valid of the best 2 of net version 2, epochs 1 to 2"), "\(outcome.stdout)")
        #expect(outcome.stdout.contains("a-2") && !outcome.stdout.contains("ghost"))
    }

    @Test(arguments: ["curves", "compare"])
    func `A filter that no ranked experiment fulfils is said`(command: String) throws {
        let outcome = try fixture().query(command, "--top", "3", "net", "--where", "valid > 5")
        #expect(outcome.succeeded)
        #expect(outcome.stdout.hasSuffix("none of 2 ranked experiments has valid > 5\n"))
    }

    @Test func `A comparison begins with the objective, has the ranks of named experiments, and fits the width`() throws
    {
        let fixture = try fixture()
        let battery = BatteryID(name: "net", version: 2, description: "")
        for number in 3...9 {
            fixture.experiment(
                "a-\(number)", of: battery, maxima: ["valid": "\(number)", "test": "0.5"],
                params: [
                    "lr": "\(number)", "path": String(repeating: "x", count: 100), "a": "\(number)", "b": "\(number)",
                ])
        }
        try fixture.commit()
        let ids = (1...9).map { "a-\($0)" }
        let lines = try fixture.output(["compare"] + ids + ["--width", "60"]).split(separator: "\n")
        #expect(lines[0].hasPrefix("experiment  rank  valid  status"), "\(lines[0])")
        #expect(lines[1].hasPrefix("a-1            9      1  done"), "\(lines[1])")
        #expect(lines.prefix(10).allSatisfy { $0.count <= 60 })
    }

    @Test func `Two notations of one number do not differ, and large whole numbers do`() throws {
        let fixture = try Fixture()
        let battery = fixture.battery("net")
        for (number, values) in [("64", "0.10", "9007199254740993"), ("64.0", "0.1", "9007199254740992")].enumerated() {
            fixture.experiment(
                "a-\(number)", of: battery, maxima: ["valid": "1"],
                params: ["bs": values.0, "lr": values.1, "seed": values.2])
        }
        try fixture.commit()
        #expect(try Comparison(fixture.store().curves(of: ["a-0", "a-1"])).differing == ["seed"])
    }

    @Test func `Thousands of hyper-parameters are compared without a search per name`() throws {
        let fixture = try Fixture()
        let battery = fixture.battery("net")
        for number in 1...2 {
            fixture.experiment("a-\(number)", of: battery, maxima: ["valid": "1"])
            fixture.write(
                ["HSET", fixture.keyspaces[0].experiment(ExperimentID("a-\(number)")!)]
                    + (0..<20_000).flatMap { ["param.p\($0)", "\(number)"] })
        }
        try fixture.commit()
        let header = try fixture.output(["compare", "a-1", "a-2", "--format", "csv"]).split(separator: "\r\n")[0]
        #expect(header.split(separator: ",").count == 20_011)
    }

    @Test func `A long name does not move the values of the others`() throws {
        let fixture = try Fixture()
        fixture.experiment(
            "a-1", of: fixture.battery("net"), maxima: ["valid": "1"],
            params: [String(repeating: "n", count: 200): "1", "lr": "0.1"])
        try fixture.commit()
        let text = try fixture.output(["show", "a-1"])
        #expect(text.contains("\nlr" + String(repeating: " ", count: 40) + "0.1\n"), "\(text)")
    }
}
