import HyperoSchema
import TestSupport
import Testing

@Suite struct ImportanceCommandTests {
    /// Writes experiments whose loss depends on the logarithm of lr and on nothing else.
    private func fixture(_ count: Int, partitions: Int = 1) throws -> Fixture {
        let fixture = try Fixture(partitions: partitions)
        let battery = fixture.battery("net", objective: "loss", direction: .min)
        let keyspace = fixture.keyspaces[0]
        fixture.write("HSET", keyspace.space(of: battery), "lr", "logUniform 1e-05 0.1", "depth", "randint 1 7")
        var generator = SeededGenerator(seed: 5)
        for number in 1...max(count, 1) where count > 0 {
            let digits = Int.random(in: 10..<100, using: &generator)
            let exponent = Int.random(in: 2...6, using: &generator)
            let loss = Double(abs(exponent - 4)) + Double(digits) / 100
            fixture.experiment(
                "p\(number % 5)-\(number)", of: battery, maxima: ["loss": "\(loss)"],
                params: [
                    "lr": "\(digits)e-0\(exponent)", "depth": "\(Int.random(in: 1...7, using: &generator))", "bs": "64",
                    "file": "run \(number)",
                ], status: number == 1 ? "running" : "done", started: Fixture.noon + Int64(number))
        }
        try fixture.commit()
        return fixture
    }

