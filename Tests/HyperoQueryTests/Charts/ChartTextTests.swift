import HyperoSchema
import Testing

@testable import HyperoQuery

/// The charts of terminals and of SVG, compared as whole texts.
@Suite struct ChartTextTests {
    private static func series(_ name: String, rank: Int? = nil, _ value: (Double) -> Double) -> Chart.Series {
        Chart.Series(name: name, rank: rank, points: (1...40).map { ChartPoint(x: Double($0), y: value(Double($0))) })
    }

    private static let chart = Chart(
        title: "valid of 3 experiments, epochs 1 to 40",
        series: [
            series("k3v9x2mq7d-17", rank: 1) { 0.95 - 0.6 / $0 },
            series("k3v9x2mq7d-4", rank: 2) { 0.8 - 0.5 / $0 },
            series("w8-1", rank: 3) { $0 < 21 ? 0.5 - 0.4 / $0 : .nan },
        ])

    private func text(
        _ chart: Chart = chart, width: Int, height: Int = 8, marker: ChartMarker = .braille, color: Bool = false
    ) -> String {
        var page = Page(Display(usesColor: color, width: width), now: 0)
        chart.write(to: &page, size: .init(width: width, height: height), marker: marker)
        return page.text
    }

    @Test(arguments: ChartMarker.allCases)
    func `A chart of 80 columns has ticks, and names at the ends of the curves`(marker: ChartMarker) throws {
        let text = text(width: 80, marker: marker)
        #expect(try text == GoldenText.of("chart-80-\(marker.rawValue)", actual: text))
    }

    @Test func `A chart of 160 columns has more ticks`() throws {
        let wide = text(width: 160)
        #expect(try wide == GoldenText.of("chart-160", actual: wide))
        #expect(wide.split(separator: "\n").allSatisfy { $0.count <= 160 })
    }

    @Test func `Below 60 columns the names are beneath the chart, and below 40 columns each curve is a line`() throws {
        for width in [40, 39] {
            let text = text(width: width)
            #expect(try text == GoldenText.of("chart-\(width)", actual: text))
        }
    }

    @Test(arguments: 16...200)
    func `No line of a chart is wider than the display`(width: Int) {
        var chart = Self.chart
        chart.series[0].name = String(repeating: "日本語", count: 30)
        for marker in ChartMarker.allCases {
            let lines = text(chart, width: width, marker: marker).split(separator: "\n").dropFirst()
            #expect(lines.filter { textWidth(String($0)) > width } == [])
        }
    }

    @Test func `A cell has the colour of the best curve through it, and further curves are dim`() {
        var chart = Self.chart
        chart.series = (1...9).map { number in
            Self.series("a-\(number)", rank: number) { 0.1 * Double(number) + 0.001 * $0 }
        }
        let drawn = text(chart, width: 80, height: 20, color: true)
        for color in ["31", "166", "36", "178", "175"] { #expect(drawn.contains("\u{1B}[38;5;\(color)m")) }
        #expect(!drawn.contains("\u{1B}[38;5;74m"))
        #expect(drawn.contains("4 further curves without a name"))
        #expect(!drawn.contains("a-6"))
    }

    @Test func `Remarks name the points that are not shown`() {
        var chart = Chart(title: "loss", series: [Self.series("a") { $0 < 3 ? 1_000 : 1 / $0 }])
        #expect(text(chart, width: 80).hasSuffix("2 points are not shown: above the axis\n"))
        chart.scales.isLogY = true
        chart.series[0].points[5].y = 0
        chart.series[0].points[6].y = -1
        let logarithmic = text(chart, width: 80)
        #expect(logarithmic.contains("≤ 0 ┤"))
        #expect(logarithmic.hasSuffix("2 points of 0 or less are in the lane below the log axis\n"))
        chart.series = [Self.series("a") { -$0 }]
        #expect(text(chart, width: 80) == "loss\nno value is greater than 0, and a log axis has no others\n")
        chart.series = [Self.series("a") { _ in .nan }]
        #expect(text(chart, width: 80) == "loss\nall values are nan or infinite\n")
        chart.series = []
        #expect(text(chart, width: 80) == "loss\nno values\n")
    }

    @Test(
        arguments: [
            [5], [1, 1, 1], [0, 0], [-1e308, 1.7e308], [.leastNonzeroMagnitude, 0], [.infinity, 1, -.infinity],
            [1e16, 1e16 + 2],
        ] as [[Double]])
    func `Extreme curves are drawn at every width`(values: [Double]) {
        for scales in [Chart.Scales(), .init(isLogX: true, isLogY: true), .init(isFull: true, smoothing: 0.5)] {
            let chart = Chart(
                title: "t",
                series: [
                    Chart.Series(name: "a", points: values.enumerated().map { ChartPoint(x: Double($0), y: $1) })
                ], scales: scales)
            for width in [16, 39, 40, 60, 200] { #expect(!text(chart, width: width, height: 4).isEmpty) }
            #expect(ChartDocument([chart]).svg.hasSuffix("</svg>\n"))
        }
    }

    @Test func `Names are text in SVG, whatever characters they have`() {
        let name = "</text><script>alert('1')</script>&amp;\"\u{1B}[2J\u{202E}\u{FFFE}\u{0}]]>"
        var chart = Self.chart
        chart.title = name
        chart.xTitle = name
        chart.series[0].name = name
        let svg = ChartDocument([chart]).svg
        #expect(!svg.contains("<script"))
        #expect(
            svg.contains(
                "&lt;script&gt;alert(&#39;1&#39;)&lt;/script&gt;&amp;amp;&quot;\\x1b[2J\\u{202e}\\u{fffe}\\x00]]&gt;"))
        #expect(
            !svg.unicodeScalars.contains { $0.value < 0x20 && $0 != "\n" || $0.value == 0x202E || $0.value == 0xFFFE })
        for reference in ["href", "url(", "@import", "<script", "<image", "onload"] {
            #expect(!svg.contains(reference))
        }
        #expect(svg.contains("@media (prefers-color-scheme: dark)"))
    }

    @Test func `SVG of 100,000 epochs is small and keeps the spike`() {
        var points = (0..<100_000).map { ChartPoint(x: Double($0), y: 0.5 + 0.1 * Double($0 % 7)) }
        points[50_000].y = 9
        let chart = Chart(title: "t", series: [.init(name: "a", points: points)], scales: .init(isFull: true))
        let svg = ChartDocument([chart]).svg
        #expect(svg.utf8.count < 80_000)
        // 9 on an axis from 0 to 10, which is 344 high and ends at 392.
        #expect(svg.contains(" 82.4L"))
    }
}
