import HyperoSchema
import TestSupport
import Testing

/// `rank --sort`: any field, both directions, missing values last.
@Suite struct RankSortTests {
    /// Five experiments of two versions, four of them ranked: b-1 and d-1 first with equal losses, then c-1 and a-1.
    private static func fixture(partitions: Int = 1) throws -> Fixture {
        let fixture = try Fixture(partitions: partitions)
        let first = fixture.battery("sweep", version: 1, objective: "loss", direction: .min)
        let second = fixture.battery("sweep", version: 2, objective: "loss", direction: .min)
        fixture.experiment(
            "a-1", of: first, maxima: ["loss": "0.3", "acc": "0.7"], epoch: 9, params: ["lr": "0.1", "opt": "adam"],
            meta: ["site": "x"], status: "failed", more: ["host": "n2"], started: Fixture.noon + 1_000)
        fixture.experiment(
            "b-1", of: first, maxima: ["loss": "0.1", "acc": "nan"], epoch: 8, params: ["lr": "1e-2", "opt": "Sgd"],
            started: Fixture.noon + 2_000)
        fixture.experiment(
            "c-1", of: second, maxima: ["loss": "0.2", "acc": "inf"], epoch: nil, params: ["opt": "7"],
            more: ["host": "n1"], started: Fixture.noon)
        fixture.experiment(
            "d-1", of: second, maxima: ["loss": "0.1", "acc": "-0.7"], epoch: 10, params: ["lr": "nan"],
            started: Fixture.noon + 3_000)
        fixture.experiment("e-1", of: second, params: ["lr": "0.001"])
        try fixture.commit()
        return fixture
    }

    @Test(arguments: [
        // Numbers, whatever their form. nan and absent values are last in both directions, in the order of the ranks.
        ("lr", "b-1 a-1 d-1 c-1"), ("-lr", "a-1 b-1 d-1 c-1"), ("param.lr", "b-1 a-1 d-1 c-1"),
        // Infinite values are numbers.
        ("acc", "d-1 a-1 c-1 b-1"), ("-max.acc", "c-1 a-1 d-1 b-1"),
        // Numbers before words, words by their bytes.
        ("opt", "c-1 b-1 a-1 d-1"), ("-opt", "a-1 b-1 c-1 d-1"),
        ("site", "a-1 b-1 d-1 c-1"), ("-meta.site", "a-1 b-1 d-1 c-1"),
        // Fields of every experiment, and parts of the result.
        ("started", "c-1 a-1 b-1 d-1"), ("-started", "d-1 b-1 a-1 c-1"), ("hypero.host", "c-1 a-1 b-1 d-1"),
        ("status", "b-1 d-1 c-1 a-1"), ("-status", "a-1 b-1 d-1 c-1"), ("epoch", "b-1 a-1 d-1 c-1"),
        ("rank", "b-1 d-1 c-1 a-1"), ("-rank", "a-1 c-1 b-1 d-1"), ("value", "b-1 d-1 c-1 a-1"),
        ("-value", "a-1 c-1 b-1 d-1"), ("id", "a-1 b-1 c-1 d-1"), ("-experiment", "d-1 c-1 b-1 a-1"),
        ("version", "b-1 a-1 d-1 c-1"), ("-version", "d-1 c-1 b-1 a-1"), ("name", "b-1 d-1 c-1 a-1"),
        // The prefixes of filters and of other programs.
        ("metrics.acc", "d-1 a-1 c-1 b-1"), ("-config.lr", "a-1 b-1 d-1 c-1"), ("tags.site", "a-1 b-1 d-1 c-1"),
        ("attributes.started", "c-1 a-1 b-1 d-1"), ("run.lr", "b-1 a-1 d-1 c-1"),
        ("max.metrics.acc", "d-1 a-1 c-1 b-1"),
        // Several fields: the later ones decide between equal values.
        ("-version,lr", "d-1 c-1 b-1 a-1"), ("version,-value", "a-1 b-1 c-1 d-1"),
    ])
    func `Rows are sorted by any field, and keep their ranks`(sort: String, ids: String) throws {
        for partitions in [1, 3] {
            let fixture = try Self.fixture(partitions: partitions)
            let text = try fixture.output(["rank", "sweep", "--sort", sort, "--format", "csv"])
            let rows = text.split(whereSeparator: \.isNewline).dropFirst().map { $0.split(separator: ",") }
            #expect(rows.map { $0[1] }.joined(separator: " ") == ids)
            let ranks: [Substring: Substring] = ["a-1": "4", "b-1": "1", "c-1": "3", "d-1": "1"]
            #expect(rows.allSatisfy { ranks[$0[1]] == $0[0] })
        }
    }

