/// A curve as one line of blocks: `▁▃▅▆▇█`.
struct Sparkline: Hashable {
    /// The heights of the columns from 0 to 1; nil in a gap, and before and after the curve.
    let heights: [Double?]

    /// Draws the lines of a curve. A column has the mean of its points. A column between two points of a line is on that line.
    ///
    /// - Parameters:
    ///   - runs: the lines in order, each with at least one point, in positions on both axes. A position outside of an axis counts
    ///     as its end.
    ///   - width: the number of columns; none if it is not positive.
    init(_ runs: [[ChartPoint]], width: Int) {
        guard width > 0 else {
            heights = []
            return
        }
        var sums = Array(repeating: 0.0, count: width)
        var counts = Array(repeating: 0, count: width)
        var lines: [(start: Int, end: Int)] = []
        for run in runs {
            var last: Int?
            for point in run {
                let column = Int((Self.bounded(point.x) * Double(width - 1)).rounded())
                // Heights are averaged and not values, whose sum may be infinite.
                sums[column] += Self.bounded(point.y)
                counts[column] += 1
                if let last, column > last + 1 { lines.append((last, column)) }
                last = column
            }
        }
        var heights = zip(sums, counts).map { sum, count in count > 0 ? sum / Double(count) : nil }
        for (start, end) in lines {
            guard let from = heights[start], let to = heights[end] else { continue }
            for column in start + 1..<end where counts[column] == 0 {
                heights[column] = from + (to - from) * Double(column - start) / Double(end - start)
            }
        }
        self.heights = heights
    }

    private static func bounded(_ position: Double) -> Double { min(max(position, 0), 1) }

    /// Returns the line as text, with a space for a column without a height.
    ///
    /// - Parameter levels: the characters, the lowest first, at least one.
    func text(levels: String = "▁▂▃▄▅▆▇█") -> String {
        let blocks = Array(levels)
        return String(
            heights.map { height in
                height.map { blocks[min(Int($0 * Double(blocks.count)), blocks.count - 1)] } ?? " "
            })
    }
}
