import HyperoSchema
import TestSupport
import Testing

/// The options of rank that change its table: `--precision --delta --noise --at-best --all-columns --columns` with patterns.
@Suite struct RankTableTests {
    /// Three experiments: a-1 with a learning curve, b-1 within its noise, c-1 not. `bs` is constant.
    private static func fixture(direction: Direction = .max, curve: Bool = true) throws -> Fixture {
        let fixture = try Fixture()
        let battery = fixture.battery("net", direction: direction)
        let sign = direction == .max ? "" : "-"
        var rows: [Int: String] = [:]
        for epoch in 1...16 {
            rows[epoch] = "valid=\(sign)0.9\(epoch % 2 == 1 ? "5" : "4694")"
        }
        fixture.experiment(
            "a-1", of: battery, maxima: ["valid": "\(sign)0.95", "test": "0.911111111", "train": "1"], epoch: 3,
            params: ["bs": "32", "lr": "0.1", "depth": "3"], meta: ["dataset": "digits"], curve: curve ? rows : [:])
        fixture.experiment(
            "b-1", of: battery, maxima: ["valid": "\(sign)0.9462222222", "test": "nan"], epoch: 4,
            params: ["bs": "32", "lr": "0.0123456789"], meta: ["dataset": "digits"])
        fixture.experiment(
            "c-1", of: battery, maxima: ["valid": "\(sign)0.25"], epoch: nil, params: ["bs": "32", "lr": "0.2"],
            meta: ["dataset": "mnist"], status: "stopped")
        try fixture.commit()
        return fixture
    }

