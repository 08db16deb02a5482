import HyperoSchema
import TestSupport
import Testing

@testable import HyperoQuery

/// `--where` of the commands, with a real server.
@Suite struct FilterCommandTests {
    /// Writes experiments of two versions in some partitions: the values 0.9, 0.8 … of valid.
    private func fixture(partitions: Int = 1) throws -> Fixture {
        let fixture = try Fixture(partitions: partitions)
        let first = fixture.battery("digits mlp", version: 1)
        let second = fixture.battery("digits mlp", version: 2)
        let opts = ["adam", "sgd", "adam", "rmsprop", "sgd"]
        for (index, opt) in opts.enumerated() {
            fixture.experiment(
                "e\(index)-1", of: index < 3 ? first : second,
                maxima: ["valid": "0.\(9 - index)", "loss": index == 2 ? "nan" : "0.\(index + 1)"],
                params: ["lr": "0.0\(index + 1)", "opt": opt, "lr decay": "linear"], meta: ["env": "nb"],
                status: index == 1 ? "failed" : "done", more: ["host": "node0\(index)"],
                curve: [1: "valid=0.\(9 - index)"])
        }
        fixture.experiment("e5-1", of: second, params: ["lr": "0.5", "opt": "sgd"], status: "stopped")
        try fixture.commit()
        return fixture
    }

    /// Returns the ids in the first column of CSV that has the id there, or in the second one.
    private func ids(_ fixture: Fixture, _ arguments: [String]) throws -> [String] {
        let text = try fixture.output(arguments + ["--format", "csv"])
        let column = arguments[0] == "rank" ? 1 : 0
        return text.split(whereSeparator: \.isNewline).dropFirst().map { String($0.split(separator: ",")[column]) }
    }

