import HyperoSchema
import TestSupport
import Testing

@testable import HyperoQuery

@Suite struct ExplainCommandTests {
    private static let search = "s0000000a"

    private func fixture(
        _ count: Int, partitions: Int = 1, sampler: String? = "tpe", more: KeyValuePairs<String, String> = [:],
        knowledge: @escaping (Int) -> Int = { $0 - 1 }
    ) throws -> Fixture {
        let fixture = try Fixture(partitions: partitions)
        fixture.search(
            Self.search, of: fixture.battery("net"), sampler: sampler, trials: 100, sampled: count,
            knowledge: knowledge, more: more)
        try fixture.commit()
        return fixture
    }

    /// Changes fields of the experiment of a trial.
    private func set(_ fixture: Fixture, trial: Int, _ fields: String...) throws {
        let id = SearchID(Self.search)!
        fixture.write(["HSET", fixture.keyspace(of: id).experiment(id.experiment(ofTrial: trial))] + fields)
        try fixture.commit()
    }

    private func origins(_ explanation: TrialExplanation) -> [String: TrialExplanation.Origin] {
        Dictionary(uniqueKeysWithValues: explanation.parameters.map { ($0.name, $0.origin) })
    }

    @Test(arguments: [12, 40, 60], [1, 4])
    func `Each suggestion is computed again, with its origin`(count: Int, partitions: Int) throws {
        let fixture = try fixture(count, partitions: partitions)
        let explanation = try fixture.store().explanation(ofTrial: "\(Self.search)-\(count)")
        #expect(explanation.isConsistent && explanation.warnings.isEmpty && !explanation.isTrimmed)
        #expect(explanation.parameters.allSatisfy { $0.isEqual == true })
        #expect(
            origins(explanation) == ["lr": .together, "depth": .together, "opt": .together, "momentum": .alone])
        #expect(explanation.endedCount == count - 1 && explanation.goodCount == (count + 8) / 10)
        #expect(explanation.badCount == count - 1 - (count + 8) / 10)
    }

    @Test func `A suggestion depends on the part of the history that the trial knew`() throws {
        let fixture = try fixture(40, knowledge: { $0 - 9 })
        let explanation = try fixture.store().explanation(ofTrial: "\(Self.search)-40")
        #expect(explanation.isConsistent && explanation.endedCount == 31)
        try set(fixture, trial: 40, "asof", "73-0")
        let other = try fixture.store().explanation(ofTrial: "\(Self.search)-40")
        #expect(!other.isConsistent && other.endedCount == 36)
    }

    @Test func `A history that was written again since the trial is no difference`() throws {
        let fixture = try fixture(40)
        // A replay gives the entries other ids.
        try set(fixture, trial: 40, "asof", "72-5")
        let outcome = try fixture.query("explain", "\(Self.search)-40")
        #expect(
            outcome.succeeded && outcome.stdout.contains("unknown: the history of the search was written again since"))
    }

    @Test func `A value that the program has rounded to a grid is computed with the step`() throws {
        let fixture = try fixture(40, sampler: "random")
        let before = try fixture.store().explanation(ofTrial: "\(Self.search)-40")
        let momentum = try #require(before.parameters.first { $0.name == "momentum" }.flatMap { Double($0.value) })
        let step = 0.11
        let rounded = min(max(((momentum - step / 2) / step).rounded() * step + step / 2, step / 2), 0.99 - step / 2)
        try set(fixture, trial: 40, "param.momentum", "\(rounded)")
        #expect(try !fixture.store().explanation(ofTrial: "\(Self.search)-40").isConsistent)
        try set(fixture, trial: 40, "meta.step: momentum", "\(step)")
        #expect(try fixture.store().explanation(ofTrial: "\(Self.search)-40").isConsistent)
    }

    @Test func `The table says where the values come from`() throws {
        let fixture = try fixture(60)
        let text = try fixture.output(["explain", "\(Self.search)-60"])
        let lines = text.split(separator: "\n", omittingEmptySubsequences: false)
        #expect(lines[0] == "s0000000a-60  trial 60 of search s0000000a, search", "\(text)")
        #expect(
            text.contains(
                "asof     entry 119-0 of the history\ntrials   59 trials had ended: the best 6 beside 53 others\n"))
        let rows = lines.filter { $0.hasPrefix("lr ") || $0.hasPrefix("momentum ") || $0.hasPrefix("opt ") }
        #expect(rows.count == 3 && rows.allSatisfy { $0.contains("  equal  ") })
        #expect(
            rows[0].contains("  together  ") && rows[0].contains(" to 0.") && rows[0].hasSuffix("logUniform 1e-05 0.1"))
        #expect(rows[1].contains("  alone  "))
        #expect(rows[2].contains(/(sgd|adam) \d/))
        #expect(
            text.contains("alone: not all ended trials have it, so that those count that do, for momentum the best "))
    }

    @Test(arguments: [(1, "tpe"), (10, "tpe"), (40, "random")])
    func `The first trials, and those of a random sampler, are drawn from the distributions`(
        count: Int, sampler: String
    ) throws {
        let fixture = try fixture(count, sampler: sampler)
        let explanation = try fixture.store().explanation(ofTrial: "\(Self.search)-\(count)")
        #expect(explanation.parameters.allSatisfy { $0.origin == .distribution && $0.isEqual == true })
        let text = try fixture.output(["explain", "\(Self.search)-\(count)"])
        let reason =
            sampler == "tpe"
            ? "drawn at random until 10 trials have ended" : "the sampler random regards no other trials"
        #expect(text.contains("distribution: \(reason)\n"), "\(text)")
        #expect(text.contains("asof     no entry of the history") == (count == 1))
    }

    @Test func `A value that differs is a warning, and the exit status tells it`() throws {
        let fixture = try fixture(40)
        try set(fixture, trial: 40, "param.lr", "0.05")
        let outcome = try fixture.query("explain", "\(Self.search)-40")
        #expect(outcome.ending == .exited(2) && outcome.stdout.contains("  differs: "))
        #expect(
            outcome.stderr.contains(/hypero-query: s0000000a-40: lr is 0.05, but its history leads to 0\.\d+\n/),
            "\(outcome.stderr)")
        let json = try fixture.query("explain", "\(Self.search)-40", "--format", "json")
        #expect(
            json.ending == .exited(2) && json.stdout.contains("\"consistent\":false,\"params\":[{\"name\":\"depth\","))
    }

    @Test func `The last bits of a number do not count`() throws {
        let fixture = try fixture(40)
        let before = try fixture.store().explanation(ofTrial: "\(Self.search)-40")
        let lr = try #require(before.parameters.first { $0.name == "lr" }.flatMap { Double($0.value) })
        try set(fixture, trial: 40, "param.lr", "\(lr.nextUp.nextUp)")
        #expect(try fixture.store().explanation(ofTrial: "\(Self.search)-40").isConsistent)
        try set(fixture, trial: 40, "param.lr", "\(lr * (1 + 2e-9))")
        #expect(try !fixture.store().explanation(ofTrial: "\(Self.search)-40").isConsistent)
    }

    @Test func `The values of an enqueued point are told from suggestions`() throws {
        let fixture = try fixture(
            40,
            more: [
                "granted": "2", "point.1": "{\"lr\":0.25}", "point.2": "{\"lr\":0.0625,\"opt\":\"lion\",\"depth\":9}",
            ])
        // The categorical value does not fit, and was drawn. Neither does the depth.
        try set(fixture, trial: 40, "param.lr", "0.0625", "meta.not used: opt", "lion", "meta.not used: depth", "9")
        let explanation = try fixture.store().explanation(ofTrial: "\(Self.search)-40")
        #expect(explanation.isConsistent)
        #expect(origins(explanation) == ["lr": .point, "depth": .together, "opt": .together, "momentum": .alone])
        #expect(explanation.parameters.first { $0.name == "lr" }?.point == 2)
        #expect(try fixture.output(["explain", "\(Self.search)-40"]).contains("  enqueued point 2  "))
    }

    @Test func `An open trial names its point, and must have its values`() throws {
        let fixture = try fixture(
            40, more: ["granted": "1", "point.1": "{\"lr\":0.0625}", "open.40": "1 w-1:4 1764240000000 1 w-1"])
        let explanation = try fixture.store().explanation(ofTrial: "\(Self.search)-40")
        #expect(origins(explanation)["lr"] == .point && !explanation.isConsistent)
        try set(fixture, trial: 40, "param.lr", "0.0625")
        #expect(try fixture.store().explanation(ofTrial: "\(Self.search)-40").isConsistent)
    }

    @Test func `A later attempt has the values of the first one`() throws {
        let fixture = try fixture(40)
        try set(fixture, trial: 40, "attempt", "2", "param.lr", "0.05")
        let outcome = try fixture.query("explain", "\(Self.search)-40")
        #expect(outcome.succeeded && outcome.stdout.contains("earlier attempt") && !outcome.stdout.contains("differs"))
        #expect(outcome.stdout.contains("attempt: the first attempt has drawn the values"))
    }

    @Test func `Values without a distribution are of the program, and unknown ones say why`() throws {
        let fixture = try fixture(40)
        try set(fixture, trial: 40, "param.host", "node7")
        #expect(origins(try fixture.store().explanation(ofTrial: "\(Self.search)-40"))["host"] == .program)
        try set(fixture, trial: 40, "asof", "soon")
        let outcome = try fixture.query("explain", "\(Self.search)-40")
        #expect(outcome.succeeded && outcome.stderr.contains("asof must be the id of an entry, not 'soon'"))
        #expect(
            outcome.stdout.contains(
                "unknown: the program has not recorded the part of the history that its sampler knew"))
        let other = try self.fixture(20, sampler: "grid")
        #expect(
            try other.output(["explain", "\(Self.search)-20"]).contains(
                "unknown: the sampler 'grid' is not one of this version"))
    }

    @Test func `The distribution of a trial precedes that of the search, and that of the search that of the battery`()
        throws
    {
        let fixture = try fixture(40, sampler: "random")
        try set(fixture, trial: 40, "space.lr", "logUniform 1e-05 0.2")
        let explanation = try fixture.store().explanation(ofTrial: "\(Self.search)-40")
        #expect(explanation.parameters.first { $0.name == "lr" }?.distribution == "logUniform 1e-05 0.2")
        #expect(explanation.parameters.first { $0.name == "lr" }?.isEqual == false)
        let id = SearchID(Self.search)!
        let keys = fixture.keyspace(of: id)
        let battery = BatteryID(name: "net", version: 1, description: "")
        for parameter in Fixture.space {
            fixture.write("HDEL", keys.search(id), "space.\(parameter.name)")
            fixture.write("HSET", keys.space(of: battery), parameter.name, parameter.distribution.text)
        }
        fixture.write("HDEL", keys.experiment(id.experiment(ofTrial: 40)), "space.lr")
        try fixture.commit()
        #expect(
            try fixture.store().explanation(ofTrial: "\(Self.search)-40").parameters.allSatisfy { $0.isEqual == true })
    }

    @Test(arguments: [
        ("s0000000a-41", "experiment not found: 's0000000a-41'. Did you mean 's0000000a-40'?"),
        ("s0000000a", "trial not found: 's0000000a', the id of a trial is that of its search and its number"),
        ("k3v9x2mq7d-1", "trial not found: 'k3v9x2mq7d-1'"), ("S-1", "experiment not found: 'S-1', an id must have"),
    ])
    func `An id that is not one of a trial is an error`(id: String, message: String) throws {
        let outcome = try fixture(40).query("explain", id)
        #expect(
            outcome.ending == .exited(3) && outcome.stderr.hasPrefix("hypero-query: \(message)"), "\(outcome.stderr)")
    }
}
