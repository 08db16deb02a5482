import HyperoSchema
import TestSupport
import Testing

@testable import HyperoQuery

/// A scan while experiments improve and are deleted.
@Suite struct ScanTests {
    private static let count = 3_000

    /// Writes experiments of which a number have equal values and times.
    private func fixture(equal: Int) throws -> (Fixture, BatteryID) {
        let fixture = try Fixture()
        let battery = fixture.battery("net")
        for number in 0..<Self.count {
            let value = 1_000_000 - number / equal
            fixture.experiment(
                "e-\(1_000_000 + number)", of: battery, maxima: ["valid": "\(value)"],
                started: Fixture.noon + Int64(number / equal))
        }
        try fixture.commit()
        return (fixture, battery)
    }

    @Test func `Those after many pages of new ones are visited, however many come before them`() throws {
        let (fixture, battery) = try fixture(equal: 1)
        let set = fixture.keyspaces[0].experiments(of: battery)
        let store = try fixture.store()
        var warnings: [String] = []
        let batteries = try store.storedBatteries(of: "net", version: nil, warnings: &warnings)
        var visits: [String: Int] = [:]
        let scan = ExperimentScan(order: .newestFirst, fields: [ExperimentField.status], firstChunk: 50)
        try store.scan(batteries, scan, warnings: &warnings) { (experiments) throws(QueryError) in
            if visits.isEmpty {
                // More than the first ten pages have.
                for start in stride(from: 0, to: 60_000, by: 1_000) {
                    let members = (start..<start + 1_000).flatMap {
                        ["\(Fixture.noon + 100_000 + Int64($0))", "n-\($0)"]
                    }
                    fixture.write(["ZADD", set] + members)
                }
                do { try fixture.commit() } catch { Issue.record(error) }
            }
            for experiment in experiments { visits[experiment.experiment, default: 0] += 1 }
            return .next
        }
        #expect(warnings == [])
        #expect(visits.count == Self.count && visits.values.allSatisfy { $0 == 1 })
    }

    @Test(arguments: [1, 2, 100, 3_000], [3, 40, 250])
    func `An experiment that keeps its place is visited once while those before it leave`(equal: Int, moved: Int) throws
    {
        let (fixture, battery) = try fixture(equal: equal)
        let key = fixture.keyspaces[0]
        let orders: [(ScanOrder, String)] = [
            (.ranking(by: "valid", highestFirst: true), key.rank(of: battery, by: "valid")),
            (.oldestFirst, key.experiments(of: battery)), (.newestFirst, key.experiments(of: battery)),
        ]
        for (order, set) in orders {
            let store = try fixture.store()
            var warnings: [String] = []
            let batteries = try store.storedBatteries(of: "net", version: nil, warnings: &warnings)
            var visits: [String: Int] = [:]
            var left: Set<String> = []
            let scan = ExperimentScan(order: order, fields: [ExperimentField.status], firstChunk: 50)
            try store.scan(batteries, scan, warnings: &warnings) { (experiments) throws(QueryError) in
                for experiment in experiments { visits[experiment.experiment, default: 0] += 1 }
                // The latest ones that were visited, so that they are near the start of the next page.
                for experiment in experiments.suffix(moved) where left.insert(experiment.experiment).inserted {
                    fixture.write("ZREM", set, experiment.experiment)
                }
                do { try fixture.commit() } catch { Issue.record(error) }
                return .next
            }
            #expect(warnings == [])
            #expect(visits.count == Self.count, "\(order), \(equal) equal")
            #expect(visits.values.allSatisfy { $0 == 1 })
            // The next order finds all again.
            for (number, experiment) in visits.keys.sorted().enumerated() {
                let score = order.isRanking ? 1_000_000 - number / equal : Int(Fixture.noon) + number / equal
                fixture.write("ZADD", set, "\(score)", experiment)
            }
            try fixture.commit()
        }
    }
}
