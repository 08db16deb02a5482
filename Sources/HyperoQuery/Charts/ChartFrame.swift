/// A chart whose axes are determined and whose curves are split into lines.
package struct ChartFrame: Sendable, Hashable {
    /// A curve within the frame.
    package struct Curve: Sendable, Hashable {
        /// The lines, each with at least one point.
        package let runs: [[ChartPoint]]
        /// The positions of the points that a logarithmic vertical axis cannot show: their values are 0 or negative.
        package let nonPositive: [Double]

        /// The last value of the curve that an axis can show; nil if there is none.
        package var end: ChartPoint? { runs.last?.last }
    }

    package let x: ChartAxis
    package let y: ChartAxis
    /// One element per series of the chart.
    package let curves: [Curve]
    /// The number of points above the vertical axis.
    package let countAbove: Int
    /// The number of points below the vertical axis.
    package let countBelow: Int
    /// The number of points whose position a logarithmic horizontal axis cannot show: epoch 0.
    package let countBefore: Int

    /// The number of values that a logarithmic vertical axis cannot show.
    package var nonPositiveCount: Int { curves.reduce(0) { $0 + $1.nonPositive.count } }

    /// Determines the axes; nil if no value can be shown.
    ///
    /// - Parameters:
    ///   - chart: the curves and the rules.
    ///   - xCount: the wanted number of ticks of the horizontal axis.
    ///   - yCount: the wanted number of ticks of the vertical axis.
    package init?(_ chart: Chart, xCount: Int, yCount: Int) {
        let scales = chart.scales
        var countBefore = 0
        var curves: [Curve] = []
        var positions: [ChartPoint] = []
        for index in chart.series.indices {
            var points = chart.smoothedPoints(of: index)
            if scales.isLogX {
                let count = points.count
                points.removeAll { $0.x <= 0 }
                countBefore += count - points.count
            }
            positions += points
            var nonPositive: [Double] = []
            if scales.isLogY {
                nonPositive = points.filter { $0.y.isFinite && $0.y <= 0 }.map(\.x)
                // A line must not join the points before and after one that cannot be shown.
                points = points.map { $0.y.isFinite && $0.y <= 0 ? ChartPoint(x: $0.x, y: .nan) : $0 }
            }
            curves.append(Curve(runs: points.runs, nonPositive: nonPositive))
        }
        let shown = curves.flatMap { $0.runs.flatMap(\.self) }
        guard let xRange = ValueRange(all: positions.map(\.x)),
            let yRange = scales.isFull
                ? ValueRange(all: shown.map(\.y)) : ValueRange(ofMost: shown, isLog: scales.isLogY)
        else { return nil }
        x = ChartAxis(
            xRange, count: xCount, isLog: scales.isLogX, isLoose: false,
            isInteger: positions.allSatisfy { $0.x.rounded() == $0.x })
        let y = ChartAxis(yRange, count: yCount, isLog: scales.isLogY, isLoose: true)
        self.y = y
        self.curves = curves
        self.countBefore = countBefore
        countAbove = shown.reduce(0) { $0 + ($1.y > y.high ? 1 : 0) }
        countBelow = shown.reduce(0) { $0 + ($1.y < y.low ? 1 : 0) }
    }

    /// Returns the part of a line between two points that is within the vertical axis, in positions on both axes; nil if no
    /// part is.
    package func clipped(_ start: ChartPoint, _ end: ChartPoint) -> (start: ChartPoint, end: ChartPoint)? {
        let from = ChartPoint(x: x.position(of: start.x), y: y.position(of: start.y))
        let to = ChartPoint(x: x.position(of: end.x), y: y.position(of: end.y))
        return Self.clipped(from, to)
    }

    /// Returns the part of a line whose height is from 0 to 1; nil if no part is.
    ///
    /// - Parameters:
    ///   - start: the finite positions of the start on both axes.
    ///   - end: those of the end.
    package static func clipped(_ start: ChartPoint, _ end: ChartPoint) -> (start: ChartPoint, end: ChartPoint)? {
        guard max(start.y, end.y) >= 0, min(start.y, end.y) <= 1 else { return nil }
        func moved(_ point: ChartPoint, along other: ChartPoint) -> ChartPoint {
            let bound = min(max(point.y, 0), 1)
            guard bound != point.y else { return point }
            let part = (bound - point.y) / (other.y - point.y)
            return ChartPoint(x: point.x + (other.x - point.x) * part, y: bound)
        }
        return (moved(start, along: end), moved(end, along: start))
    }
}
