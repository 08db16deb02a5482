/// A point of a curve.
package struct ChartPoint: Sendable, Hashable {
    /// The finite position on the horizontal axis, such as the epoch.
    package var x: Double
    /// The value. One that is nan or infinite is a gap of the curve.
    package var y: Double

    package init(x: Double, y: Double) {
        self.x = x
        self.y = y
    }
}

/// The points of one column of dots, which many epochs may share. The column shows their whole range, so that no spike is lost.
struct PointColumn: Hashable {
    let column: Int
    /// The values of the first and the last point.
    let first: Double
    private(set) var last: Double
    /// The lowest and the highest value.
    private(set) var low: Double
    private(set) var high: Double

    private init(column: Int, value: Double) {
        self.column = column
        (first, last, low, high) = (value, value, value, value)
    }

    /// Collects the points of a run by columns, ascending.
    ///
    /// - Parameters:
    ///   - run: points in the order of their positions, with finite values.
    ///   - column: returns the column of a position. A later position never has a lower column.
    static func columns(of run: [ChartPoint], column: (Double) -> Int) -> [PointColumn] {
        var columns: [PointColumn] = []
        for point in run {
            let index = column(point.x)
            if let end = columns.indices.last, columns[end].column == index {
                columns[end].last = point.y
                columns[end].low = min(columns[end].low, point.y)
                columns[end].high = max(columns[end].high, point.y)
            } else {
                columns.append(PointColumn(column: index, value: point.y))
            }
        }
        return columns
    }
}

extension [ChartPoint] {
    /// The factor by which a step must be longer than the steps around it to be a gap.
    private static var gapFactor: Double { 3 }

    /// The parts of a curve that are drawn as one line each.
    ///
    /// A part ends before a value that is not finite, and before a gap: a step that is more than three times as long as the
    /// steps around it, because rows are missing there. The steps around it are the two before it and the two after it, of which
    /// all but one must be that short, so that two gaps may follow each other. Near the ends of the curve, where one side has
    /// fewer than two steps, all must be that short.
    ///
    /// So a channel that is logged every ten epochs has no gaps, and neither has one that is logged less and less often.
    /// The usual step of the whole curve would not do: the later rows of such a channel would all be dots.
    var runs: [[ChartPoint]] {
        var runs: [[ChartPoint]] = []
        var isOpen = false
        for (index, point) in enumerated() {
            guard point.y.isFinite else {
                isOpen = false
                continue
            }
            if isOpen, isGap(before: index) { isOpen = false }
            if isOpen {
                runs[runs.count - 1].append(point)
            } else {
                runs.append([point])
                isOpen = true
            }
        }
        return runs
    }

    /// Returns whether rows are missing before a point.
    private func isGap(before index: Int) -> Bool {
        func step(_ end: Int) -> Double? { indices.contains(end) && end > 0 ? self[end].x - self[end - 1].x : nil }
        guard let length = step(index) else { return false }
        // Nearly all steps are like both of their neighbours, and need no arrays.
        if let last = step(index - 1), let next = step(index + 1), length <= Self.gapFactor * Swift.min(last, next) {
            return false
        }
        let before = [step(index - 2), step(index - 1)].compactMap(\.self)
        let after = [step(index + 1), step(index + 2)].compactMap(\.self)
        let around = (before + after).sorted(by: >)
        guard let longest = around.first else { return false }
        let usual = around.count < 4 ? longest : around[1]
        return usual > 0 && length > Self.gapFactor * usual
    }
}
