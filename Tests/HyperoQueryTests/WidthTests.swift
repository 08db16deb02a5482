import HyperoSchema
import TestSupport
import Testing

@testable import HyperoQuery

/// Tables at several widths: what matters most is whole, and no line is broken within a word.
@Suite struct WidthTests {
    private static func lines(_ result: some Rendering, width: Int, advice: [AdviceTopic: String] = [:]) -> [String] {
        result.text(
            as: .table, for: Display(isTerminal: true, width: width), advice: advice, now: Fixture.noon + 3_600_000
        ).split(separator: "\n").map(String.init)
    }

    @Test(arguments: [40, 60, 80, 120, 200])
    func `The reason of a dead letter is whole at any width`(width: Int) throws {
        let fixture = try Fixture()
        let reason = "the field 'epoch' must be a whole number between 0 and 9007199254740992, not '17.25 of twenty'"
        fixture.battery("net")
        fixture.write(
            "XADD", fixture.keyspaces[0].dead, "1763899200000-0", "event", "epoch", "experiment", "k3v9x2mq7d-17",
            "dead.reason", reason, "dead.id", "900-3")
        try fixture.commit()
        let lines = Self.lines(try fixture.store().deadLetters(), width: width)
        #expect(lines.allSatisfy { textWidth($0) <= width })
        #expect(lines.map { $0.trimming(" ") }.joined(separator: " ").contains(reason))
        // No column for what no dead letter has.
        #expect(!lines[0].contains("producer") && !lines[0].contains("seq"))
    }

    @Test(arguments: [60, 80, 120, 200])
    func `The description of a battery is cut before its name, and the direction of its objective is shown`(
        width: Int
    ) throws {
        let fixture = try Fixture()
        fixture.battery("RNN Visual Attention", description: "fixed bug in Sequencer and in the other classes too")
        fixture.battery(
            "digits mlp", description: "multilayer perceptron", objective: "validation_loss", direction: .min)
        fixture.battery("digits", objective: String(repeating: "long", count: 20))
        try fixture.commit()
        let lines = Self.lines(try fixture.store().batteries(), width: width)
        #expect(lines.allSatisfy { textWidth($0) <= width }, "\(lines)")
        for name in ["RNN Visual Attention", "digits mlp", "digits"] {
            #expect(lines.contains { $0.hasPrefix("\(name) ") }, "\(lines)")
        }
        let showsObjectives = lines[0].contains("  by")
        #expect(showsObjectives || lines.contains { $0.contains("hidden: ") && $0.contains("by") })
        guard showsObjectives, width > 80 else { return }
        #expect(lines.contains { $0.contains("validation_loss (min)") })
        #expect(
            lines.contains { $0.contains("longlong~ (max)") || $0.contains("longlon~ (max)") || $0.contains("(max)") })
    }

    /// Experiments with many hyper-parameters, one of which runs.
    private func wide() throws -> Fixture {
        let fixture = try Fixture()
        let battery = fixture.battery("many")
        for number in 1...3 {
            fixture.experiment(
                "k3v9x2mq7d-\(number)", of: battery, maxima: ["valid": "0.\(number)"],
                status: number == 2 ? "running" : "done", more: ["seed": "7\(number)"])
            let key = fixture.keyspaces[0].experiment(ExperimentID("k3v9x2mq7d-\(number)")!)
            for index in 1...40 {
                fixture.write("HSET", key, "param.p\(index + 100)", "\(index * number)")
                fixture.write("ZADD", fixture.keyspaces[0].columns(of: battery), "1", "param.p\(index + 100)")
            }
            fixture.write("HSET", key, "param.seed", "1\(number)")
        }
        fixture.write("ZADD", fixture.keyspaces[0].columns(of: battery), "1", "param.seed")
        try fixture.commit()
        return fixture
    }

    @Test(arguments: [60, 80, 120, 200])
    func `The age of a running row is whole beside many hyper-parameters`(width: Int) throws {
        let store = try wide().store(lostAfter: .seconds(1_000_000))
        for result in [
            try Self.lines(store.leaderboard(of: "many"), width: width),
            try Self.lines(store.experiments(of: "many"), width: width),
            try Self.lines(store.experiments(of: "many", columns: ["status", "p101", "p102"]), width: width),
        ] {
            #expect(result.contains { $0.contains("running (47 min ago)") }, "\(result)")
            #expect(result.allSatisfy { textWidth($0) <= width })
        }
    }

    @Test func `Chosen columns that are hidden are not advised to be chosen, and have the names of the request`() throws
    {
        let fixture = try wide()
        let columns = (101...130).map { "p\($0)" } + ["hypero.seed"]
        let board = try fixture.store().leaderboard(of: "many", columns: ["hypero.seed", "p101"])
        #expect(
            Self.lines(board, width: 80)[1].split(separator: " ") == [
                "#", "experiment", "valid", "hypero.seed", "p101",
            ])
        let outcome = try ChildProcess.run(
            "script",
            [
                "-qec",
                "\(ChildProcess.productsDirectory)/hypero-query rank many --namespace \(fixture.namespace) "
                    + "--columns \(columns.joined(separator: ","))", "/dev/null",
            ], environment: ["HYPERO_REDIS": fixture.server.url, "TERM": "dumb", "LANG": "C.UTF-8", "COLUMNS": "80"])
        #expect(outcome.stdout.contains("columns hidden: "))
        #expect(outcome.stdout.contains("Widen the"), "\(outcome.stdout)")
        #expect(!outcome.stdout.contains("Choose with"))
    }

    @Test(arguments: [40, 60])
    func `An id that is wider than the terminal is cut, and the value stays`(width: Int) throws {
        let fixture = try Fixture()
        let id = String(repeating: "abcdefgh", count: 7) + "-1234567"
        fixture.experiment(id, of: fixture.battery("net"), maxima: ["valid": "0.8125"])
        try fixture.commit()
        for lines in [
            try Self.lines(fixture.store().leaderboard(of: "net"), width: width),
            try Self.lines(fixture.store().experiments(of: "net"), width: width),
        ] {
            #expect(lines.contains { $0.contains("abcdefghabcdefgh") && $0.contains("0.8125") }, "\(lines)")
            #expect(lines.allSatisfy { textWidth($0) <= width })
        }
    }

    @Test(arguments: [20, 40, 60, 79])
    func `Headers, notes and warnings are broken between words`(width: Int) throws {
        let fixture = try Fixture()
        let battery = fixture.battery("net")
        for number in 1...9 { fixture.experiment("a-\(number)", of: battery, maxima: ["valid": "0.\(number)"]) }
        fixture.experiment("b-1", of: battery)
        try fixture.commit()
        let advice: [AdviceTopic: String] = [.unranked: "List with hypero-query experiments net --unranked"]
        let board = try fixture.store().leaderboard(of: "net")
        func text(_ width: Int?) -> String {
            board.text(as: .table, for: Display(isTerminal: true, width: width), advice: advice, now: Fixture.noon)
        }
        let words = { (text: String) in text.split(whereSeparator: \.isWhitespace).map(String.init) }
        let whole = words(text(nil))
        let header = Array(whole.prefix { $0 != "#" })
        #expect(words(text(width)).starts(with: header))
        #expect(words(text(width)).suffix(8) == whole.suffix(8))
        #expect(text(width).split(separator: "\n").allSatisfy { textWidth(String($0)) <= width })
    }
}

extension String {
    fileprivate func trimming(_ character: Character) -> String { String(drop { $0 == character }) }
}