    @Test(arguments: [1, 3])
    func `Each command has only the experiments that fulfil the filter`(partitions: Int) throws {
        let fixture = try fixture(partitions: partitions)
        let cases: [(String, rank: [String], all: [String])] = [
            ("valid > 0.65", ["e0-1", "e1-1", "e2-1"], ["e0-1", "e1-1", "e2-1"]),
            ("opt = sgd", ["e1-1", "e4-1"], ["e1-1", "e4-1", "e5-1"]),
            ("valid is null", [], ["e5-1"]),
            ("version = 2 and status = done", ["e3-1", "e4-1"], ["e3-1", "e4-1"]),
            ("rank <= 2", ["e0-1", "e1-1"], ["e0-1", "e1-1"]),
            ("valid >= best - 0.1", ["e0-1", "e1-1"], ["e0-1", "e1-1"]),
            ("loss <= best * 2", ["e0-1", "e1-1"], ["e0-1", "e1-1"]),
            ("host ~ '0[02]$' or id = e3", ["e0-1", "e2-1", "e3-1"], ["e0-1", "e2-1", "e3-1"]),
            ("", ["e0-1", "e1-1", "e2-1", "e3-1", "e4-1"], ["e0-1", "e1-1", "e2-1", "e3-1", "e4-1", "e5-1"]),
        ]
        for (expression, ranked, all) in cases {
            #expect(try ids(fixture, ["rank", "digits mlp", "--where", expression]) == ranked, "\(expression)")
            #expect(
                try ids(fixture, ["rank", "digits mlp", "--where", expression, "--sort", "-lr"]) == ranked.reversed(),
                "\(expression)")
            #expect(
                try ids(fixture, ["experiments", "digits mlp", "--where", expression]).sorted() == all, "\(expression)")
            for order in [[], ["--order-by", "valid"], ["--order-by", "opt"]] {
                #expect(
                    try ids(fixture, ["export", "digits mlp", "--where", expression] + order).sorted() == all,
                    "\(expression) \(order)")
            }
            guard !ranked.isEmpty else { continue }
            let top = ["--top", "9", "digits mlp", "--where", expression]
            #expect(try ids(fixture, ["curves"] + top) == ranked, "\(expression)")
            let compared = try fixture.output(["compare"] + top + ["--format", "csv"])
            #expect(compared.split(whereSeparator: \.isNewline).count == ranked.count + 1, "\(expression)")
        }
        let curves = try ids(fixture, ["export", "digits mlp", "--curves", "--where", "opt = adam"])
        #expect(curves == ["e0-1", "e2-1"])
    }

    @Test func `A filter narrows groups, fronts, statuses and unranked experiments`() throws {
        let fixture = try fixture()
        let groups = try fixture.output([
            "rank", "digits mlp", "--group", "opt", "--where", "valid < 0.85", "--format", "csv",
        ])
        #expect(groups.split(whereSeparator: \.isNewline).count == 4)
        #expect(
            try ids(fixture, ["rank", "digits mlp", "--where", "opt = sgd", "--status", "done"]) == ["e4-1"])
        #expect(
            try ids(fixture, ["rank", "digits mlp", "--where", "lr >= 0.02", "--pareto", "valid:max,lr:min"])
                == ["e1-1"])
        #expect(try ids(fixture, ["experiments", "digits mlp", "--unranked", "--where", "opt = sgd"]) == ["e5-1"])
        #expect(
            try ids(fixture, ["experiments", "digits mlp", "--limit", "1", "--where", "opt = adam"]).count == 1)
        let note = try fixture.output(["importance", "digits mlp", "--where", "opt = sgd"])
        #expect(note.contains("3 of 6 experiments fulfil opt = sgd"))
    }

    @Test func `The first line of a table has the filter, and notes say how far it was searched`() throws {
        let fixture = try fixture()
        let table = try fixture.output(["rank", "digits mlp", "--where", "opt  = 'sgd'", "--columns", "lr"])
        #expect(
            table == """
                digits mlp, versions 1, 2: best first by valid (highest, the objective), 5 of 6 ranked, 2 with opt = 'sgd' shown

                #  experiment  version  valid  status    lr
                1  e1-1              1    0.8  failed  0.02
                2  e4-1              2    0.5  done    0.05

                1 of 6 experiments has no finite 'valid' and no rank. List with hypero-query experiments 'digits mlp' --unranked

                """)
        #expect(
            try fixture.output(["experiments", "digits mlp", "--where", "opt = sgd"]).hasPrefix(
                "digits mlp, versions 1, 2: newest first, 3 of 6 experiments with opt = sgd\n"))
        let cut = try fixture.query("rank", "digits mlp", "--where", "lr > 0", "--limit", "2", "--format", "csv")
        #expect(cut.stderr.contains("3 further ranked experiments were not searched for lr > 0. Use --limit 5 for all"))
    }

    @Test func `A lenient filter has no unknown fields, and one version with the field suffices`() throws {
        let fixture = try fixture()
        let unknown = try fixture.query("rank", "digits mlp", "--where", "nothing > 1")
        #expect(unknown.ending == .exited(64))
        #expect(try ids(fixture, ["rank", "digits mlp", "--lenient", "--where", "nothing > 1"]) == [])
        #expect(
            try ids(fixture, ["rank", "digits mlp", "--lenient", "--where", "nothing > 1 or valid > 0.8"]) == ["e0-1"])
        // e3-1 and e4-1 of version 2 have it, and version 1 alone has it too.
        fixture.experiment(
            "e6-1", of: BatteryID(name: "digits mlp", version: 2, description: ""), maxima: ["valid": "0.1"],
            params: ["width": "3"])
        try fixture.commit()
        #expect(try ids(fixture, ["rank", "digits mlp", "--where", "width = 3"]) == ["e6-1"])
        #expect(
            try fixture.query("rank", "digits mlp", "--version", "1", "--where", "width = 3").ending == .exited(64))
        let empty = try Fixture()
        empty.battery("young")
        try empty.commit()
        for command in ["rank", "experiments", "export", "importance"] {
            let outcome = try empty.query(command, "young", "--where", "valid > 1 and lr < 2")
            #expect(outcome.succeeded, "\(outcome)")
        }
    }

    @Test func `Hyper-parameters that are words in some experiments are compared as numbers in the others`() throws {
        let fixture = try Fixture()
        let battery = fixture.battery("mixed")
        fixture.experiment("a-1", of: battery, maxima: ["valid": "0.1"], params: ["depth": "64"])
        for number in 2...100 {
            fixture.experiment(
                "a-\(number)", of: battery, maxima: ["valid": "0.2"], params: ["depth": "auto"],
                started: Fixture.noon + Int64(number))
        }
        try fixture.commit()
        #expect(try ids(fixture, ["rank", "mixed", "--where", "depth > 32"]) == ["a-1"])
    }

    @Test(arguments: [
        ("UTC", "started = 2025-11-23", ["a-1", "a-2"]), ("Asia/Tokyo", "started = 2025-11-23", ["a-1"]),
        ("Asia/Tokyo", "started = 2025-11-23Z", ["a-1", "a-2"]), ("Asia/Tokyo", "started = 2025-11-24", ["a-2"]),
        ("Asia/Tokyo", "started >= 2025-11-23T12:00Z", ["a-1", "a-2"]),
        ("America/New_York", "started < 2025-11-23T08:00", ["a-1", "a-3", "a-4"]),
        // The day of 25 hours on which daylight saving time ends.
        ("America/New_York", "started = 2025-11-02", ["a-3", "a-4"]), ("UTC", "started = 2025-11-02", ["a-3"]),
    ])
    func `Times are in the time zone of the process`(zone: String, expression: String, expected: [String]) throws {
        let fixture = try Fixture()
        let battery = fixture.battery("times")
        for (id, started) in [
            // 12:00 and 23:00 on 2025-11-23, and 04:00 on 2025-11-02 and 2025-11-03, 4:30 of it.
            ("a-1", Fixture.noon), ("a-2", Fixture.noon + 11 * 3_600_000), ("a-3", 1_762_056_000_000),
            ("a-4", 1_762_144_200_000),
        ] { fixture.experiment(id, of: battery, maxima: ["valid": "1"], started: started) }
        try fixture.commit()
        let outcome = try fixture.query(
            "experiments", ["times", "--where", expression, "--format", "csv"], environment: ["TZ": zone])
        let ids = outcome.stdout.split(whereSeparator: \.isNewline).dropFirst().map { String($0.prefix(3)) }
        #expect(ids.sorted() == expected)
    }

    @Test func `Odd names, 10,000 columns and values of a hostile server are compared`() throws {
        let fixture = try Fixture()
        let battery = fixture.battery("odd")
        let names = [
            "and", "größe", "名前", "a b", "back`tick", "say \"hi\"", "\u{202E}rtl", "best", "10k", "🚀", "e\u{301}",
        ]
        for (index, name) in names.enumerated() {
            fixture.experiment("a-\(index)", of: battery, maxima: ["valid": "0.\(index + 10)"])
            let key = fixture.keyspaces[0].experiment(ExperimentID("a-\(index)")!)
            fixture.write("HSET", key, "param." + name, "x\(index)")
            fixture.write("ZADD", fixture.keyspaces[0].columns(of: battery), "1", "param." + name)
        }
        for number in 0..<10_000 {
            fixture.write("ZADD", fixture.keyspaces[0].columns(of: battery), "1", "param.p\(number)")
        }
        fixture.write("ZADD", fixture.keyspaces[0].experiments(of: battery), "1", "wrong-1")
        fixture.write("SET", fixture.keyspaces[0].experiment(ExperimentID("wrong-1")!), "no hash")
        try fixture.commit()
        for (index, name) in names.enumerated() {
            let quoted = "param.`" + name.replacing("`", with: "``") + "`"
            #expect(
                try ids(fixture, ["rank", "odd", "--where", "\(quoted) = x\(index)"]) == ["a-\(index)"], "\(name)")
        }
        // The same letter as another sequence of scalars is another name.
        let other = try fixture.query("rank", "odd", "--where", "é = x10")
        #expect(other.ending == .exited(64))
        let store = try fixture.store()
        #expect(
            try store.experiments(of: "odd", filter: ExperimentFilter(where: Filter("p9999 is null"))).rows.count == 12)
        #expect(throws: QueryError.self) { try store.leaderboard(of: "odd", where: Filter("p99999 > 1")) }
        #expect(try store.experimentIDs(of: "odd", where: Filter("valid < 0.115")) == ["a-0", "a-1"])
    }

    /// Writes experiments as the ingest does whose objective, the loss, diverged, was not logged, or is finite.
    private func divergedFixture() throws -> Fixture {
        let fixture = try Fixture()
        let battery = fixture.battery("nn", objective: "loss", direction: .min)
        fixture.experiment("diverged-1", of: battery, more: ["epochs": "2", "nonfinite": "2"])
        fixture.experiment("empty-1", of: battery)
        fixture.experiment("started-1", of: battery, more: ["epochs": "2"])
        fixture.experiment("partly-1", of: battery, maxima: ["loss": "0.3"], more: ["epochs": "2", "nonfinite": "1"])
        fixture.experiment("good-1", of: battery, maxima: ["loss": "0.2"], more: ["epochs": "2"])
        fixture.experiment("stated-1", of: battery, more: ["epochs": "2", "nonfinite": "1", "max.epoch": "2"])
        try fixture.commit()
        return fixture
    }

    @Test(arguments: [
        ("loss is nan", ["diverged-1"]),
        ("not (loss is nan)", ["empty-1", "good-1", "partly-1", "started-1", "stated-1"]),
        ("loss is not finite", ["diverged-1"]), ("loss is finite", ["good-1", "partly-1"]),
        ("loss is null", ["empty-1", "started-1", "stated-1"]), ("loss is not nan", ["good-1", "partly-1"]),
        ("loss > 0 or loss is nan", ["diverged-1", "good-1", "partly-1"]), ("loss != 7", ["good-1", "partly-1"]),
    ])
    func `An experiment of which no epoch has a finite objective counts as nan`(expression: String, expected: [String])
        throws
    {
        let fixture = try divergedFixture()
        #expect(try ids(fixture, ["experiments", "nn", "--where", expression]).sorted() == expected)
        #expect(try ids(fixture, ["export", "nn", "--where", expression]).sorted() == expected)
        #expect(try fixture.store().experimentIDs(of: "nn", where: Filter(expression)).sorted() == expected)
    }

    @Test func `Of several conditions, all must be fulfilled, and an error has its place in its own one`() throws {
        let fixture = try fixture()
        for (conditions, expected) in [
            (["lr < 0.04 or lr > 0.4", "opt = adam;"], ["e0-1", "e2-1"]),
            (["where opt = adam", "lr < 0.02"], ["e0-1"]),
            (["", "opt = rmsprop"], ["e3-1"]), (["opt = adam", " "], ["e0-1", "e2-1"]),
        ] {
            let options = conditions.flatMap { ["--where", $0] }
            #expect(try ids(fixture, ["rank", "digits mlp"] + options) == expected, "\(conditions)")
            #expect(try ids(fixture, ["experiments", "digits mlp"] + options).sorted() == expected, "\(conditions)")
        }
        let text = try fixture.output(["rank", "digits mlp", "--where", "opt = adam", "--where", "lr < 0.02"])
        #expect(text.hasPrefix("digits mlp"))
        #expect(text.contains("1 with (opt = adam) and (lr < 0.02)"), "\(text)")
        let wrong = try fixture.query("rank", "digits mlp", "--where", "opt = adam", "--where", "lr <")
        #expect(wrong.stderr == "hypero-query: a value is missing after <\n  lr <\n      ^  for example valid > 0.9\n")
        let unknown = try fixture.query("rank", "digits mlp", "--where", "opt = adam", "--where", "nö = 1 or lt > 1")
        #expect(
            unknown.stderr == """
                hypero-query: no field is called nö
                  (opt = adam) and (nö = 1 or lt > 1)
                                    ^^  hypero-query columns 'digits mlp' lists 6

                """, "\(unknown)")
    }

    @Test func `A limit near the best value has no digits that come from rounding`() throws {
        let fixture = try Fixture()
        let battery = fixture.battery("f")
        for (index, valid) in ["0.8", "0.7", "0.6999999", "0.56", "0.3"].enumerated() {
            fixture.experiment("f\(index)-1", of: battery, maxima: ["valid": valid])
        }
        try fixture.commit()
        for (expression, expected) in [
            ("valid >= best - 0.1", ["f0-1", "f1-1"]), ("valid > best - 0.1", ["f0-1"]),
            ("valid = best-0.1", ["f1-1"]), ("valid < best - 0.1", ["f2-1", "f3-1", "f4-1"]),
            ("valid = best * 0.7", ["f3-1"]), ("valid = best", ["f0-1"]), ("valid < best - 0.5", []),
        ] {
            #expect(try ids(fixture, ["rank", "f", "--where", expression]) == expected, "\(expression)")
        }
    }

    @Test(arguments: ["curves", "compare"])
    func `A condition that no ranked experiment fulfils is the reason why there are no curves`(command: String) throws {
        let outcome = try fixture().query(command, "--top", "2", "digits mlp", "--where", "valid > 5")
        #expect((outcome.stdout + outcome.stderr).contains("none of 5 ranked experiments has valid > 5"), "\(outcome)")
        #expect(!(outcome.stdout + outcome.stderr).contains("is ranked"))
    }

    @Test func `The explanation counts the experiments, fields and round trips of a filter`() throws {
        let server = try RedisServer(appendOnly: false)
        let fixture = try Fixture(on: server)
        let battery = fixture.battery("many")
        for number in 0..<5_000 {
            fixture.experiment(
                "a-\(number)", of: battery, maxima: ["valid": "0.\(10_000 + number)"],
                params: ["lr": "0.01", "opt": number % 2 == 0 ? "adam" : "sgd"])
        }
        try fixture.commit()
        let store = try fixture.store()
        server.cli("CONFIG", "RESETSTAT")
        let board = try store.leaderboard(of: "many", where: Filter("opt = adam and metrics.valid > 0.1"))
        #expect(board.rows.map(\.experiment) == stride(from: 4998, through: 4980, by: -2).map { "a-\($0)" })
        #expect(board.examinedCount == 20)
        let hashes = server.cli("INFO", "commandstats").split(whereSeparator: \.isNewline)
            .filter { $0.hasPrefix("cmdstat_hmget") || $0.hasPrefix("cmdstat_hgetall") }
            .compactMap { Int($0.split { ":=,".contains($0) }[2]) }.reduce(0, +)
        #expect(hashes < 300)
        #expect(store.cost.roundTrips <= 8)

        let outcome = try ChildProcess.run(
            "hypero-query",
            [
                "rank", "many", "--where", "opt = adam and metrics.valid > 0.1", "--explain", "--namespace",
                fixture.namespace,
            ],
            environment: ["TZ": "UTC", "HYPERO_REDIS": server.url])
        #expect(outcome.succeeded)
        let lines = outcome.stderr.split(separator: "\n").map(String.init)
        #expect(
            lines.prefix(3) == [
                "hypero-query: explain: scan: 20 of 5000 experiments ranked by valid, for 10 rows",
                "hypero-query: explain: fields of the filter: param.opt, max.valid",
                "hypero-query: explain: metrics.valid is the value at the best epoch. MLflow would compare the last value",
            ])
        #expect(lines.count == 4)
        #expect(lines.last?.contains(" round trips, ") ?? false && lines.last?.hasSuffix(" ms") ?? false, "\(lines)")

        let index = try fixture.query("rank", "many", "--explain")
        #expect(
            index.stderr.hasPrefix("hypero-query: explain: index: the first 10 of 5000 experiments ranked by valid\n"))
        for (command, first) in [
            ("experiments", "scan: the newest 5000 of 5000 experiments, for 1 rows"),
            ("export", "scan: 5000 experiments, of which 1 fulfil the filter"),
        ] {
            let outcome = try fixture.query(command, "many", "--where", "id = a-77", "--explain")
            #expect(outcome.stderr.hasPrefix("hypero-query: explain: \(first)\n"), "\(outcome.stderr)")
            #expect(outcome.stderr.contains("explain: fields of the filter: none\n"))
        }
    }
}