    @Test func `The table has a bar per share, and says what chance explains`() throws {
        let fixture = try fixture(400)
        let outcome = try fixture.query("importance", "net", environment: ["LANG": "C.UTF-8"])
        #expect(outcome.succeeded)
        let lines = outcome.stdout.split(separator: "\n", omittingEmptySubsequences: false)
        #expect(
            lines[0] == "net, version 1: importance for a low loss, PED-ANOVA, the best 40 beside all 400 experiments",
            "\(outcome.stdout)")
        #expect(lines[2].contains("parameter") && lines[2].contains("chance") && lines[2].hasSuffix("experiments"))
        #expect(lines[3].hasPrefix("1  lr") && lines[3].contains("████") && lines[3].contains("log"))
        #expect(lines[4].hasPrefix("2  depth") && lines[4].contains("integers"))
        #expect(lines[5].hasPrefix("-  bs") && lines[5].contains("one value"))
        #expect(lines[6].hasPrefix("-  file") && lines[6].contains("too many values"))
        #expect(outcome.stdout.contains("not above chance, the share of a random choice of experiments: depth\n"))
        #expect(outcome.stdout.contains("1 experiment has not ended, and counts with the best value so far\n"))
    }

    @Test func `JSON and CSV have the keys of the contract`() throws {
        let fixture = try fixture(400, partitions: 2)
        let json = try fixture.output(["importance", "net", "--format", "json"]).split(separator: "\n")
        #expect(json.count == 4)
        #expect(json[0].hasPrefix("{\"rank\":1,\"param\":\"lr\",\"importance\":0.9"))
        #expect(
            json[0].hasSuffix(",\"above_chance\":true,\"scale\":\"log\",\"experiments\":400,\"finding\":\"rated\"}"))
        #expect(
            json[2]
                == "{\"rank\":null,\"param\":\"bs\",\"importance\":null,\"chance\":null,\"above_chance\":null,\"scale\":\"values\","
                + "\"experiments\":400,\"finding\":\"constant\"}")
        let csv = try fixture.output(["importance", "net", "--format", "csv"]).split(separator: "\r\n")
        #expect(csv[0] == "rank,param,importance,chance,above_chance,scale,experiments,finding")
        #expect(csv[4] == ",file,,,,values,400,unique")
    }

    @Test(arguments: [
        (0, "the battery has no experiments"),
        (1, "1 experiment with a finite 'loss' is too few: at least 10 are needed"),
        (9, "9 experiments with a finite 'loss' are too few: at least 10 are needed"),
        (30, "3 experiments are too few for the best tenth: the shares mean little below 50 experiments"),
        (60, "not above chance, the share of a random choice of experiments: "),
    ])
    func `Too few experiments are a remark and not an error`(count: Int, remark: String) throws {
        let outcome = try fixture(count).query("importance", "net")
        #expect(outcome.succeeded && outcome.stdout.contains(remark), "\(outcome.stdout)")
    }

    @Test func `Only the newest experiments are looked at up to the limit, which is said`() throws {
        let outcome = try fixture(400).query("importance", "net", "--limit", "100")
        #expect(outcome.stdout.contains("the best 10 beside all 100 experiments"))
        #expect(outcome.stdout.contains("the newest 100 of 400 experiments were looked at"))
        #expect(!outcome.stdout.contains("not ended"))
    }

    @Test func `Values that are missing, nan or equal are said`() throws {
        let fixture = try Fixture()
        let battery = fixture.battery("net")
        for number in 1...40 {
            fixture.experiment(
                "a-\(number)", of: battery, maxima: number <= 20 ? ["valid": "0.5", "other": "nan"] : [:],
                params: ["lr": "\(number)"])
        }
        try fixture.commit()
        let equal = try fixture.query("importance", "net").stdout
        #expect(
            equal.contains("too many values of 'valid' are equal to tell the best experiments from the others"),
            "\(equal)")
        #expect(equal.contains("20 of 40 experiments have no finite 'valid' and are left out"))
        let nan = try fixture.query("importance", "net", "--by", "other").stdout
        #expect(nan.contains("0 experiments with a finite 'other' are too few") && nan.contains("40 of 40"))
    }

    @Test(arguments: [
        (["--by", "los"], 3, "channel not found: 'los'. Did you mean 'loss'?"),
        (["--limit", "0"], 64, "--limit must be between 1 and 100000, not 0"),
        (["--version", "2"], 3, "version not found: 2, battery 'net' has 1. Try --version 1"),
    ])
    func `A wrong request has a clear error`(options: [String], status: Int32, message: String) throws {
        let outcome = try fixture(10).query("importance", ["net"] + options)
        #expect(outcome.ending == .exited(status) && outcome.stderr.contains(message), "\(outcome.stderr)")
    }

    @Test func `Ten thousand hyper-parameters are compared in bounded memory`() throws {
        let fixture = try Fixture()
        let battery = fixture.battery("wide")
        for number in 1...20 {
            let fields = (0..<10_000).flatMap { ["param.p\($0)", "\(($0 * number) % 17)"] }
            let id = "a-\(number)"
            fixture.experiment(id, of: battery, maxima: ["valid": "\(number % 13)"])
            fixture.write(["HSET", fixture.keyspaces[0].experiment(ExperimentID(id)!)] + fields)
        }
        fixture.write(
            ["ZADD", fixture.keyspaces[0].columns(of: battery)] + (0..<10_000).flatMap { ["1", "param.p\($0)"] })
        try fixture.commit()
        #expect(try fixture.output(["importance", "wide", "--format", "csv"]).split(separator: "\r\n").count == 10_001)
        let row = try fixture.output(["export", "wide"]).split(separator: "\n")
        #expect(
            row.count == 21 && row[20].split(separator: ",", omittingEmptySubsequences: false).count == 14 + 1 + 10_000)
    }

    @Test func `Versions that differ in their objectives are said`() throws {
        let fixture = try Fixture()
        fixture.experiment("a-1", of: fixture.battery("net", version: 1), maxima: ["valid": "1"], params: ["lr": "1"])
        fixture.experiment(
            "b-1", of: fixture.battery("net", version: 2, objective: "loss", direction: .min), maxima: ["loss": "1"])
        try fixture.commit()
        let outcome = try fixture.query("importance", "net")
        #expect(
            outcome.stderr.contains("the versions of 'net' differ in objective or direction, and version 2 decides"))
    }
}
