import HyperoSchema
import TestSupport
import Testing

@testable import HyperoQuery

/// Sorting, groups and fronts of what any client may have written: very many columns, hostile names, and keys of wrong types.
@Suite struct RankLimitsTests {
    @Test func `Ten thousand hyper-parameters are sorted, grouped and shown in a bounded table`() throws {
        let fixture = try Fixture()
        let battery = fixture.battery("wide")
        let names = (0..<10_000).map { "param.p\($0)" }
        fixture.write(["ZADD", fixture.keyspaces[0].columns(of: battery)] + names.flatMap { ["1", $0] })
        for number in 1...4 {
            fixture.experiment("a-\(number)", of: battery, maxima: ["valid": "\(number)"])
            let key = fixture.keyspaces[0].experiment(ExperimentID("a-\(number)")!)
            fixture.write(
                ["HSET", key] + names.flatMap { [$0, $0 == "param.p7" ? "\(number / 3)" : "\(number % 2)"] })
        }
        try fixture.commit()
        let store = try fixture.store()
        let sorted = try store.leaderboard(of: "wide", sort: [SortField("p7"), SortField("p8", isDescending: true)])
        #expect(sorted.rows.map(\.experiment) == ["a-1", "a-2", "a-3", "a-4"])
        let groups = try store.groups(of: "wide", by: .parameters)
        #expect(groups.groupCount == 4 && groups.fields.count == 10_000)
        // The table has 64 of them, and names some of the others.
        for text in [groups.text(as: .table, for: Display()), sorted.text(as: .table, for: Display())] {
            #expect(text.utf8.count < 20_000 && text.contains("columns hidden: "))
        }
        #expect(try store.groups(of: "wide", by: .fields(["p7"])).rows.map(\.count) == [2, 2])
        #expect(try store.leaderboard(of: "wide", pareto: [ParetoCriterion("p7", .min)]).rows.count == 2)
    }

    @Test func `Names and values of any script and with control characters stay in their cells`() throws {
        let fixture = try Fixture()
        let battery = fixture.battery("net\u{1B}[2J")
        let names = ["größe", "学習率", "\u{202E}rtl", "line\nbreak", "rank", "seed ", "a,b", "*", "-x"]
        let number = 3
        for index in 1...number {
            let key = fixture.keyspaces[0].experiment(ExperimentID("a-\(index)")!)
            fixture.experiment("a-\(index)", of: battery, maxima: ["valid": "\(index)"])
            for name in names {
                fixture.write("ZADD", fixture.keyspaces[0].columns(of: battery), "1", "param.\(name)")
                fixture.write("HSET", key, "param.\(name)", "v\u{7}\(index % 2)")
            }
        }
        try fixture.commit()
        for name in names {
            // A name with a comma, or with a space at its end, needs quotes.
            let option = "\"param.\(name)\""
            for options in [["--sort=\(option)"], ["--group=\(option)"], ["--columns=\(option)", "--sort=\(option)"]] {
                let text = try fixture.output(["rank", battery.text] + options)
                #expect(!text.contains("\u{1B}") && !text.contains("\u{7}") && !text.contains("\u{202E}"), "\(options)")
                #expect(text.contains("v\\x070") && text.contains("v\\x071"), "\(text)")
            }
        }
        // A hyper-parameter has the name before the part of the result.
        let rows = try fixture.output(["rank", battery.text, "--sort", "rank", "--format", "csv"])
            .split(separator: "\r\n").dropFirst().map { $0.prefix(5) }
        #expect(rows == ["2,a-2", "1,a-3", "3,a-1"])
    }

    @Test func `A hash of a wrong type is left out of the values with a warning`() throws {
        let fixture = try Fixture()
        let battery = fixture.battery("net")
        for (id, value) in [("a-1", "1"), ("b-1", "2"), ("c-1", "3")] {
            fixture.experiment(id, of: battery, maxima: ["valid": value], params: ["lr": value])
        }
        let key = fixture.keyspace(of: "b-1").experiment(ExperimentID("b-1")!)
        fixture.write("DEL", key)
        fixture.write("SADD", key, "x")
        fixture.write("ZADD", fixture.keyspaces[0].rank(of: battery, by: "valid"), "9", "not an id")
        try fixture.commit()
        for options in [["--sort", "lr"], ["--group", "lr"], ["--pareto", "valid"]] {
            let outcome = try fixture.query("rank", ["net", "--format", "csv"] + options)
            #expect(outcome.succeeded)
            let lines = outcome.stdout.split(whereSeparator: \.isNewline).dropFirst()
            switch options[0] {
            case "--sort":
                #expect(lines.map { $0.split(separator: ",")[1] } == ["a-1", "c-1", "not an id", "b-1"])
                #expect(outcome.stderr.contains(key))
            case "--group":
                // Those without a hash are in the group without the value.
                #expect(lines.map { $0.split(separator: ",")[1] } == ["2", "1", "1"])
                #expect(outcome.stderr.contains(key))
                #expect(outcome.stderr.contains("experiment 'not an id' is ranked, but its hash is missing"))
            // The value of the ranking is a field of the hash too.
            default: #expect(lines.map { $0.split(separator: ",")[1] } == ["c-1"])
            }
        }
    }
}
