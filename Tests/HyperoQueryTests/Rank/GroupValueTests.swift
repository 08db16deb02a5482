import HyperoSchema
import TestSupport
import Testing

@testable import HyperoQuery

/// The values and the members of groups: equality as in filters, and experiments without a value.
@Suite struct GroupValueTests {
    @Test(arguments: [
        ["0.003", "3e-3", "0.0030", "\"0.003\""], ["64", "64.0", "\"64\"", "6.4e1"], ["0", "-0", "0.0", "-0.0"],
        ["[1,2]", "[1, 2]", "[1.0,2]"], ["{\"a\":1,\"b\":2}", "{\"b\":2, \"a\":1.0}"], ["x", "\"x\""],
        ["true", "True", "\"true\""], ["9007199254740993"], ["9007199254740992", "9007199254740992.0"],
        ["18446744073709551616", "1.8446744073709551616e19"], ["nan", "NaN"], ["\"[1,2]\""], ["[2,1]"], ["inf"],
        ["-inf"],
        ["[1,null]"], ["null"], ["9007199254740994", "9007199254740994.0"],
    ])
    func `Spellings of one value are equal, and those of others are not`(spellings: [String]) {
        let others = ["7", "y", "[1,2,3]", "{}", "false", "9007199254740995", "\"\""].map { GroupValue(stored: $0) }
        let values = spellings.map { GroupValue(stored: $0) }
        #expect(Set(values).count == 1)
        #expect(!others.contains(values[0]))
    }

    @Test func `Experiments whose equal numbers are written differently are one group with the first spelling`() throws
    {
        let fixture = try Fixture(partitions: 2)
        let battery = fixture.battery("net")
        for (id, value, lr, bs) in [
            ("a-1", "0.9", "0.003", "64"), ("b-2", "0.8", "3e-3", "64.0"), ("c-3", "0.7", "0.003", "\"64\""),
            ("d-4", "0.6", "1e-3", "64.0"), ("e-5", "0.5", "0.003", "9007199254740993"),
            ("f-6", "0.4", "0.003", "9007199254740992"),
        ] {
            fixture.experiment(
                id, of: battery, maxima: ["valid": value], params: ["lr": lr, "bs": bs, "seed": "\(id.last!)"])
        }
        try fixture.commit()
        #expect(
            try fixture.output(["rank", "net", "--group", "seed", "--format", "csv"]).split(separator: "\r\n")
                .map { $0.split(separator: ",", omittingEmptySubsequences: false) }
                .map { "\($0[1]) \($0[6]) \($0[8]) \($0[9])" }
                == [
                    "n experiment param.bs param.lr", "3 a-1 64 0.003", "1 d-4 64 1e-3", "1 e-5 9007199254740993 0.003",
                    "1 f-6 9007199254740992 0.003",
                ])
    }

    /// One of three seeds of lr 0.1 has a value, and none of lr 1.
    private static func luck() throws -> Fixture {
        let fixture = try Fixture(partitions: 3)
        let battery = fixture.battery("luck")
        func add(_ id: String, _ value: String?, _ lr: String, status: String = "done") {
            if let value {
                fixture.experiment(
                    id, of: battery, maxima: ["valid": value], params: ["lr": lr, "seed": "\(id.last!)"], status: status
                )
            } else {
                fixture.experiment(id, of: battery, params: ["lr": lr, "seed": "\(id.last!)"], status: status)
            }
        }
        add("a-1", "0.97", "0.1")
        add("a-2", "nan", "0.1", status: "failed")
        add("b-3", nil, "1e-1", status: "failed")
        add("b-4", "0.9", "0.01")
        add("b-5", "0.92", "0.01")
        add("c-6", nil, "1", status: "failed")
        add("c-7", "inf", "1.0", status: "failed")
        // Neither has ended well, so their difference is no noise.
        add("d-8", "0.1", "0.001", status: "failed")
        add("d-9", "0.8", "0.001", status: "running")
        try fixture.commit()
        return fixture
    }

    @Test func `A group says how many of its experiments have a value, and groups without one are counted`() throws {
        let fixture = try Self.luck()
        let table = try fixture.output(["rank", "luck", "--group", "seed", "--lost-after", "100000d"])
        #expect(
            table
                == """
                luck, version 1: 3 groups of equal hyper-parameters without seed, by the mean of valid (highest first), 5 of 9 \
                experiments

                #  mean valid    std       n     lr  best  best experiment
                1        0.97      –  1 of 3  0.1    0.97  a-1
                2        0.91  0.014       2  0.01   0.92  b-5
                3        0.45  0.49        2  0.001  0.8   d-9

                4 of 9 experiments have no finite 'valid' and count in no mean; 1 further group has only experiments without one. \
                List with hypero-query experiments luck --unranked

                """)
        let json = try fixture.output(["rank", "luck", "--group", "lr", "--limit", "1", "--format", "json"])
        #expect(json.contains("\"n\":1,\"of\":3,"))
        // A condition holds for those without a value too.
        let failed = try fixture.output(["rank", "luck", "--group", "lr", "--status", "failed", "--format", "csv"])
        #expect(failed.split(separator: "\r\n").dropFirst().map { $0.prefix(6) } == ["1,1,1,"])
        let small = try fixture.output([
            "rank", "luck", "--group", "lr", "--where", "not (rank < 3)", "--format", "csv",
        ])
        #expect(small.split(separator: "\r\n").dropFirst().map { $0.prefix(6) } == ["1,1,1,", "2,2,2,"])
        #expect(
            try fixture.output(["rank", "luck", "--group", "status", "--where", "lr >= 0.1", "--format", "csv"])
                .split(separator: "\r\n").dropFirst().map { $0.prefix(6) } == ["1,1,1,"])
    }

    @Test func `A row that equals the best one is marked as within the noise`() throws {
        let fixture = try Fixture()
        let battery = fixture.battery("net")
        for (id, value) in [("a-1", "1"), ("b-1", "1"), ("c-1", "0.5"), ("c-2", "0.49")] {
            fixture.experiment(
                id, of: battery, maxima: ["valid": value],
                params: ["lr": String(id.first!), "seed": String(id.last!)])
        }
        try fixture.commit()
        let text = try fixture.output(["rank", "net", "--noise", "--columns", "lr", "--limit", "2"])
        #expect(
            text.contains(
                """
                #     experiment  valid  lr
                1     b-1             1  b
                1  ≈  a-1             1  a

                """))
    }
}