    @Test func `The table names the order, and shows the fields of the order first`() throws {
        let fixture = try Self.fixture()
        let table = try fixture.output(["rank", "sweep", "--sort", "-site,lr", "--limit", "3"])
        #expect(
            table
                == """
                sweep, versions 1, 2: ranked by loss, sorted by site (highest first), lr, 4 of 5 ranked

                #  experiment  version  loss  epoch  status  site    lr  opt    acc
                4  a-1               1   0.3      9  failed  x      0.1  adam   0.7
                1  b-1               1   0.1      8  done    –     1e-2  Sgd    nan
                1  d-1               2   0.1     10  done    –      nan  –     -0.7
                4 ranked experiments (3 shown), 10 columns

                1 of 5 experiments has no finite 'loss' and no rank. List with hypero-query experiments sweep --unranked

                """)
        // With requested columns, the table has the field of the order too. JSON and CSV have the requested columns.
        let options = ["rank", "sweep", "--sort", "started", "--columns", "opt", "--limit", "1"]
        #expect(
            try fixture.output(options).contains(
                """
                #  experiment  version  loss  opt              started
                3  c-1               2   0.2    7  2025-11-23 12:00:00
                """))
        let json = try fixture.query("rank", Array(options.dropFirst()) + ["--format", "json"])
        #expect(
            json.stdout == """
                {"rank":3,"experiment":"c-1","battery":"sweep.v2.\(BatteryID(name: "sweep", version: 2, description: "").text.suffix(8))",\
                "name":"sweep","version":2,"value":0.2,"status":"done","epoch":null,"last_seen":1763899954000,"maxima":{},\
                "params":{"opt":7},"meta":{}}

                """)
        #expect(!json.stderr.contains("not in JSON"))
        #expect(json.stderr.contains("note: the first 1 of 4 ranked experiments are written. Use --limit 4 for all\n"))
        #expect(
            try fixture.output(options + ["--format", "csv"]).split(whereSeparator: \.isNewline).first
                == "rank,experiment,battery,name,version,value,status,epoch,last_seen,param.opt")
    }

    @Test func `Rows of one status are sorted with their ranks among themselves`() throws {
        let text = try Self.fixture().output([
            "rank", "sweep", "--status", "done", "--since", "2025-11-23T12:00:01Z", "--sort", "-started", "--columns",
            "lr",
        ])
        #expect(
            text == """
                sweep, versions 1, 2: ranked by loss, sorted by started (highest first), 4 of 5 ranked, 2 with status done and a \
                start since 2025-11-23 12:00:01 shown

                #  experiment  version  loss    lr              started
                1  d-1               2   0.1   nan  2025-11-23 12:00:03
                1  b-1               1   0.1  1e-2  2025-11-23 12:00:02

                1 of 5 experiments has no finite 'loss' and no rank. List with hypero-query experiments sweep --unranked

                """)
    }

    @Test(arguments: [
        (
            "lrr", 3, "column not found: 'lrr'. Did you mean 'lr'?\n"
        ),
        (
            "tag", 64, "field is ambiguous: 'tag', it may be param.tag or meta.tag\n"
        ),
        ("", 64, "--sort needs a name, for example --sort lr,-test\n"),
        ("-", 3, "column not found: '-'."),
        ("metrics.vaild", 3, "column not found: 'metrics.vaild'. Did you mean 'valid'?\n"),
        (
            "lr desc", 3,
            "column not found: 'lr desc'. Available: 'valid', 'tag', 'lr', 'attempt', 'battery' and 12 more. For the highest first, write --sort=-lr\n"
        ),
        (
            "lr:asc", 3,
            "column not found: 'lr:asc'. Available: 'valid', 'tag', 'lr', 'attempt', 'battery' and 12 more. For the lowest first, write --sort lr\n"
        ),
        ("+lr", 3, "column not found: '+lr'. Did you mean 'lr'? For the lowest first, write lr\n"),
    ])
    func `A field that no or several columns have is refused`(sort: String, status: Int32, message: String) throws {
        let fixture = try Fixture()
        let battery = fixture.battery("net")
        fixture.experiment(
            "a-1", of: battery, maxima: ["valid": "1"], params: ["lr": "1", "tag": "2"], meta: ["tag": "3"])
        try fixture.commit()
        let outcome = try fixture.query("rank", "net", "--sort", sort)
        #expect(outcome.ending == .exited(status))
        #expect(outcome.stderr.hasPrefix("hypero-query: \(message)"), "\(outcome.stderr)")
    }

    @Test func `Whole numbers above 2^53 are sorted by their digits, and a number in quotes as the number`() throws {
        let fixture = try Fixture()
        let battery = fixture.battery("net")
        let values = [
            "9007199254740993", "9007199254740992", "9007199254740994.0", "-9007199254740993", "\"7\"", "8", "[3,1]",
            "18446744073709551617", "18446744073709551616", "1e300", "6.5",
        ]
        for (index, value) in values.enumerated() {
            fixture.experiment("e-\(10 + index)", of: battery, maxima: ["valid": "1"], params: ["x": value])
        }
        try fixture.commit()
        for (sort, ids) in [
            ("x", "13 20 14 15 11 10 12 18 17 19 16"), ("-x", "16 19 17 18 12 10 11 15 14 20 13"),
        ] {
            let text = try fixture.output(["rank", "net", "--sort", sort, "--limit", "20", "--format", "csv"])
            let found = text.split(separator: "\r\n").dropFirst().map { $0.split(separator: ",")[1].dropFirst(2) }
            #expect(found.joined(separator: " ") == ids)
        }
    }

    @Test func `Rankings by learning curves and empty batteries are sorted too`() throws {
        let fixture = try Fixture()
        fixture.battery("young")
        let battery = fixture.battery("net")
        fixture.experiment(
            "a-1", of: battery, maxima: ["valid": "1"], params: ["lr": "2"], curve: [1: "aux=3", 2: "aux=1"])
        fixture.experiment(
            "b-1", of: battery, maxima: ["valid": "2"], params: ["lr": "1"], curve: [1: "aux=2", 2: "aux=2"])
        try fixture.commit()
        let rows = try fixture.output(["rank", "net", "--best-of", "aux", "--sort", "lr", "--format", "csv"])
            .split(whereSeparator: \.isNewline).dropFirst().map { $0.prefix(5) }
        #expect(rows == ["2,b-1", "1,a-1"])
        #expect(
            try fixture.output(["rank", "young", "--sort", "rank"])
                == "young, version 1: ranked by valid, sorted by rank, 0 of 0 ranked\n\n"
                + "the battery has no experiments: none has started yet, or all were deleted\n")
    }
}
