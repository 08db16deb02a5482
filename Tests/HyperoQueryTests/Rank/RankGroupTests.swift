@testable import HyperoQuery
import HyperoSchema
import TestSupport
import Testing

/// `rank --group`: means, standard deviations, and the noise by which groups differ.
@Suite struct RankGroupTests {
    /// Seven ranked experiments and one without a rank. Three groups of equal hyper-parameters but the seed, and one without.
    private static func fixture(direction: Direction = .max) throws -> Fixture {
        let fixture = try Fixture()
        let battery = fixture.battery("seeds", direction: direction)
        let rows = [
            ("a-1", "0.9", "0.1", "32", "1"), ("a-2", "0.92", "0.1", "32", "2"), ("a-3", "0.94", "0.1", "32", "3"),
            ("b-1", "0.95", "0.01", "32", "1"), ("b-2", "0.85", "0.01", "32", "2"), ("c-1", "0.89", "0.1", "64", "1"),
        ]
        for (id, value, lr, bs, seed) in rows {
            fixture.experiment(
                id, of: battery, maxima: ["valid": value, "test": "0.5"], params: ["lr": lr, "bs": bs, "seed": seed],
                meta: ["who": id == "c-1" ? "\"7\"" : "me"], status: id == "a-1" ? "failed" : "done")
        }
        fixture.experiment("d-1", of: battery, maxima: ["valid": "0.5"])
        fixture.experiment("e-1", of: battery, params: ["lr": "0.1", "bs": "32", "seed": "4"])
        try fixture.commit()
        return fixture
    }

    @Test func `A training of another version, or of another description, is no repetition`() throws {
        let fixture = try Fixture()
        for (version, description, value) in [(1, "", "0.7"), (2, "", "0.9"), (2, "new data", "0.8")] {
            let battery = fixture.battery("net", version: version, description: description)
            for seed in 1...2 {
                fixture.experiment(
                    "v\(version)\(description.isEmpty ? "" : "d")-\(seed)", of: battery,
                    maxima: ["valid": "\(value)\(seed)"],
                    params: ["lr": "0.1", "seed": "\(seed)"])
            }
        }
        try fixture.commit()
        let board = try fixture.store().groups(of: "net", by: .replicas)
        #expect(board.fields == ["param.lr", "battery"] && board.rows.map(\.count) == [2, 2, 2])
        #expect(board.noise.map { $0.standardDeviation < 0.01 } == true)
        #expect(board.rows.map(\.isWithinNoise) == [false, false, false])
        let versions = try fixture.store().groups(of: "net", by: .parameters, version: 2)
        #expect(versions.fields == ["param.lr", "param.seed", "battery"])
    }

