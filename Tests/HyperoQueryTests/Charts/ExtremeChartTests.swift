import HyperoSchema
import Testing

@testable import HyperoQuery

/// Charts of values and epochs at the limits of doubles and integers. A conversion of a double that is no integer would end the
/// test.
@Suite struct ExtremeChartTests {
    private static let largest = Double.greatestFiniteMagnitude
    private static let least = Double.leastNonzeroMagnitude
    private static let subnormal = Double.leastNormalMagnitude / 100

    /// Curves by values, for the epochs 1, 2, ….
    private static let values: [[Double]] = [
        [0], [0, 0, 0], [-0.0, 0], [least], [least, least.nextUp, 0], [0, subnormal, 2 * subnormal], [largest],
        [-largest, -largest],
        [-largest, largest, -largest], [1e308, -1e308, 0], [1e308, 1e308.nextUp], [1, 1.0.nextUp, 1], [1e16, 1e16 + 2],
        (1...60).map { $0 == 31 ? largest : 0.3 - 0.001 * Double($0) },
        (1...60).map { $0 == 31 ? -largest : 0.3 - 0.001 * Double($0) },
        (1...60).map { $0 == 1 ? 2e307 : $0 == 60 ? -1e308 : 1e-300 * Double($0) },
        [0.1] + Array(repeating: largest, count: 600), [-0.1] + Array(repeating: -largest, count: 600),
        (1...100).map { $0 % 2 == 0 ? least : largest }, (1...100).map { Double($0) * least },
        Array(repeating: 1, count: 99) + [least, 0, -1],
    ]

    /// Curves by epochs, with the values 1, 2, ….
    private static let epochs: [[Double]] = [
        [0], [0, 1], [0, 0], [5, 5, 5, 6], [9_007_199_254_740_980, 9_007_199_254_740_981], [9_007_199_254_740_991],
        [9_007_199_254_740_992], [4_611_686_018_427_387_904], [Double(Int.max)], [0, Double(Int.max)],
        [1, 2, 3, Double(Int.max).nextDown, Double(Int.max)], [Double(Int.max).nextDown, Double(Int.max)],
        (0..<70).map { Double(1 << 62 - 1) + 1_024 * Double($0) }, (0..<62).map { Double(1 << $0) },
    ]

    private static let allScales = [false, true].flatMap { isLogX in
        [false, true].flatMap { isLogY in
            [(false, 0), (true, 0.99), (false, 0.5)].map { isFull, smoothing in
                Chart.Scales(isLogX: isLogX, isLogY: isLogY, isFull: isFull, smoothing: smoothing)
            }
        }
    }

    /// Draws the curves as text and as SVG, which have no number that is not finite.
    private func draw(_ curves: [[ChartPoint]], widths: some Sequence<Int>, markers: [ChartMarker] = [.braille]) {
        for scales in Self.allScales {
            let chart = Chart(title: "t", series: curves.map { Chart.Series(name: "a", points: $0) }, scales: scales)
            for width in widths {
                for marker in markers {
                    var page = Page(Display(width: width), now: 0)
                    chart.write(to: &page, size: .init(width: width, height: 4), marker: marker)
                    #expect(!page.text.contains("nan") && !page.text.contains("inf"), "\(scales) \(width)")
                }
            }
            let svg = ChartDocument([chart]).svg
            #expect(!svg.contains("nan") && !svg.contains("inf"), "\(scales)")
            guard let frame = ChartFrame(chart, xCount: 5, yCount: 5) else { continue }
            for axis in [frame.x, frame.y] {
                #expect(axis.low < axis.high && axis.low.isFinite && axis.high.isFinite)
                #expect(axis.ticks.allSatisfy { (-1e-6...1 + 1e-6).contains(axis.position(of: $0.value)) })
            }
        }
    }

    @Test(arguments: values)
    func `Extreme values have finite positions`(values: [Double]) {
        let curve = values.enumerated().map { ChartPoint(x: Double($0 + 1), y: $1) }
        draw([curve], widths: [1, 16, 39, 40, 59, 60, 200], markers: ChartMarker.allCases)
        draw([curve, [ChartPoint(x: 3, y: 0.5)], []], widths: [30, 80])
    }

    @Test(arguments: epochs)
    func `Extreme epochs have finite positions`(epochs: [Double]) {
        let curve = epochs.enumerated().map { ChartPoint(x: $1, y: Double($0 + 1)) }
        draw([curve], widths: [1, 16, 39, 40, 59, 60, 200], markers: ChartMarker.allCases)
        draw([curve, [ChartPoint(x: 3, y: 0.5)], []], widths: [30, 80])
    }

    @Test func `Extreme curves are drawn at every width`() {
        let curve = Self.values[13].enumerated().map { ChartPoint(x: Double($0 + 1), y: $1) }
        draw([curve], widths: Array(1...100) + [120, 160, 199, 200])
    }

    @Test func `A thousand curves are drawn`() {
        draw(
            (0..<1_000).map { number in
                (1...5).map { ChartPoint(x: Double($0), y: number % 100 == 7 ? Self.largest : Double(number * $0)) }
            }, widths: [30, 50, 80])
    }

    @Test(arguments: [false, true])
    func `A position is finite for every value and every axis`(isLog: Bool) {
        let values = [
            0, -0.0, Self.least, -Self.least, Self.subnormal, 1, 1.0.nextUp, -1, 2e307, 1e308, -1e308, Self.largest,
            -Self.largest,
            .infinity, -.infinity, .nan,
        ]
        for low in values where low.isFinite && (!isLog || low > 0) {
            for high in values where high.isFinite && high >= low {
                for scale in [
                    ChartScale(isLog: isLog, low: low, high: high),
                    ValueRange(all: [low, high]).map { ChartScale($0, isLog: isLog) },
                ].compactMap(\.self) {
                    for value in values {
                        let position = scale.position(of: value)
                        #expect((-1e9...1e9).contains(position), "\(value) in \(low)...\(high)")
                    }
                }
            }
        }
    }

    @Test func `The line to an outlier is cut at the axis`() throws {
        let scale = ChartScale(isLog: false, low: 0.2, high: 0.3)
        let cut = try #require(
            ChartFrame.clipped(
                ChartPoint(x: 0.5, y: scale.position(of: 0.25)), ChartPoint(x: 0.6, y: scale.position(of: 1.7e308))))
        #expect(cut.start == ChartPoint(x: 0.5, y: 0.5))
        #expect(abs(cut.end.x - 0.5) < 1e-6 && cut.end.y == 1)
    }
}
