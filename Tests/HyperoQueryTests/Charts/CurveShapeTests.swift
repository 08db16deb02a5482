import Testing

@testable import HyperoQuery

@Suite struct CurveShapeTests {
    @Test func `An average without bias begins at the first value, and gaps stay gaps`() {
        #expect(Smoothing.smoothed([4, 4, 4], weight: 0.9).allSatisfy { abs($0 - 4) < 1e-12 })
        let values = Smoothing.smoothed([1, .nan, 3, .infinity], weight: 0.5)
        #expect(values[0] == 1)
        #expect(values[1].isNaN)
        #expect(abs(values[2] - (0.5 * 1 + 3) / 1.5) < 1e-12)
        #expect(values[3] == .infinity)
        #expect(Smoothing.smoothed([1, 5], weight: 0) == [1, 5])
        #expect(Smoothing.smoothed([1e308, 1e308, -1e308], weight: 0.99).allSatisfy { $0.isFinite })
        let largest = Array(repeating: Double.greatestFiniteMagnitude, count: 100)
        for weight in [0.1, 0.3, 0.5, 0.7, 0.9] {
            #expect(Smoothing.smoothed(largest, weight: weight).allSatisfy { $0.isFinite })
        }
    }

    private func points(_ pairs: [(Double, Double)]) -> [ChartPoint] { pairs.map { ChartPoint(x: $0.0, y: $0.1) } }

    @Test func `A column of dots keeps the spike among many values`() {
        var values = points((0..<10_000).map { (Double($0), 0.5) })
        values[7_777].y = 99
        let columns = PointColumn.columns(of: values) { Int($0 / 100) }
        #expect(columns.count == 100)
        #expect(columns.map(\.high).max() == 99)
        #expect(columns[77].low == 0.5 && columns[77].last == 0.5)
    }

    @Test(
        arguments: [
            ([1, 2, 3, 4], [4]), ([5], [1]), ([], []), ([1, 100], [2]),
            // Rare rows, and rows that become rarer or more frequent.
            ([10, 20, 30], [3]), ([0, 10, 20, 30], [4]), ([1, 2, 3, 10, 20, 30], [6]), ([10, 20, 30, 31, 32, 33], [6]),
            ([1, 2, 3, 4, 5, 10, 15], [7]), ([1, 2, 4, 8, 16, 32, 64], [7]),
            ([1, 2, 5, 10, 20, 50, 100, 200, 500], [9]),
            ([1, 2, 3, 4, 50, 100, 150, 151, 152], [9]),
            // Irregular steps, and a pair of missing rows.
            ([8, 20, 29, 44, 52, 60], [6]), ([1, 2, 3, 4, 7, 8, 9], [7]),
            // One gap, and two of them around a row.
            ([1, 2, 3, 20, 21, 22], [3, 3]), ([1, 2, 3, 50, 100, 101, 102], [3, 1, 3]),
            ([1, 2, 3, 4, 8, 9, 10], [4, 3]),
            ([10, 20, 30, 70, 80, 90], [3, 3]), ([0, 100, 101, 102], [1, 3]), ([1, 2, 3, 50], [3, 1]),
            // Two rows of one epoch.
            ([1, 1, 2, 3], [4]), ([1, 1, 1, 2], [4]),
        ] as [([Double], [Int])])
    func `Missing rows are gaps, and rare rows are none`(epochs: [Double], lengths: [Int]) {
        #expect(points(epochs.map { ($0, 1) }).runs.map(\.count) == lengths)
    }

    @Test func `Values that are not finite end a line`() {
        let curve = points([(1, 1), (2, .nan), (3, 1), (4, 1), (5, .infinity), (6, .nan)])
        #expect(curve.runs.map(\.count) == [1, 2])
        #expect(Chart.Series(name: "a", rank: 3, points: curve).label == "3 a inf@5")
        #expect(Chart.Series(name: "a", points: points([(0, .nan)])).label == "a nan@0")
        #expect(Chart.Series(name: "a", points: []).label == "a")
    }