    @Test func `Constants are in one line, and columns with --all-columns`() throws {
        let fixture = try Self.fixture()
        let table = try fixture.output(["rank", "net"])
        #expect(
            table
                == """
                net, version 1: best first by valid (highest, the objective), 3 of 3 ranked
                same in all rows: bs 32

                #  experiment     valid  epoch  status          lr  depth      test  train
                1  a-1         0.95          3  done     0.1            3  0.911111      1
                2  b-1         0.946222      4  done     0.0123457      –       nan      –
                3  c-1         0.25          –  stopped  0.2            –         –      –

                """)
        let whole = try fixture.output(["rank", "net", "--all-columns"])
        #expect(
            whole
                == """
                net, version 1: best first by valid (highest, the objective), 3 of 3 ranked

                #  experiment     valid  epoch  status   bs  depth         lr      test  train  dataset
                1  a-1         0.95          3  done     32      3  0.1        0.911111      1  digits
                2  b-1         0.946222      4  done     32      –  0.0123457       nan      –  digits
                3  c-1         0.25          –  stopped  32      –  0.2               –      –  mnist

                """)
    }

    @Test func `Differences are to the first rank, also if the table does not have it`() throws {
        let fixture = try Self.fixture()
        let differences = try fixture.output(["rank", "net", "--delta", "--at-best", "test", "--precision", "2"])
        #expect(
            differences
                == """
                net, version 1: best first by valid (highest, the objective), 3 of 3 ranked, differences to the 0.95 of a-1
                same in all rows: bs 32

                #  experiment  Δ valid  epoch  status      lr  depth  test
                1  a-1          0           3  done     0.1        3  0.91
                2  b-1         -0.0038      4  done     0.012      –   nan
                3  c-1         -0.7         –  stopped  0.2        –     –

                """)
        let sorted = try fixture.output([
            "rank", "net", "--delta", "--sort", "-lr", "--limit", "1", "--columns", "lr,max.valid",
        ])
        #expect(
            sorted
                == """
                net, version 1: ranked by valid, sorted by lr (highest first), 3 of 3 ranked, differences to the 0.95 of a-1

                #  experiment  Δ valid  status    lr  valid
                3  c-1            -0.7  stopped  0.2   0.25
                3 ranked experiments (1 shown), 6 columns

                """)
    }

    @Test(arguments: [Direction.max, .min])
    func `Rows within the noise of the best are marked, from the last quarter of its curve`(direction: Direction) throws
    {
        let text = try Self.fixture(direction: direction).output(["rank", "net", "--noise", "--columns", "lr"])
        let sign = direction == .max ? "" : "-"
        let extreme = direction == .max ? "highest" : "lowest"
        #expect(
            text == """
                net, version 1: best first by valid (\(extreme), the objective), 3 of 3 ranked

                #     experiment  \(sign.isEmpty ? "" : " ")   valid  status          lr
                1     a-1         \(sign)0.95      done     0.1
                2  ≈  b-1         \(sign)0.946222  done     0.0123457
                3     c-1         \(sign)0.25      stopped  0.2

                ≈ within 2 x 0.0025 of the best: the changes of valid between the last 4 epochs of \
                a-1, a lower bound

                """)
    }

    @Test func `Replicas give the noise, in rows that are sorted too`() throws {
        let fixture = try Self.fixture()
        let battery = BatteryID(name: "net", version: 1, description: "")
        for (id, value) in [("d-1", "0.6"), ("d-2", "0.7")] {
            fixture.experiment(id, of: battery, maxima: ["valid": value], params: ["bs": "8", "seed": "\(id.last!)"])
        }
        try fixture.commit()
        let text = try fixture.output([
            "rank", "net", "--noise", "--sort", "-bs,rank", "--limit", "2", "--columns", "bs",
        ])
        #expect(text.contains("\n2  ≈  b-1         0.946222  32\n"))
        #expect(
            text.contains(
                "\n≈ within 2 x 0.071 of the best: the pooled standard deviation of 1 group of two "
                    + "or more\n"))
        #expect(
            try fixture.output(["rank", "net", "--noise", "--sort", "rank", "--status", "stopped", "--limit", "1"])
                .hasSuffix("  0.2\n"))
        #expect(
            try fixture.output(["rank", "net", "--noise", "--sort", "-rank", "--limit", "1"]).contains(
                "\nno other row is within 2 x 0.071 of the best: the pooled standard deviation of 1 group of two or more\n"
            ))
    }

    @Test func `A noise that is not known has its reason, and a display without Unicode has other marks`() throws {
        let fixture = try Self.fixture(curve: false)
        #expect(
            try fixture.output(["rank", "net", "--noise"]).hasSuffix(
                """

                the noise is not known: no two experiments of equal hyper-parameters that are done differ in 'valid', and the last \
                quarter of the epochs of a-1 has fewer than 4 finite values of it, or only equal changes. Repeat trainings with other \
                seeds

                """))
        let text = try Self.fixture().query(
            "rank", "net", "--noise", "--delta", "--columns", "depth", environment: ["LC_ALL": "C"]
        ).stdout
        #expect(
            text.hasSuffix(
                """

                #     experiment  valid - best  status   depth
                1     a-1           0           done         3
                2  ~  b-1          -0.00377778  done         -
                3     c-1          -0.7         stopped      -

                ~ within 2 x 0.0025 of the best: the changes of valid between the last 4 epochs of \
                a-1, a lower bound

                """), "\(text)")
    }

    @Test func `Patterns select columns, and channels at the best epoch come with their epoch`() throws {
        let fixture = try Self.fixture()
        let selected = try fixture.output(["rank", "net", "--columns", "param.*,d*", "--at-best", "t*", "--limit", "1"])
        #expect(
            selected
                == """
                net, version 1: best first by valid (highest, the objective), 3 of 3 ranked

                #  experiment  valid  epoch  bs  depth   lr  dataset  train      test
                1  a-1          0.95      3  32      3  0.1  digits       1  0.911111
                3 ranked experiments (1 shown), 10 columns

                """)
        let json = try fixture.output(["rank", "net", "--at-best", "test", "--format", "json", "--status", "stopped"])
        #expect(json.contains(#""maxima":{},"params":{"bs":32,"lr":0.2},"meta":{"dataset":"mnist"}}"#))
        #expect(
            try fixture.output(["rank", "net", "--at-best", "test", "--format", "csv"]).hasPrefix(
                "rank,experiment,battery,name,version,value,status,epoch,last_seen,max.test,param.bs,param.depth,param.lr,"
                    + "meta.dataset\r\n1,a-1,"))
        let unknown = try fixture.query("rank", "net", "--at-best", "tset")
        #expect(unknown.ending == .exited(3))
        #expect(unknown.stderr.hasPrefix("hypero-query: column not found: 'max.tset'. Did you mean 'max.test'?\n"))
    }

    @Test(arguments: [
        (["--delta", "--format", "json"], "--delta needs --format table"),
        (["--precision", "3", "--format", "csv"], "--precision needs --format table"),
        (["--noise", "--format", "csv"], "--noise needs --format table"),
        (["--all-columns", "--format", "json"], "--all-columns needs --format table"),
        (["--noise", "--best-of", "test"], "--noise and --best-of must not be combined"),
        (["--columns", "lr", "--all-columns"], "--columns and --all-columns must not be combined"),
        (["--by", "test", "--best-of", "test"], "--by and --best-of must not be combined"),
        (["--precision", "0"], "--precision must be between 1 and 17, not 0"),
        (["--precision", "18"], "--precision must be between 1 and 17, not 18"),
        (["--at-best", ","], "--at-best needs a name, for example --at-best test"),
        (["--group", ""], "--group needs a name, for example --group lr"),
    ])
    func `Options that have no effect together are refused`(options: [String], message: String) throws {
        let outcome = try Self.fixture().query("rank", ["net"] + options)
        #expect(outcome.ending == .exited(64) && outcome.stdout.isEmpty)
        #expect(outcome.stderr.hasPrefix("hypero-query: \(message)\n"), "\(outcome.stderr)")
    }

    @Test(arguments: [
        [], ["--noise"], ["--delta"], ["--sort", "value"], ["--sort=-rank"], ["--pareto", "value:max"],
        ["--all-columns"],
        ["--precision", "2"], ["--noise", "--delta", "--sort", "rank", "--all-columns", "--precision", "1"],
    ])
    func `Every option allows a battery that is empty, has only nan or one experiment`(options: [String]) throws {
        let fixture = try Fixture()
        fixture.battery("young")
        let nan = fixture.battery("all nan")
        fixture.experiment("a-1", of: nan, maxima: ["valid": "nan"], params: ["lr": "1"], curve: [1: "valid=nan"])
        let one = fixture.battery("one")
        fixture.experiment("b-1", of: one, maxima: ["valid": "0.5"], params: ["lr": "1"])
        let equal = fixture.battery("equal")
        for number in 1...3 {
            fixture.experiment("c-\(number)", of: equal, maxima: ["valid": "0.5"], params: ["lr": "1"])
        }
        try fixture.commit()
        #expect(
            try fixture.output(["rank", "young"] + options).hasSuffix(
                "\nthe battery has no experiments: none has started yet, or all were deleted\n"))
        #expect(
            try fixture.output(["rank", "all nan"] + options).hasSuffix(
                "\nno experiment has a finite value of 'valid', the objective, only nan or infinite ones. List the experiments with "
                    + "hypero-query experiments 'all nan'\n"))
        let lines = try fixture.output(["rank", "one"] + options).split(separator: "\n")
        #expect(lines.count == 3 && lines[2].hasPrefix("1  b-1 "))
        let rows = try fixture.output(["rank", "equal"] + options).split(separator: "\n").filter { $0.contains("c-") }
        #expect(rows.filter { $0.hasPrefix("1  c-") }.count == 3, "\(rows)")
    }

    @Test func `The plain options give the same result as all of them`() throws {
        let fixture = try Self.fixture()
        for options in [
            [], ["--limit", "2"], ["--by", "test"], ["--status", "done", "--status", "stopped"], ["--status", "gone"],
            ["--version", "1", "--columns", "lr,host"],
        ] {
            for format in ["table", "json", "csv"] {
                let plain = try fixture.query("rank", ["net", "--format", format] + options)
                // An option that few calls have.
                let whole = try fixture.query("rank", ["net", "--format", format, "--lost-after", "3m"] + options)
                #expect(plain.stdout == whole.stdout && plain.stderr == whole.stderr && plain.ending == whole.ending)
            }
        }
    }
}
