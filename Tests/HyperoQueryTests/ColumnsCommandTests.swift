import HyperoSchema
import TestSupport
import Testing

@Suite struct ColumnsCommandTests {
    private func fixture() throws -> Fixture {
        let fixture = try Fixture.digits()
        let keyspace = fixture.keyspaces[0]
        for (version, distribution) in [(1, "uniform 0 1"), (2, "logUniform 1e-05 0.1")] {
            let id = BatteryID(
                name: "Digits", version: version, description: version == 1 ? "first try" : "fixed bug in Sequencer")
            fixture.write("HSET", keyspace.space(of: id), "lr", distribution)
            fixture.write(
                "ZADD", keyspace.columns(of: id), "\(Fixture.noon)", "curve.valid", "\(Fixture.noon)", "curve.loss")
        }
        try fixture.commit()
        return fixture
    }

    @Test func `The table of columns has hyper-parameters, metadata and channels`() throws {
        let lines = try fixture().output(["columns", "Digits"]).split(separator: "\n", omittingEmptySubsequences: false)
        #expect(lines[0] == "Digits, versions 1, 2: 9 columns of 5 experiments")
        let cells = lines[3...].prefix(9).map { $0.split(separator: " ").prefix(3).joined(separator: " ") }
        #expect(
            cells == [
                "layers param 1", "lr param 4", "lr decay param", "saturate param 1", "dataset meta 1",
                "train channel 3",
                "valid channel 4", "test channel 2", "loss channel 0",
            ])
        #expect(lines[4].contains("uniform 0 1; logUniform 1e-05 0.1"))
    }

    @Test func `JSON and CSV of columns have the keys of the contract`() throws {
        let json = try fixture().output(["columns", "Digits", "--version", "2", "--format", "json"]).split(
            separator: "\n")
        #expect(
            json.first.map(String.init)
                == "{\"column\":\"param.lr\",\"kind\":\"param\",\"name\":\"lr\",\"experiments\":2,"
                + "\"distributions\":[\"logUniform 1e-05 0.1\"],\"first_seen\":1763899200000}")
        #expect(
            json.last.map(String.init)
                == "{\"column\":\"curve.loss\",\"kind\":\"channel\",\"name\":\"loss\",\"experiments\":0,\"distributions\":[],"
                + "\"first_seen\":1763899200000}")
        let csv = try fixture().output(["columns", "Digits", "--format", "csv"]).split(separator: "\r\n")
        #expect(csv[0] == "column,kind,name,experiments,distribution,first_seen")
        #expect(csv[2] == "param.lr,param,lr,4,uniform 0 1; logUniform 1e-05 0.1,1763899200000")
    }

    @Test func `A battery without experiments has no columns`() throws {
        let fixture = try Fixture()
        fixture.battery("young")
        try fixture.commit()
        #expect(
            try fixture.output(["columns", "young"]) == """
                young, version 1: 0 columns of 0 experiments

                the battery has no experiments: none has started yet, or all were deleted

                """)
        #expect(try fixture.output(["columns", "young", "--format", "json"]) == "")
    }

    @Test func `Names of every script and direction are shown escaped in the table and as they are in JSON`() throws {
        let fixture = try Fixture()
        let battery = fixture.battery("net")
        fixture.experiment(
            "a-1", of: battery, maxima: ["param.valid": "1", "精度": "2"],
            params: ["\u{202E}rl": "1", "طول": "2", "a\u{301}": "3", "á": "4", "and": "5"])
        try fixture.commit()
        let table = try fixture.output(["columns", "net"])
        #expect(table.contains("\\u{202e}rl") && table.contains("精度") && table.contains("7 columns"))
        #expect(try fixture.output(["columns", "net", "--format", "json"]).contains("\"name\":\"\u{202E}rl\""))
        let names = try fixture.output(["export", "net"]).split(separator: "\n")[0]
        #expect(names.utf8.split(separator: UInt8(ascii: ",")).count == 14 + 7)
    }

    @Test func `Keys of other types are left out with a warning`() throws {
        let fixture = try fixture()
        let battery = BatteryID(name: "Digits", version: 1, description: "first try")
        fixture.write("SET", fixture.keyspaces[0].space(of: battery), "x")
        fixture.write("SET", fixture.keyspaces[0].columns(of: battery), "x")
        try fixture.commit()
        for command in ["columns", "export", "importance"] {
            let outcome = try fixture.query(command, "Digits", "--version", "1")
            #expect(outcome.succeeded, "\(command) \(outcome.stderr)")
            #expect(outcome.stderr.contains("holds a value of another type and is left out"))
        }
    }
}

@Suite struct VersionsCommandTests {
    @Test func `The versions of a battery have their experiments and best values`() throws {
        let fixture = try Fixture.digits()
        let lines = try fixture.output(["versions", "Digits"]).split(separator: "\n", omittingEmptySubsequences: false)
        #expect(lines[0] == "Digits: 2 versions, 5 experiments")
        #expect(lines[2].hasPrefix("version  description             experiments    best"))
        #expect(lines[3].contains("1  first try                         2  0.9 ") && lines[3].contains("valid (max)"))
        #expect(lines[4].hasSuffix("digits.v2.d44c3f17"))
        let json = try fixture.output(["versions", "Digits", "--format", "json"]).split(separator: "\n")
        #expect(json.count == 2 && json[0].hasSuffix("\"best_status\":\"done\",\"conflict\":null}"))
        let csv = try fixture.output(["versions", "Digits", "--format", "csv"]).split(separator: "\r\n")
        #expect(csv[0].hasSuffix(",best_status,conflict"))
    }

    @Test func `A declaration without effect and several descriptions of one version are shown`() throws {
        let fixture = try Fixture()
        fixture.battery("net", description: "a", more: [BatteryField.conflict: "objective loss min"])
        fixture.battery("net", description: "b")
        try fixture.commit()
        let outcome = try fixture.query("versions", "net")
        #expect(outcome.stdout.contains("net: 1 version (2 batteries), 0 experiments"))
        #expect(outcome.stdout.contains("declared again with") && outcome.stdout.contains("objective loss min"))
        #expect(outcome.stderr.contains("which has no effect"))
        #expect(try fixture.query("versions", "nut").ending == .exited(3))
    }
}
