/// Curves over common axes, and the rules by which they are drawn.
///
/// A chart is drawn on a terminal, ``write(to:size:marker:)``, or as SVG, ``ChartDocument``.
package struct Chart: Sendable, Hashable {
    /// One curve.
    package struct Series: Sendable, Hashable {
        /// The name at the end of the curve; empty for none.
        package var name: String
        /// The number before the name; nil for none.
        package var rank: Int?
        /// The points in the order of their positions.
        package var points: [ChartPoint]

        package init(name: String, rank: Int? = nil, points: [ChartPoint]) {
            self.name = name
            self.rank = rank
            self.points = points
        }

        /// The mark of a curve that ends with values that are not finite: `nan@41` for nan from epoch 41 on; nil for any other
        /// curve.
        package var mark: String? {
            guard let last = points.last, !last.y.isFinite else { return nil }
            let first = points.lastIndex { $0.y.isFinite }.map { points[$0 + 1] } ?? points[0]
            return "\(TickNumber.text(of: first.y))@\(TickNumber.text(of: first.x))"
        }

        /// The name with the rank before it and the mark after it.
        package var label: String {
            [rank.map { String($0) }, name.isEmpty ? nil : name, mark].compactMap(\.self).joined(separator: " ")
        }
    }

    /// The rules of the axes.
    package struct Scales: Sendable, Hashable {
        /// True for a logarithmic horizontal axis.
        package var isLogX = false
        /// True for a logarithmic vertical axis.
        package var isLogY = false
        /// True to show all values, also if outliers leave little height for the others.
        package var isFull = false
        /// The weight of the past in the moving average, from 0 for none to below 1.
        package var smoothing = 0.0

        package init(isLogX: Bool = false, isLogY: Bool = false, isFull: Bool = false, smoothing: Double = 0) {
            self.isLogX = isLogX
            self.isLogY = isLogY
            self.isFull = isFull
            self.smoothing = smoothing
        }
    }

    /// The text above the chart.
    package var title: String
    /// The name of the horizontal axis.
    package var xTitle: String
    /// The curves, the most important first.
    package var series: [Series]
    package var scales: Scales
    /// True if the lowest values are the best.
    package var isLowestBest: Bool

    package init(
        title: String, xTitle: String = "epoch", series: [Series], scales: Scales = Scales(), isLowestBest: Bool = false
    ) {
        self.title = title
        self.xTitle = xTitle
        self.series = series
        self.isLowestBest = isLowestBest
        self.scales = scales
    }

    /// Returns the points of a curve as the axes show them: the moving averages, or the values themselves.
    func smoothedPoints(of index: Int) -> [ChartPoint] {
        let points = series[index].points
        return zip(points, Smoothing.smoothed(points.map(\.y), weight: scales.smoothing)).map {
            ChartPoint(x: $0.x, y: $1)
        }
    }

    /// The largest number of curves that all are shown in a colour of their own.
    private static let maxHighlighted = 8
    /// The number of curves that are shown in a colour if there are more.
    private static let highlightedOfMany = 5

    /// Returns the label of a curve in a number of columns. The middle of a name that is too long is left out, because the ids of one
    /// process differ only at their ends.
    func label(of index: Int, width: Int, escaped: (String) -> String, ellipsis: String) -> String {
        let label = escaped(series[index].label)
        guard textWidth(label) > width else { return label }
        let name = escaped(series[index].name)
        let room = width - (textWidth(label) - textWidth(name))
        guard room >= Self.leastNameWidth else { return truncated(label, toWidth: width, ellipsis: ellipsis) }
        var end = String(name.suffix(room / 2))
        while textWidth(end) > room / 2 { end.removeFirst() }
        let start = truncated(name, toWidth: room - textWidth(end), ellipsis: ellipsis)
        var shortened = series[index]
        shortened.name = start + end
        return shortened.label
    }

    /// The width below which a name without its middle is no help.
    private static let leastNameWidth = 5

    /// Returns whether a curve has a colour and a name. Of many curves, the others show the background that the first ones stand
    /// out from.
    package func isHighlighted(_ index: Int) -> Bool {
        series.count <= Self.maxHighlighted || index < Self.highlightedOfMany
    }
}

extension TickNumber {
    /// Returns the text of a number that is not a tick: all digits of a whole number, `nan`, `inf` or `-inf`.
    static func text(of value: Double) -> String {
        if value.isNaN { return "nan" }
        return Int(exactly: value).map { String($0) } ?? numberText(value)
    }
}
