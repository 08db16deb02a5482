import HyperoSchema
import TestSupport
import Testing

@testable import HyperoQuery

/// Names and messages that say what a value is.
@Suite struct MeaningTests {
    @Test func `The distribution of a drawn hyper-parameter is shown beside its value, and in JSON`() throws {
        let fixture = try Fixture()
        let battery = fixture.battery("net")
        fixture.experiment("a-1", of: battery, maxima: ["valid": "1"], params: ["bs": "64", "lr": "0.01"])
        fixture.write(
            "HSET", fixture.keyspaces[0].space(of: battery), "lr", "logUniform 1e-05 0.1", "other", "uniform 0 1")
        try fixture.commit()
        let record = try fixture.store().experiment("a-1")
        #expect(record.distributions == [NamedDistribution(name: "lr", text: "logUniform 1e-05 0.1")])
        #expect(try fixture.output(["show", "a-1"]).contains("params\nbs  64\nlr  0.01  (logUniform 1e-05 0.1)\n"))
        #expect(
            try fixture.output(["show", "a-1", "--format", "json"]).contains(
                #""params":{"bs":64,"lr":0.01},"space":{"lr":"logUniform 1e-05 0.1"},"#))
    }

    @Test func `A hyper-parameter with the name of another field is shown under its full name`() throws {
        let fixture = try Fixture()
        fixture.experiment(
            "a-1", of: fixture.battery("net"), maxima: ["valid": "0.5"],
            params: ["max.valid": "9", "meta.x": "8", "hypero.seed": "7"])
        try fixture.commit()
        let titles = try fixture.output(["rank", "net"]).split(separator: "\n")[1].split(separator: " ")
        #expect(titles.suffix(3) == ["param.hypero.seed", "param.max.valid", "param.meta.x"])
    }

    @Test func `A learning curve is not a column, and the message names the column of its channel`() throws {
        let fixture = try Fixture()
        fixture.experiment(
            "a-1", of: fixture.battery("net"), maxima: ["valid": "1", "loss": "2"], curve: [1: "valid=1 loss=2 acc=3"])
        try fixture.commit()
        for command in ["rank", "experiments"] {
            let outcome = try fixture.query(command, "net", "--columns", "curve.loss")
            #expect(outcome.ending == .exited(3))
            #expect(
                outcome.stderr
                    == "hypero-query: column not found: 'curve.loss', a learning curve is not a column. Did you mean "
                    + "'max.loss', the value at the best epoch?\n")
            #expect(
                try fixture.query(command, "net", "--columns", "curve.acc").stderr.contains(
                    "no experiment has this channel at its best epoch"))
        }
    }

    @Test func `Infinite and nan values are no finite ones, and not none`() throws {
        let fixture = try Fixture()
        let battery = fixture.battery("net")
        fixture.experiment("a-1", of: battery, maxima: ["valid": "1"])
        fixture.experiment("b-1", of: battery, maxima: ["valid": "inf"])
        try fixture.commit()
        #expect(
            try fixture.output(["experiments", "net", "--unranked"]).contains(
                "1 of 2 experiments with no finite 'valid'\n"))
        #expect(try fixture.output(["rank", "net"]).contains("1 of 2 experiments has no finite 'valid' and no rank."))
    }

    @Test func `The objective is not proposed as the objective of a new version`() throws {
        let fixture = try Fixture()
        let battery = fixture.battery("net")
        fixture.experiment("a-1", of: battery, maxima: ["valid": "1"])
        // The channel of a deleted experiment.
        fixture.write("ZADD", fixture.keyspaces[0].columns(of: battery), "1", "curve.weird")
        try fixture.commit()
        let table = try fixture.output(["rank", "net", "--by", "weird"])
        #expect(table.contains("Rank by 'valid', the objective, without --by"), "\(table)")
        #expect(!table.contains("new version"))
    }

    @Test(arguments: [
        "duration", "seconds", "train_seconds", "epoch_ms", "epoch_duration", "total_minutes", "wallclock", "elapsed_s",
        "inference_ms",
    ])
    func `A duration is better when lower, also if the name has only its unit`(name: String) {
        #expect(Direction.isLowerBetter(named: name))
    }

    @Test(arguments: [
        "tokens/sec", "samples_per_second", "step/sec", "images_sec", "uptime_seconds", "min", "video_hours",
    ])
    func `A rate or the length of something else is not a duration`(name: String) {
        #expect(!Direction.isLowerBetter(named: name))
    }

    @Test func `A number of partitions that finds nothing is named in the advice`() throws {
        let fixture = try Fixture()
        fixture.experiment("a-1", of: fixture.battery("net"), maxima: ["valid": "1"])
        try fixture.commit()
        for (arguments, status) in [(["batteries"], 0), (["rank", "net"], 3), (["show", "a-1"], 3)]
            as [([String], Int32)]
        {
            let outcome = try fixture.query(arguments[0], Array(arguments.dropFirst()) + ["--partitions", "3"])
            #expect(outcome.ending == .exited(status))
            let text = (outcome.stdout + outcome.stderr).lowercased()
            #expect(text.contains("leave out --partitions"), "\(outcome)")
        }
        #expect(try !fixture.query("rank", "nest").stderr.contains("--partitions"))
    }

    @Test(arguments: [
        ("status foo", "Unexpected argument 'foo'\n"), ("dead a b", "2 unexpected arguments: 'a', 'b'\n"),
        ("stats", "Unexpected argument 'stats'. Did you mean status? The commands are batteries, versions, "),
        ("experiments net --by valid --unrankd", "Unknown option '--unrankd'"),
        ("rank net --excel --fromat csv", "Unknown option '--fromat'"),
        ("rank net --excel", "--excel needs --format csv\n"),
        ("export my net", "Unexpected argument 'net'. A name with spaces needs quotes"),
        ("curves --top 3 net --chanel loss", "Unknown option '--chanel'"),
        ("experiments net --by valid", "--by needs --unranked\n"),
        ("rank net --limit -3", "--limit must be between 1 and 100000, not -3"),
        ("dead --limit -3", "--limit must be between 1 and 100000, not -3"),
        ("batteries --partitions -3", "the number of partitions must be between 1 and 16384, not -3"),
        ("rank net --columns ,", "--columns needs a name"),
        ("experiments net --columns ,", "--columns needs a name"),
    ])
    func `A mistake in a command line is named as what it is`(arguments: String, message: String) throws {
        let outcome = try ChildProcess.run("hypero-query", arguments.split(separator: " ").map(String.init))
        #expect(outcome.ending == .exited(64))
        #expect(outcome.stderr.hasPrefix("hypero-query: \(message)"), "\(outcome.stderr)")
    }

    @Test func `Ingests of other databases are no standbys, and a killed owner is no reason for unknown ones`() {
        let list = """
            id=1 addr=/s:0 name=hypero-ingest:{hypero}:node1:7:a db=0 cmd=xread
            id=2 addr=/s:0 name=hypero-ingest:{hypero}:node2:8:b db=0 cmd=get
            id=3 addr=/s:0 name=hypero-ingest:{hypero}:node3:9:c db=5 cmd=get
            id=4 addr=/s:0 name=other db=0 cmd=get
            """
        let zero = IngestConnections(clientList: list, database: 0)
        #expect(zero.standbys(of: "{hypero}", owner: "node1:7:a") == ["node2:8:b"])
        #expect(!zero.isGone("node1:7:a", of: "{hypero}"))
        let five = IngestConnections(clientList: list, database: 5)
        #expect(five.standbys(of: "{hypero}", owner: nil) == ["node3:9:c"])
        // The owner was killed, and its lease has not expired.
        #expect(zero.standbys(of: "{hypero}", owner: "node0:6:z") == ["node1:7:a", "node2:8:b"])
        #expect(zero.isGone("node0:6:z", of: "{hypero}"))
        // No connection of the partition has a name.
        #expect(zero.standbys(of: "{hypero:1}", owner: "node1:7:a") == nil)
        #expect(!zero.isGone("node1:7:a", of: "{hypero:1}"))
    }
}
