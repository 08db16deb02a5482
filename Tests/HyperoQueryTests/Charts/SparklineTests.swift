import HyperoSchema
import Testing

@testable import HyperoQuery

@Suite struct SparklineTests {
    private static func series(_ rows: KeyValuePairs<Double, Double>) -> Chart.Series {
        Chart.Series(name: "a", points: rows.map { ChartPoint(x: $0.key, y: $0.value) })
    }

    /// Returns the sparklines of curves within 12 columns.
    private func lines(
        _ series: [Chart.Series], scales: Chart.Scales = Chart.Scales(isFull: true), room: Int = 12
    ) throws -> [String] {
        let chart = Chart(title: "", series: series, scales: scales)
        let frame = try #require(ChartFrame(chart, xCount: 2, yCount: 2))
        let width = chart.sparklineWidth(in: frame, within: room)
        return series.indices.map { chart.sparkline(of: $0, in: frame, width: width).text() }
    }

    @Test(
        arguments: [
            ([1: 0, 2: 1], "▁█"), ([1: 1, 2: 1, 3: 1], "▅▅▅"), ([7: 3], "▅"),
            // A row every ten epochs has a column, and so has a value that is not finite.
            ([0: 0, 10: 0.5, 20: 1], "▁▅█"), ([1: 0, 2: .nan, 3: 0.5, 4: .infinity, 5: 1], "▁ ▅ █"),
            // A missing row is on the line between its neighbours, and many are a gap.
            ([1: 0, 2: 0, 4: 1], "▁▁▅█"), ([1: 0, 2: 1, 3: 0, 9: 1, 10: 0, 11: 1], "▁█▁     █▁█"),
            ([1: -1e308, 2: 1e308], "▁█"), ([1: 0, 2: .leastNonzeroMagnitude], "▅▅"),
        ] as [(KeyValuePairs<Double, Double>, String)])
    func `A sparkline has a column per step, from the lowest to the highest value`(
        rows: KeyValuePairs<Double, Double>, line: String
    ) throws {
        #expect(try lines([Self.series(rows)]) == [line])
    }

    @Test func `A column of many epochs has the mean of their values`() throws {
        let curve = Chart.Series(name: "a", points: (0..<100).map { ChartPoint(x: Double($0), y: $0 < 50 ? 0 : 1) })
        #expect(try lines([curve], room: 4) == ["▁▁██"])
        #expect(try lines([curve], room: 0) == [""])
    }

    @Test func `Sparklines of several curves are over the same epochs`() throws {
        let short = Self.series([1: 0, 2: 1, 3: 0, 4: 1])
        let long = Self.series([1: 0, 2: 0, 3: 0, 4: 0, 5: 0, 6: 0, 7: 1, 8: 1])
        #expect(try lines([short, long]) == ["▁█▁█    ", "▁▁▁▁▁▁██"])
    }

    @Test func `A sparkline on log axes has the decades at equal distances`() throws {
        let curve = Self.series([1: 1e-4, 2: 1e-2, 4: 1, 8: 1e-4])
        #expect(try lines([curve], scales: .init(isFull: true), room: 7)[0].hasSuffix("▁"))
        #expect(try lines([curve], scales: .init(isLogX: true, isLogY: true, isFull: true), room: 7) == ["▁▃▅▇█▅▁"])
    }

    @Test func `Below 40 columns, curves are smoothed and on log axes as the title says`() {
        let points = (0..<12).map { ChartPoint(x: Double($0), y: $0 % 2 == 0 ? 1 : 2) }
        func text(_ scales: Chart.Scales, values: [ChartPoint] = points) -> String {
            var page = Page(Display(width: 39), now: 0)
            let chart = Chart(title: "t", series: [Chart.Series(name: "a", points: values)], scales: scales)
            chart.write(to: &page, size: .init(width: 39, height: 4), marker: .braille)
            return page.text
        }
        #expect(text(.init()).hasSuffix("a     ▁█▁█▁█▁█▁█▁█      1     2     2\n"))
        #expect(text(.init(smoothing: 0.99)).hasSuffix("  1   1.5   1.5\n"))
        #expect(
            text(.init(isLogX: true)).replacing("\n", with: " ").hasSuffix(
                "1 point at epoch 0 is not shown: a log axis has no 0 "))
        #expect(
            text(.init(isLogY: true), values: points.map { ChartPoint(x: $0.x, y: $0.y - 1) })
                .replacing("\n", with: " ").hasSuffix("6 points of 0 or less are blank: a log axis has none of them "))
    }
}
