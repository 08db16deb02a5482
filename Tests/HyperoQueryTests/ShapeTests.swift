import HyperoSchema
import TestSupport
import Testing

@testable import HyperoQuery

/// The shape of tables: rows that stay rows, and the most important columns first.
@Suite struct ShapeTests {
    @Test func `A table into a pipe has one line per row and no control characters, and JSON keeps them`() throws {
        let fixture = try Fixture()
        let text = "a: 1\nb: 2\u{1B}[31m"
        let battery = fixture.battery("sweep", description: text)
        fixture.experiment("e-1", of: battery, maxima: ["valid": "0.5"], params: ["config": text])
        try fixture.commit()
        let shown = "a: 1\\x0ab: 2\\x1b[31m"
        for arguments in [["rank", "sweep"], ["batteries"], ["show", "e-1"]] {
            let table = try fixture.output(arguments)
            #expect(table.contains(shown) && !table.contains("\u{1B}"))
        }
        #expect(try fixture.output(["rank", "sweep"]).split(separator: "\n").count == 3)
        #expect(try fixture.output(["rank", "sweep", "--format", "csv"]).contains("\"\(text)\""))
        #expect(try fixture.output(["rank", "sweep", "--format", "json"]).contains(JSON.quoted(text)))
        let error = try fixture.query("rank", "x\u{1B}[2Jy")
        #expect(!error.stderr.contains("\u{1B}"))
    }

    @Test func `A ranking shows what differs first, and constants in one line above`() throws {
        let fixture = try Fixture()
        let battery = fixture.battery("digits mlp")
        for number in 1...3 {
            fixture.experiment(
                "wnvkcb71j\(number)-\(number)", of: battery,
                maxima: ["train": "0.99832\(number)", "valid": "0.9\(number)", "test": "0.8\(number)", "loss": "0.04"],
                params: [
                    "bs": "64", "activation": "relu", "lr": "0.0\(number)", "width": "\(number)00",
                    "momentum": "0.\(number)", "epochs": "30",
                ])
        }
        try fixture.commit()
        let board = try fixture.store().leaderboard(of: "digits mlp")
        #expect(
            board.text(
                as: .table, for: Display(isTerminal: true, width: 80),
                advice: [.hiddenColumns: "Choose with --columns"]) == """
                    digits mlp, version 1: best first by valid (highest, the objective), 3 of 3
                    ranked
                    same in all rows: activation relu, bs 64, epochs 30

                    #  experiment    valid  epoch  status    lr  momentum  width  test  loss
                    1  wnvkcb71j3-3   0.93      7  done    0.03       0.3    300  0.83  0.04
                    2  wnvkcb71j2-2   0.92      7  done    0.02       0.2    200  0.82  0.04
                    3  wnvkcb71j1-1   0.91      7  done    0.01       0.1    100  0.81  0.04
                    1 column hidden: train. Choose with --columns

                    """)
        // In a single row nothing differs, and nothing is left out.
        let single = try fixture.store().leaderboard(of: "digits mlp", limit: 1)
        #expect(!single.text(as: .table, for: Display()).contains("same in all rows"))
    }

    @Test func `Equal values share a rank`() throws {
        let fixture = try Fixture(partitions: 3)
        let battery = fixture.battery("tied")
        for (id, value) in ["a-1": "0.5", "b-1": "0.9", "c-1": "0.5", "d-1": "0.1", "e-1": "0.9"] {
            fixture.experiment(id, of: battery, maxima: ["valid": value])
        }
        try fixture.commit()
        let board = try fixture.store().leaderboard(of: "tied")
        #expect(board.rows.map(\.experiment) == ["e-1", "b-1", "c-1", "a-1", "d-1"])
        #expect(board.rows.map(\.rank) == [1, 1, 3, 3, 5])
    }

    @Test func `A narrow terminal cuts the description of a battery before its name`() throws {
        let fixture = try Fixture()
        let name = "RNN Visual Attention over Digits"
        fixture.battery(name, description: String(repeating: "long ", count: 20))
        try fixture.commit()
        let list = try fixture.store().batteries()
        let text = list.text(as: .table, for: Display(isTerminal: true, width: 100))
        #expect(text.contains("\(name)        1  long long lon…"), "\(text)")
    }

    @Test func `A table has a limited number of columns, and says how many more there are`() throws {
        let fixture = try Fixture()
        let battery = fixture.battery("wide")
        for number in 1...2 {
            fixture.experiment("a-\(number)", of: battery, maxima: ["valid": "\(number)"])
            let key = fixture.keyspaces[0].experiment(ExperimentID("a-\(number)")!)
            for column in 0..<1_000 {
                fixture.write("HSET", key, "param.p\(column)", "\(column + number)")
                fixture.write("HSET", key, "param.constant\(column)", "1")
            }
        }
        try fixture.commit()
        let text = try fixture.output(["rank", "wide"])
        #expect(text.contains("936 columns hidden: p156, p157, p158, p159, p16, p160, p161, p162 and 928 more. Choose"))
        #expect(text.utf8.count < 10_000)
        #expect(try fixture.output(["rank", "wide", "--format", "csv"]).contains("param.p999"))
    }

    @Test(arguments: [60, 100, 200])
    func `The chart of an experiment fits the terminal`(width: Int) throws {
        let fixture = try Fixture()
        let battery = fixture.battery("net")
        fixture.experiment(
            "a-1", of: battery, maxima: ["valid": "1"],
            curve: Dictionary(uniqueKeysWithValues: (1...500).map { ($0, "valid=\(Double($0) / 7) t=\(500 - $0)") }))
        try fixture.commit()
        let record = try fixture.store().experiment("a-1")
        let lines = record.text(as: .table, for: Display(isTerminal: true, width: width)).split(separator: "\n")
        #expect(lines.contains { $0.contains("┤") } && lines.contains { $0.contains("└") })
        #expect(lines.contains { $0.hasPrefix("valid ") } && lines.contains { $0.hasPrefix("t ") })
        #expect(lines.allSatisfy { textWidth(String($0)) <= width })
    }
}