    @Test func `The table has the number, mean, standard deviation and best of each group`() throws {
        let fixture = try Self.fixture()
        let table = try fixture.output(["rank", "seeds", "--group", "seed"])
        #expect(
            table
                == """
                seeds, version 1: 4 groups of equal hyper-parameters without seed, by the mean of valid (highest first), 7 of 8 \
                experiments

                #     mean valid    std       n  bs    lr  best  best experiment
                1           0.92  0.02   3 of 4  32  0.1   0.94  a-3
                2  ≈        0.9   0.071       2  32  0.01  0.95  b-1
                3  ≈        0.89      –       1  64  0.1   0.89  c-1
                4           0.5       –       1   –     –  0.5   d-1

                ≈ within the noise of the best mean: 2 x 0.051 for one result, the pooled standard deviation of 2 \
                groups of two or more
                1 of 8 experiments has no finite 'valid' and counts in no mean. List with hypero-query experiments seeds --unranked

                """)
        let done = try fixture.output([
            "rank", "seeds", "--group", "bs", "--limit", "2", "--precision", "2", "--status", "done",
        ])
        #expect(
            done
                == """
                seeds, version 1: 3 groups of equal bs, by the mean of valid (highest first), 6 of 8 experiments with status done

                #     mean valid    std       n  bs  best  best experiment
                1           0.92  0.045  4 of 5  32  0.95  b-1
                2  ≈        0.89      –       1  64  0.89  c-1
                3 groups (2 shown), 8 columns

                ≈ within the noise of the best mean: 2 x 0.045 for one result, the pooled standard deviation of 1 \
                group of two or more
                1 of 7 experiments with status done has no finite 'valid' and counts in no mean. List with hypero-query experiments \
                seeds --unranked

                """)
    }

    @Test func `The JSON and CSV of groups have the keys of the contract in order`() throws {
        let fixture = try Self.fixture()
        let json = try fixture.query("rank", "seeds", "--group", "lr,who", "--format", "json", "--limit", "3")
        #expect(
            json.stdout == """
                {"rank":1,"n":3,"of":3,"mean":0.92,"std":0.019999999999999962,"best":0.94,"experiment":"a-3","within_noise":false,\
                "group":{"param.lr":0.1,"meta.who":"me"}}
                {"rank":2,"n":2,"of":2,"mean":0.8999999999999999,"std":0.07071067811865474,"best":0.95,"experiment":"b-1",\
                "within_noise":true,"group":{"param.lr":0.01,"meta.who":"me"}}
                {"rank":3,"n":1,"of":1,"mean":0.89,"std":null,"best":0.89,"experiment":"c-1","within_noise":true,\
                "group":{"param.lr":0.1,"meta.who":"7"}}

                """)
        #expect(
            json.stderr == """
                hypero-query: note: within the noise of the best mean: 2 x 0.051 for one result, the pooled standard deviation of \
                2 groups of two or more
                hypero-query: note: 1 of 8 experiments has no finite 'valid' and counts in no mean; 1 further \
                group has only experiments without one. List with hypero-query experiments seeds --unranked
                hypero-query: note: the first 3 of 4 groups are written. Use --limit 4 for all

                """)
        #expect(
            try fixture.output(["rank", "seeds", "--group", "params", "--format", "csv", "--limit", "2"])
                == [
                    "rank,n,of,mean,std,best,experiment,within_noise,param.bs,param.lr,param.seed",
                    "1,1,1,0.95,,0.95,b-1,false,32,0.01,1", "2,1,1,0.94,,0.94,a-3,false,32,0.1,3", "",
                ].joined(separator: "\r\n"))
    }

    @Test func `The lowest mean is first if lower is better, and the first experiment of each group is its best`()
        throws
    {
        let text = try Self.fixture(direction: .min).output(["rank", "seeds", "--group", "seed", "--format", "csv"])
        let rows = text.split(whereSeparator: \.isNewline).dropFirst().map {
            $0.split(separator: ",", omittingEmptySubsequences: false)
        }
        #expect(rows.map { $0[6] } == ["d-1", "c-1", "b-2", "a-1"])
        #expect(rows.map { $0[5] } == ["0.5", "0.89", "0.85", "0.9"])
        let reversed = try Self.fixture().output(["rank", "seeds", "--group", "lr", "--ascending", "--format", "csv"])
        #expect(reversed.split(whereSeparator: \.isNewline)[1] == "1,1,1,0.5,,0.5,d-1,false,")
    }

    @Test func `Groups with equal means share a rank`() throws {
        let fixture = try Fixture(partitions: 2)
        let battery = fixture.battery("net")
        for (id, value, lr) in [("a-1", "1", "1"), ("b-1", "3", "1"), ("c-1", "2", "2"), ("d-1", "0", "3")] {
            fixture.experiment(id, of: battery, maxima: ["valid": value], params: ["lr": lr])
        }
        try fixture.commit()
        #expect(
            try fixture.output(["rank", "net", "--group", "lr", "--format", "csv"]).split(whereSeparator: \.isNewline)
                == [
                    "rank,n,of,mean,std,best,experiment,within_noise,param.lr",
                    "1,2,2,2,1.4142135623730951,3,b-1,false,1",
                    "1,1,1,2,,2,c-1,true,2", "3,1,1,0,,0,d-1,true,3",
                ])
    }

    @Test func `Versions that differ in direction are grouped with a warning, and version is a field of groups`() throws
    {
        let fixture = try Fixture()
        let first = fixture.battery("net", version: 1)
        let second = fixture.battery("net", version: 2, direction: .min)
        fixture.experiment("a-1", of: first, maxima: ["valid": "3"])
        fixture.experiment("b-1", of: second, maxima: ["valid": "2"])
        try fixture.commit()
        let outcome = try fixture.query("rank", "net", "--group", "version,status")
        #expect(
            outcome.stdout == """
                net, versions 1, 2: 2 groups of equal version, status, by the mean of valid (lowest first), 2 of 2 experiments
                same in all rows: status done

                #  mean valid  std  n  version  best  best experiment
                1           2    –  1        2     2  b-1
                2           3    –  1        1     3  a-1

                """)
        #expect(
            outcome.stderr == """
                hypero-query: the versions of 'net' differ in objective or direction, and version 2 decides. Choose one version, \
                or a channel and an order
                hypero-query: choose with --version, or with --by and --ascending or --descending

                """)
    }

    @Test(arguments: ["rank", "value", "experiment", "name", "last_seen", "duration", "age"])
    func `A value that every experiment has for itself makes no groups`(name: String) throws {
        let outcome = try Self.fixture().query("rank", "seeds", "--group", name)
        #expect(outcome.ending == .exited(64))
        #expect(
            outcome.stderr
                == "hypero-query: experiments must be grouped by hyper-parameters, metadata, channels, version or fields such as "
                + "status, not by '\(name)'\n")
    }

    @Test(arguments: [
        ["--sort", "lr"], ["--pareto", "valid"], ["--columns", "lr"], ["--at-best", "test"], ["--delta"], ["--noise"],
        ["--best-of", "test"],
    ])
    func `An option about single experiments is refused with groups`(options: [String]) throws {
        let outcome = try Self.fixture().query("rank", ["seeds", "--group", "lr"] + options)
        #expect(outcome.ending == .exited(64))
        #expect(outcome.stderr.hasPrefix("hypero-query: --group and \(options[0]) must not be combined"))
    }

    @Test func `An empty battery, one without finite values and one of one experiment have groups too`() throws {
        let fixture = try Fixture()
        fixture.battery("young")
        let nan = fixture.battery("nan")
        fixture.experiment("a-1", of: nan, maxima: ["valid": "nan"], params: ["lr": "1"])
        let one = fixture.battery("one")
        fixture.experiment("b-1", of: one, maxima: ["valid": "1"], params: ["lr": "0.1234567890123"])
        try fixture.commit()
        let young = try fixture.output(["rank", "young", "--group", "seed"])
        #expect(
            young
                == """
                young, version 1: 0 groups of equal hyper-parameters without seed, by the mean of valid (highest first), 0 of 0 \
                experiments

                the battery has no experiments: none has started yet, or all were deleted

                """)
        let unranked = try fixture.output(["rank", "nan", "--group", "lr"])
        #expect(
            unranked
                == """
                nan, version 1: 0 groups of equal lr, by the mean of valid (highest first), 0 of 1 experiment

                1 of 1 experiment has no finite 'valid' and counts in no mean; 1 further group has only experiments without one. \
                List with hypero-query experiments nan --unranked

                """)
        let single = try fixture.output(["rank", "one", "--group", "lr"])
        #expect(
            single
                == """
                one, version 1: 1 group of equal lr, by the mean of valid (highest first), 1 of 1 experiment

                #  mean valid  std  n        lr  best  best experiment
                1           1    –  1  0.123457     1  b-1

                """)
    }
}
