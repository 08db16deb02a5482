import Foundation
import HyperoSchema
import TestSupport
import Testing

@testable import HyperoQuery

/// The data of a page.
@Suite struct ReportTests {
    /// Four ranked experiments, two of them equal, one that diverged and one that failed.
    private func fixture(partitions: Int = 1) throws -> Fixture {
        let fixture = try Fixture(partitions: partitions)
        let battery = fixture.battery("net", description: "a search")
        for (number, value) in ["0.5", "0.9", "0.7", "0.9"].enumerated() {
            fixture.experiment(
                "p\(number)-1", of: battery, maxima: ["valid": value, "test": "0.4"], params: ["lr": "0.\(number + 1)"],
                curve: [1: "valid=0.1", 2: "valid=\(value) loss=1"], started: Fixture.noon + Int64(number))
        }
        fixture.experiment(
            "q-1", of: battery, more: ["epochs": "3", "nonfinite": "3"], curve: [3: "valid=nan"],
            started: Fixture.noon + 10)
        fixture.experiment(
            "r-1", of: battery, status: "failed", more: ["reason": "out of memory"], started: Fixture.noon + 20)
        try fixture.commit()
        return fixture
    }

    private func values(_ report: BatteryReport, _ name: String) -> [String?]? { report.column(name)?.values }

    @Test(arguments: [1, 3])
    func `The rows are in the order of the ranking, and those without a rank follow, the newest first`(
        partitions: Int
    ) throws {
        let report = try fixture(partitions: partitions).store().report(of: "net")
        #expect(values(report, "id") == ["p3-1", "p1-1", "p2-1", "p0-1", "r-1", "q-1"])
        #expect(values(report, "rank") == ["1", "1", "3", "4", nil, nil])
        #expect(values(report, "max.valid") == ["0.9", "0.9", "0.7", "0.5", nil, nil])
        #expect(values(report, "param.lr") == ["0.4", "0.2", "0.3", "0.1", nil, nil])
        #expect(values(report, "status") == ["done", "done", "done", "done", "failed", "done"])
        #expect(values(report, "reason") == [nil, nil, nil, nil, "out of memory", nil])
        #expect(values(report, "host") == nil)
        #expect(report.total == 6 && report.count == 6 && !report.isCut)
        #expect(report.description == "a search" && report.objective == "valid" && report.isHighestBest)
    }

    @Test func `The curves of all channels are read, the objective first, with their values that are not finite`()
        throws
    {
        let report = try fixture().store().report(of: "net")
        #expect(report.channels == ["valid", "loss"])
        let best = report.lines.filter { $0.row == 0 }
        #expect(best.map(\.channel).sorted() == [0, 1])
        #expect(best.first { $0.channel == 0 }?.points.map(\.y) == [0.1, 0.9])
        #expect(report.lines.first { $0.row == 5 }?.points.map(\.y.isNaN) == [true])
    }

    @Test func `The channels of which low values are better are those that are declared or named so`() throws {
        let fixture = try Fixture()
        let battery = fixture.battery("net", more: ["direction.score": "min", "direction.loss": "max"])
        fixture.experiment(
            "p-1", of: battery, maxima: ["valid": "1", "score": "1", "loss": "1", "error": "1", "other": "1"])
        try fixture.commit()
        #expect(try fixture.store().report(of: "net").lowestIsBest.sorted() == ["error", "score"])
    }

    @Test func `A limit keeps the best, and says that others are left out`() throws {
        let store = try fixture().store()
        let two = try store.report(of: "net", limit: 2)
        #expect(values(two, "id") == ["p3-1", "p1-1"] && two.isCut && two.total == 6)
        let five = try store.report(of: "net", limit: 5)
        #expect(values(five, "id")?.last == "r-1" && five.isCut)
        #expect(try !store.report(of: "net", limit: 6).isCut)
    }

    @Test func `A filter leaves experiments out, also those without a rank`() throws {
        let store = try fixture().store()
        let ranked = try store.report(of: "net", where: Filter("lr >= 0.2 and rank <= 2"))
        #expect(values(ranked, "id") == ["p3-1", "p1-1"] && !ranked.isCut)
        #expect(values(try store.report(of: "net", where: Filter("valid is nan")), "id") == ["q-1"])
        let none = try store.report(of: "net", where: Filter("lr > 7"))
        #expect(none.count == 0 && none.total == 6 && none.lines.isEmpty)
    }

    @Test func `A battery without experiments has an empty report`() throws {
        let fixture = try Fixture()
        fixture.battery("young")
        try fixture.commit()
        let report = try fixture.store().report(of: "young")
        #expect(report.count == 0 && report.columns.allSatisfy { $0.values.isEmpty })
        #expect(throws: QueryError.self) { try fixture.store().report(of: "old") }
    }

