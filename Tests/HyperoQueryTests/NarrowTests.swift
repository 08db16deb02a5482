import HyperoSchema
import TestSupport
import Testing

@testable import HyperoQuery

/// Tables on a terminal of 80 columns: the most important columns first, the hidden ones named, long text cut.
@Suite struct NarrowTests {
    private static let terminal = Display(isTerminal: true, width: 80)

    /// Three experiments whose first `varying` hyper-parameters differ, with as many constant ones.
    private func fixture(varying count: Int) throws -> Fixture {
        let fixture = try Fixture()
        let battery = fixture.battery("net")
        for number in 1...3 {
            fixture.experiment(
                "k3v9x2mq7d-\(number)", of: battery,
                maxima: ["train": "0.9\(number)1", "valid": "0.8\(number)", "test": "0.7\(number)"],
                params: ["bs": "32"])
            let key = fixture.keyspaces[0].experiment(ExperimentID("k3v9x2mq7d-\(number)")!)
            for index in 1...count {
                fixture.write("HSET", key, "param.p\(index + 10)", "\(index * number)", "param.c\(index + 10)", "7")
            }
        }
        try fixture.commit()
        return fixture
    }

    @Test(arguments: [1, 5, 30])
    func `Hyper-parameters that differ are before constants and the maxima of the training data`(count: Int) throws {
        let board = try fixture(varying: count).store().leaderboard(of: "net")
        let advice: [AdviceTopic: String] = [.hiddenColumns: "Choose with --columns"]
        let lines = board.text(as: .table, for: Self.terminal, advice: advice).split(separator: "\n").map(String.init)
        #expect(lines.dropLast().allSatisfy { textWidth($0) <= 80 })
        // The constants are in one line, with the number of those that it has no room for.
        let shownConstants = lines[1].matches(of: /c\d\d 7/).count
        #expect(lines[1].hasPrefix("same in all rows: bs 32, c11 7"))
        #expect(shownConstants == count || lines[1].hasSuffix(" and \(count - shownConstants) more"))
        // All columns are shown or named.
        let titles = lines[2].split(separator: " ").map(String.init)
        let all =
            ["#", "experiment", "valid", "epoch", "status"] + (1...count).map { "p\($0 + 10)" } + ["test", "train"]
        #expect(titles == Array(all.prefix(titles.count)))
        let hidden = Array(all.dropFirst(titles.count))
        if hidden.isEmpty {
            #expect(count < 30 && lines.count == 6)
        } else {
            let more = hidden.count > 8 ? " and \(hidden.count - 8) more" : ""
            let noun = hidden.count == 1 ? "column" : "columns"
            #expect(
                lines.dropFirst(6).joined(separator: " ")
                    == "\(hidden.count) \(noun) hidden: \(hidden.prefix(8).joined(separator: ", "))\(more). "
                    + "Choose with --columns")
        }
    }

    @Test func `A list of experiments shows requested columns instead of the usual ones`() throws {
        let fixture = try fixture(varying: 1)
        let battery = BatteryID(name: "net", version: 1, description: "")
        fixture.experiment(
            "k3v9x2mq7d-4", of: battery, maxima: ["valid": "0.1"], params: ["p11": "9"], status: "running",
            more: ["updated": Fixture.future, "host": "node17"], started: Fixture.noon - 7_200_000)
        fixture.experiment(
            "k3v9x2mq7d-5", of: battery, status: "failed", more: ["reason": "out of memory in the second layer"],
            started: Fixture.noon - 10_000_000)
        try fixture.commit()
        let store = try fixture.store()
        let list = try store.experiments(of: "net", limit: 100)
        let lines = list.text(as: .table, for: Self.terminal, now: Fixture.noon).split(separator: "\n")
        #expect(lines.allSatisfy { textWidth(String($0)) <= 80 })
        #expect(
            lines[1].split(separator: " ") == [
                "experiment", "status", "valid", "epoch", "epochs", "started", "reason", "host",
            ])
        #expect(lines[5].contains("running (now)   0.1") && lines[5].contains("2 h ago"))
        #expect(lines[6].contains("out of"))
        let chosen = try store.experiments(of: "net", columns: ["p11", "host", "status", "valid"])
        #expect(
            chosen.text(as: .table, for: Self.terminal, now: Fixture.noon).split(separator: "\n").prefix(5) == [
                "net, version 1: newest first, 5 of 5 experiments", "experiment    status         valid  p11  host",
                "k3v9x2mq7d-3  done            0.83    3  -", "k3v9x2mq7d-2  done            0.82    2  -",
                "k3v9x2mq7d-1  done            0.81    1  -",
            ])
    }

    @Test func `A long reason is cut in every table, and whole in show and JSON`() throws {
        let fixture = try Fixture()
        let reason = String(repeating: "reason ", count: 9_000)
        let battery = fixture.battery("net")
        fixture.experiment("a-1", of: battery, maxima: ["valid": "1"], status: "failed", more: ["reason": reason])
        fixture.experiment("b-1", of: battery, maxima: ["valid": "2"])
        try fixture.commit()
        for arguments in [
            ["experiments", "net"], ["experiments", "net", "--columns", "reason,host"],
            ["rank", "net", "--columns", "reason,host"],
        ] {
            let lines = try fixture.output(arguments).split(separator: "\n")
            #expect(lines.allSatisfy { textWidth(String($0)) < 220 })
            #expect(lines.contains { $0.contains("reason reason") && ($0.contains("…") || $0.contains("~")) })
            #expect(try fixture.output(arguments + ["--format", "csv"]).contains(reason))
        }
        #expect(try fixture.output(["experiments", "net", "--format", "json"]).contains(reason))
        let record = try fixture.store().experiment("a-1")
        #expect(record.text(as: .table, for: Self.terminal).contains(reason))
        #expect(record.text(as: .json, for: Display()).contains(reason))
    }
}
