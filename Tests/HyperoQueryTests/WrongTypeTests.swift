import HyperoSchema
import TestSupport
import Testing

/// A key that another client replaced by one of another type is named, and hides nothing else.
@Suite struct WrongTypeTests {
    /// A battery `net` with an experiment, and the keys of the battery `bad`, whose hash is a string.
    private func fixture() throws -> Fixture {
        let fixture = try Fixture()
        fixture.experiment("a-1", of: fixture.battery("net"), maxima: ["valid": "0.5"], params: ["lr": "0.1"])
        let bad = fixture.battery("bad")
        fixture.write("DEL", fixture.keyspaces[0].battery(bad))
        fixture.write("SET", fixture.keyspaces[0].battery(bad), "text")
        try fixture.commit()
        return fixture
    }

    private func warning(_ key: String) -> String {
        "hypero-query: \(key) holds a value of another type and is left out. Rename or delete the key\n"
    }

    @Test(arguments: [["rank", "net"], ["experiments", "net"], ["batteries"]], ["table", "json", "csv"])
    func `A battery whose hash has a wrong type is named on standard error, and the others are shown`(
        arguments: [String], format: String
    ) throws {
        let fixture = try fixture()
        let key = fixture.keyspaces[0].battery(BatteryID(name: "bad", version: 1, description: ""))
        let outcome = try ChildProcess.run(
            "hypero-query",
            arguments + ["--format", format, "--redis", fixture.server.url, "--namespace", fixture.namespace])
        #expect(outcome.succeeded)
        #expect(outcome.stdout.contains("net") && outcome.stdout.contains("0.5"), "\(outcome.stdout)")
        #expect(outcome.stderr == warning(key))
    }

    @Test func `An error follows the warnings that may explain it`() throws {
        let fixture = try fixture()
        let keys = fixture.keyspaces[0]
        let net = BatteryID(name: "net", version: 1, description: "")
        let bad = BatteryID(name: "bad", version: 1, description: "")
        let missing = try fixture.query("rank", bad.text)
        #expect(missing.ending == .exited(3))
        #expect(
            missing.stderr == warning(keys.battery(bad))
                + "hypero-query: battery not found: '\(bad.text)'. Available: 'net'\n")
        fixture.write("DEL", keys.columns(of: net))
        fixture.write("SET", keys.columns(of: net), "text")
        try fixture.commit()
        let column = try fixture.query("rank", "net", "--columns", "lr")
        #expect(column.ending == .exited(3) && column.stderr.contains("column not found: 'lr'"))
        #expect(column.stderr.contains(warning(keys.columns(of: net))))
        let channel = try fixture.query("rank", "net", "--by", "tset")
        #expect(channel.ending == .exited(3) && channel.stderr.contains(warning(keys.columns(of: net))))
        fixture.write("DEL", keys.batteries)
        fixture.write("SET", keys.batteries, "text")
        try fixture.commit()
        for arguments in [["rank", "net"], ["batteries"]] {
            let outcome = try ChildProcess.run(
                "hypero-query", arguments + ["--redis", fixture.server.url, "--namespace", fixture.namespace])
            #expect(outcome.stderr.contains(warning(keys.batteries)), "\(outcome)")
        }
    }
}