    @Test func `Outliers of the first epochs are left out if they would flatten the rest`() throws {
        let curve = points((1...100).map { (Double($0), $0 <= 2 ? 1_000 : 1 / Double($0)) })
        let most = try #require(ValueRange(ofMost: curve, isLog: false))
        #expect(most.high < 1 && most.low == 0.01)
        let frame = try #require(
            ChartFrame(Chart(title: "", series: [.init(name: "a", points: curve)]), xCount: 5, yCount: 5))
        // The first 5 % of the epochs may be above.
        #expect(frame.countAbove == curve.count { $0.y > frame.y.high } && (2...6).contains(frame.countAbove))
        #expect(frame.countBelow == 0)
        let full = Chart(title: "", series: [.init(name: "a", points: curve)], scales: .init(isFull: true))
        let fullFrame = try #require(ChartFrame(full, xCount: 5, yCount: 5))
        #expect(fullFrame.countAbove == 0)
    }

    @Test(arguments: [[0, 1], [0, 1, 1, 1], Array(repeating: 0, count: 50) + [1], [5]] as [[Double]])
    func `A range of few or of equal values has all of them`(values: [Double]) throws {
        let curve = points(values.enumerated().map { (Double($0), $1) })
        #expect(ValueRange(ofMost: curve, isLog: false) == ValueRange(all: values))
    }

    @Test func `A log axis has a lane for values of 0 or less, and no line through them`() throws {
        let curve = points([(0, 1), (1, 10), (2, 0), (3, -4), (4, 100)])
        let chart = Chart(
            title: "", series: [.init(name: "a", points: curve)], scales: .init(isLogX: true, isLogY: true))
        let frame = try #require(ChartFrame(chart, xCount: 5, yCount: 5))
        #expect(frame.countBefore == 1)
        #expect(frame.nonPositiveCount == 2)
        #expect(frame.curves[0].nonPositive == [2, 3])
        #expect(frame.curves[0].runs.map(\.count) == [1, 1])
    }

    @Test func `A chart without finite values has no frame`() {
        for values in [[], [Double.nan], [.infinity, -.infinity]] {
            let series = Chart.Series(name: "a", points: points(values.enumerated().map { (Double($0), $1) }))
            #expect(ChartFrame(Chart(title: "", series: [series]), xCount: 5, yCount: 5) == nil)
        }
        #expect(ChartFrame(Chart(title: "", series: []), xCount: 5, yCount: 5) == nil)
    }

    @Test(
        arguments: [
            ([0, 10], [0, 10]), ([5, 5], [4.5, 5.5]), ([10, 10, 10], [8, 9, 10]), ([0, 0, 1], [0, 1, 2]),
            ([3, 1, 3], [2.5, 1, 3.5]), ([], []),
        ] as [([Double], [Double])])
    func `Labels are pushed apart, in order and within bounds`(wanted: [Double], placed: [Double]) {
        #expect(LabelPlacement.spread(wanted, distance: 1, within: 0...10) == placed)
    }

    @Test func `A line beyond the axis is cut at it`() throws {
        let cut = try #require(ChartFrame.clipped(ChartPoint(x: 0, y: 0.5), ChartPoint(x: 1, y: 1.5)))
        #expect(cut.end == ChartPoint(x: 0.5, y: 1))
        #expect(ChartFrame.clipped(ChartPoint(x: 0, y: 1.1), ChartPoint(x: 1, y: 2)) == nil)
    }

    @Test(arguments: [
        (1, "1st"), (2, "2nd"), (3, "3rd"), (4, "4th"), (11, "11th"), (12, "12th"), (13, "13th"), (21, "21st"),
        (101, "101st"), (111, "111th"), (14, "14th"),
    ])
    func `Ordinal numbers have their endings`(number: Int, text: String) {
        #expect(ordinalText(number) == text)
    }
}