    @Test func `A long curve keeps its extremes, its ends and its values that are not finite`() {
        var points = (0..<10_000).map { ChartPoint(x: Double($0), y: Double($0 % 7)) }
        points[5_001].y = 100
        points[6_002].y = -100
        points[7_003].y = .nan
        let reduced = ReportCurves.reduced(points)
        #expect(reduced.count <= ReportCurves.maxPoints)
        #expect(reduced.map(\.x) == reduced.map(\.x).sorted())
        for index in [0, 5_001, 6_002, 7_003, 9_999] { #expect(reduced.contains { $0.x == Double(index) }) }
        let few = Array(points.prefix(ReportCurves.maxPoints))
        #expect(ReportCurves.reduced(few).count == few.count)
    }

    @Test func `The noise is that of the groups, without a second reading of the experiments`() throws {
        let fixture = try Fixture()
        let battery = fixture.battery("net")
        for (number, value) in ["0.9", "0.8", "0.7", "0.5", "0.6", "0.01"].enumerated() {
            // The fourth one has failed, and the last one has diverged.
            fixture.experiment(
                "p\(number)-1", of: battery, maxima: ["valid": value],
                params: [
                    "lr": number == 1 ? "1e-1" : number < 3 || number == 5 ? "0.1" : "0.2", "seed": "\(number)",
                ],
                status: number == 4 ? "failed" : "done", more: ["nonfinite": number == 5 ? "7" : "0"],
                curve: [1: "valid=0.1", 2: "valid=\(value)"])
        }
        try fixture.commit()
        let store = try fixture.store()
        let report = try store.report(of: "net")
        #expect(report.noise?.source == .replicas(groupCount: 1))
        #expect(report.noise.map { abs($0.standardDeviation - 0.1) < 1e-12 } ?? false)
        #expect(try report.noise == store.groups(of: "net", by: .replicas).noise)
        // The best two alone would have another one.
        #expect(try store.report(of: "net", limit: 2).noise == report.noise)
    }

    @Test func `A channel that is infinite at times in all trainings leaves their noise`() throws {
        let fixture = try Fixture()
        let battery = fixture.battery("net")
        for (number, value) in ["0.9", "0.8", "0.7"].enumerated() {
            // As the norm of the gradient is in mixed precision.
            fixture.experiment(
                "p\(number)-1", of: battery, maxima: ["valid": value], params: ["lr": "0.1", "seed": "\(number)"],
                status: "done", more: ["nonfinite": "1"])
        }
        try fixture.commit()
        let store = try fixture.store()
        let noise = try store.report(of: "net").noise
        #expect(noise.map { abs($0.standardDeviation - 0.1) < 1e-12 } ?? false)
        #expect(try noise == store.groups(of: "net", by: .replicas).noise)
    }

    @Test func `The noise of a search without repetitions is that of the learning curve of the best one`() throws {
        let fixture = try Fixture()
        let battery = fixture.battery("net")
        let curve = (1...40).map { ($0, "valid=\(0.5 + Double($0 * 7 % 11) / 100)") }
        for (number, value) in ["0.6", "0.5"].enumerated() {
            fixture.experiment(
                "p\(number)-1", of: battery, maxima: ["valid": value], params: ["lr": "0.\(number + 1)"],
                curve: Dictionary(uniqueKeysWithValues: curve))
        }
        try fixture.commit()
        let store = try fixture.store()
        let noise = try store.report(of: "net").noise
        #expect(noise?.source == .curve(experiment: "p0-1", epochCount: 10))
        #expect(try noise == store.groups(of: "net", by: .replicas).noise)
    }

    @Test func `An anonymous page of the command does not name its condition`() throws {
        let condition = ["--where", "lr < 0.3501"]
        let fixture = try fixture()
        let own = try fixture.query("report", ["net", "--output", "-"] + condition).stdout
        let anonymous = try fixture.query("report", ["net", "--output", "-", "--anonymous"] + condition).stdout
        #expect(own.contains("0.3501") && own.contains("with lr"))
        #expect(!anonymous.contains("0.3501") && !anonymous.contains("--where"))
        #expect(anonymous.contains("3 experiments: 3 done (of 6; of a selection)"))
        #expect(anonymous.contains("3 of 6 experiments fulfil the condition"))
        #expect(anonymous.contains("hypero-query report net --anonymous"))
    }

    @Test func `The command writes a file as a whole, and standard output on request`() throws {
        let fixture = try fixture()
        let folder = try TemporaryFolder()
        let file = folder.file("page.html")
        let outcome = try fixture.query("report", "net", "--output", file, "--where", "lr < 0.35")
        #expect(outcome.succeeded && outcome.stdout.isEmpty)
        #expect(outcome.stderr.hasPrefix("hypero-query: wrote \(file): 3 experiments, "))
        let page = try String(contentsOfFile: file, encoding: .utf8)
        #expect(page.hasPrefix("<!doctype html>") && page.hasSuffix("</html>\n"))
        #expect(page.contains("hypero-query report net --where &#39;lr &lt; 0.35&#39;"))
        #expect(try fixture.query("report", "net", "--output", "-").stdout.hasPrefix("<!doctype html>"))
        let refused = try fixture.query("report", "net", "--limit", "0")
        #expect(refused.ending == .exited(64) && refused.stderr.contains("between 1 and 20000, not 0"))
        #expect(try fixture.query("report", "other").ending != .exited(0))
    }
}
