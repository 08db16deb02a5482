import HyperoSchema
import TestSupport
import Testing

@testable import HyperoIngest

/// The choice of the rows that stay when a curve is thinned.
@Suite struct CurveThinningTests {
    private func thinning(
        _ rows: [(Int, KeyValuePairs<String, String>)], direction: Direction = .max
    ) -> CurveThinning {
        var thinning = CurveThinning(of: BatteryState.Objective(channel: "valid", direction: direction))
        for (epoch, cells) in rows { thinning.add(epoch: epoch, CurveRow(Shorthand.cells(cells))) }
        return thinning
    }

    private func kept(_ thinning: CurveThinning, _ limit: CurveLimit, stated: Int? = nil) -> [Int] {
        thinning.kept(of: thinning.epochs, limit: limit, pinned: stated.map { [$0, 100] } ?? [])
    }

    @Test func `The best, the first, the last and each channel's extremes stay, and others evenly by epoch`() {
        var rows: [(Int, KeyValuePairs<String, String>)] = (0...1_000).map { ($0, ["valid": "0.5", "loss": "0.5"]) }
        rows[333].1 = ["valid": "0.9", "loss": "nan"]
        rows[334].1 = ["valid": "0.1"]
        rows[717].1 = ["valid": "inf", "loss": "7"]
        rows[718].1 = ["loss": "-7"]
        // HSCAN replies in no order, and with some rows twice.
        let thinning = thinning(rows.reversed() + rows[300...400])
        let kept = kept(thinning, .rows(30))
        #expect(kept.count == 30 && kept == kept.sorted())
        #expect(Set([0, 333, 334, 717, 718, 1_000]).isSubset(of: kept))
        // No gap is much wider than another.
        #expect(zip(kept, kept.dropFirst()).allSatisfy { $1 - $0 <= 42 }, "\(kept)")
        #expect(thinning.best == 333)
        #expect(self.kept(thinning, .maxima) == [333, 1_000])
        #expect(self.kept(thinning, .maxima, stated: 5) == [5, 100, 333, 1_000])
        #expect(self.kept(thinning, .maxima, stated: 5_000) == [100, 333, 1_000])
    }

    @Test func `A channel with few values keeps them, and the objective has half of the rows`() {
        let rows: [(Int, KeyValuePairs<String, String>)] = (1...5_000).map { epoch in
            if epoch % 714 == 2 { return (epoch, ["train": "\(epoch)", "test": "\(epoch)"]) }
            return (epoch, epoch % 50 == 0 ? ["train": "\(epoch)", "valid": "0.5"] : ["train": "\(epoch)"])
        }
        let sparse = kept(thinning(rows), .rows(200))
        #expect(sparse.count == 200)
        #expect(sparse.count { $0 % 50 == 0 } == 100)
        #expect(sparse.count { $0 % 714 == 2 } == 8)
        #expect(zip(sparse, sparse.dropFirst()).allSatisfy { $1 - $0 <= 60 }, "\(sparse)")

        // The objective is the one with many values.
        var dense: [(Int, KeyValuePairs<String, String>)] = (1...5_000).map { ($0, ["valid": "\($0)"]) }
        for epoch in [40, 90, 4_700] { dense[epoch - 1].1 = ["valid": "0", "test": "0.5"] }
        dense[2_345].1 = ["loss": "nan"]
        let kept = kept(thinning(dense), .rows(50))
        #expect(kept.count == 50 && Set([1, 40, 90, 2_346, 4_700, 5_000]).isSubset(of: kept), "\(kept)")
    }

    @Test func `Of equal values the lowest epoch counts, and of both directions the better one`() {
        let rows: [(Int, KeyValuePairs<String, String>)] = [
            (5, ["valid": "2"]), (3, ["valid": "2"]), (9, ["valid": "1"]), (8, ["valid": "1"]), (12, ["valid": "1.5"]),
        ]
        #expect(kept(thinning(rows), .maxima) == [3, 12])
        #expect(kept(thinning(rows, direction: .min), .maxima) == [8, 12])
        #expect(kept(thinning([(4, ["valid": "nan"]), (6, ["x": "1"])]), .maxima) == [6])
        #expect(kept(thinning([]), .rows(10)) == [])
    }

    @Test func `A limit holds also if the channels have more extremes, and those of the objective precede`() {
        let rows: [(Int, KeyValuePairs<String, String>)] =
            (1...100).map { ($0, ["valid": "\(abs($0 - 40))", "a\($0)": "1"]) }
        let kept = kept(thinning(rows), .rows(10))
        #expect(kept.count == 10)
        #expect(Set([1, 40, 100]).isSubset(of: kept))
    }

    @Test func `A curve within the limit stays whole, also with epochs far apart`() {
        let epochs = [0, 1, 2, 1 << 40, 1 << 52, 1 << 53 - 1]
        let rows: [(Int, KeyValuePairs<String, String>)] = epochs.map { ($0, ["valid": "\($0)"]) }
        #expect(kept(thinning(rows), .rows(10)) == epochs)
        let many = rows + (10...300).map { ($0, ["valid": "7"]) }
        #expect(kept(thinning(many), .rows(10)).count == 10)
        #expect(ThinnedCurve(text: "through=5 removed=x time=1") == nil)
        for limit in [CurveLimit.maxima, .rows(77)] {
            let record = ThinnedCurve(through: 1 << 53 - 1, removed: 7, best: 3, limit: limit, time: 1)
            #expect(ThinnedCurve(text: record.text) == record)
        }
    }
}
