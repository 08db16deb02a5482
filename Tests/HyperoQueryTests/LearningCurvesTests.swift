import HyperoSchema
import TestSupport
import Testing

@testable import HyperoQuery

@Suite struct LearningCurvesTests {
    private func curves(_ rows: [(String, String)]) -> (curves: LearningCurves, warnings: [String]) {
        var warnings: [String] = []
        let curves = LearningCurves(rows: rows.map { (name: $0, value: $1) }, key: "k", warnings: &warnings)
        return (curves, warnings)
    }

    @Test func `A channel has its values, and nil for the epochs without one`() {
        let (curves, warnings) = curves([
            ("30", "valid=0.5 b=1"), ("10", "valid=0.25 valid=0.125"), ("20", "a=nan train=9007199254740993"),
        ])
        #expect(warnings == [])
        #expect(curves.epochs == [10, 20, 30])
        #expect(curves.channels.map(\.name) == ["train", "valid", "a", "b"])
        #expect(curves["valid"] == [0.125, nil, 0.5])
        #expect(curves["b"] == [nil, nil, 1])
        #expect(curves["a"].map { $0[0] == nil && $0[1]?.isNaN == true && $0[2] == nil } ?? false)
        #expect(curves["c"] == nil)
        #expect(curves.numbers(of: "train").map(\.epoch) == [20])
        #expect(curves.numbers(of: "train").map(\.number.text) == ["9007199254740993"])
        #expect(
            curves.json == #"{"epoch":[10,20,30],"channels":{"train":[null,9007199254740993,null],"#
                + #""valid":[0.125,null,0.5],"a":[null,"nan",null],"b":[null,null,1]}}"#)
    }

    @Test func `Epochs that no event may have are malformed`() {
        let (curves, warnings) = curves([
            ("9007199254740991", "a=1"), ("9007199254740992", "a=2"), ("4611686018427387904", "a=3"), ("-1", "a=4"),
        ])
        #expect(curves.epochs == [9_007_199_254_740_991])
        #expect(warnings == ["malformed rows in k: 3 of 4, for example epoch '-1'"])
    }

    @Test func `Channels with one value each are stored as one value each`() {
        let (curves, _) = curves((0..<4_000).map { ("\($0)", "batch\($0)=\($0)") })
        #expect(curves.valueCount == 4_000)
        #expect(curves.channels.allSatisfy { $0.rows.count == 1 && $0.numbers.count == 1 })
        #expect(curves.isTooSparse)
    }

    @Test(arguments: [(3_000, 3_000, 3_000, false), (4_000, 4_000, 4_000, true), (4_000, 4_000, 1_600_000, false)])
    func `A table is too sparse if it is large and nearly empty`(
        rows: Int, columns: Int, values: Int, isTooSparse: Bool
    ) {
        #expect(LearningCurves.isTooSparse(rows: rows, columns: columns, values: values) == isTooSparse)
    }

    @Test func `An experiment with a channel per batch is read in memory that grows with its values`() throws {
        let server = try RedisServer(appendOnly: false)
        let fixture = try Fixture(on: server)
        let battery = fixture.battery("net")
        let count = 6_000
        fixture.experiment(
            "a-1", of: battery, maxima: ["valid": "1"],
            curve: Dictionary(uniqueKeysWithValues: (0..<count).map { ($0, "batch\($0)=1 valid=1") }))
        try fixture.commit()
        for arguments in [
            ["curves", "a-1", "--format", "csv"], ["curves", "a-1"], ["show", "a-1"],
            ["show", "a-1", "--format", "json"],
        ] {
            let query = try ChildProcess(
                "hypero-query", arguments + ["--redis", server.url, "--namespace", fixture.namespace])
            var peak = 0
            while query.isRunning { peak = max(peak, (try? ProcessMemory.peak(of: query.pid)) ?? 0) }
            #expect(query.wait() == .exited(0))
            // Epochs × channels would be 2 GiB.
            #expect(peak < 150 << 20, "\(arguments): \(peak) bytes")
        }
        let shown = try fixture.query("show", "a-1", "--format", "json")
        #expect(shown.stdout.hasSuffix("\"nonfinite\":0,\"removed_rows\":0,\"curves\":null}\n"))
        #expect(
            shown.stderr
                == "hypero-query: note: the learning curves of 'a-1' are left out: 6001 channels in 6000 epochs have "
                + "only 12000 values. The command curves has the values of a --channel, and export --curves has all of them\n"
        )
        let table = try fixture.query("show", "a-1", "--format", "csv")
        #expect(table.ending == .exited(64) && table.stdout == "")
        #expect(table.stderr.hasPrefix("hypero-query: the learning curves have so many channels with few values"))
    }

    @Test func `Curves with extreme values and epochs do not end the program`() throws {
        let fixture = try Fixture()
        let battery = fixture.battery("net")
        func experiment(_ id: String, _ values: [Double], first: Int = 1, more: [Int: String] = [:]) {
            let rows = values.enumerated().map { (first + $0, "valid=\(Number($1).text) other=\(Number($1).text)") }
            fixture.experiment(
                id, of: battery, maxima: ["valid": "0.1"],
                curve: Dictionary(uniqueKeysWithValues: rows).merging(more) { $1 })
        }
        let largest = Double.greatestFiniteMagnitude
        experiment("outlier-1", (0..<60).map { $0 == 30 ? largest : 0.3 - 0.001 * Double($0) })
        experiment("maxed-1", [0.1] + Array(repeating: largest, count: 600))
        experiment("late-1", [0.1, 0.2], first: 9_007_199_254_740_980)
        experiment("wrong-1", [0.1, 0.2], more: [4_611_686_018_427_387_904: "valid=1"])
        try fixture.commit()
        let ids = ["outlier-1", "maxed-1", "late-1", "wrong-1"]
        for arguments in [
            [], ["--width", "30"], ["--width", "50", "--log"], ["--log-x"], ["--log-x", "--width", "30"],
            ["--svg", "-"],
            ["--svg", "-", "--log-x", "--log"], ["--smooth", "0.9", "--full"],
        ] {
            for selection in [["curves", "--top", "5", "net"]] + ids.map({ ["curves", $0] }) {
                let outcome = try fixture.query(selection[0], selection.dropFirst() + arguments)
                #expect(outcome.ending == .exited(0), "\(selection) \(arguments)")
                #expect(!outcome.stdout.contains("nan"), "\(selection) \(arguments)")
            }
        }
        #expect(try fixture.query("compare", ids).ending == .exited(0))
        #expect(try fixture.query("show", ids).ending == .exited(0))
        #expect(
            try fixture.output(["curves", "outlier-1"]).hasSuffix(
                "1 point is not shown: above the axis. --full shows all\n"))
        #expect(
            try fixture.query("curves", "wrong-1").stderr.contains("malformed rows in"))
    }
}
