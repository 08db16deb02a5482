import Glibc

extension Chart {
    /// The least width of a sparkline and of a name.
    private static let leastSparkline = 5
    private static let leastName = 4
    private static let gap = 2

    /// Writes a line per curve: its name, a sparkline, and its first, best and last finite value in three significant digits.
    ///
    /// All sparklines have the horizontal axis of the frame. Each has a vertical axis of its own. The best value is the one that
    /// the title of the column names: the highest or the lowest.
    func writeSparklines(in frame: ChartFrame, to page: inout Page, width: Int, marker: ChartMarker) {
        let rows = series.indices.filter(isHighlighted).map { index in
            let finite = smoothedPoints(of: index).map(\.y).filter(\.isFinite)
            let best = isLowestBest ? finite.min() : finite.max()
            let numbers = [finite.first, best, finite.last].map { $0.map(Self.threeDigits) ?? "-" }
            return (index, page.escaped(series[index].label), numbers)
        }
        let titles = ["first", isLowestBest ? "least" : "most", "last"]
        let widths = titles.indices.map { column in
            rows.reduce(titles[column].utf8.count) { max($0, textWidth($1.2[column])) }
        }
        let columns = Self.columns(of: widths, within: width - Self.leastName - Self.gap)
        let numberWidths = columns.map { widths[$0] }
        let numberWidth = numberWidths.reduce(0, +) + Self.gap * numberWidths.count
        let wanted = rows.reduce(0) { max($0, textWidth($1.1)) }
        let nameWidth = max(Self.leastName, min(wanted, width - numberWidth - Self.gap - Self.leastSparkline))
        // Without room for a sparkline, the numbers have to do.
        let room = width - nameWidth - Self.gap - numberWidth
        let sparkWidth = sparklineWidth(in: frame, within: room)
        func line(_ name: Page.Span, _ sparkline: Page.Span, _ numbers: [String], style: Style) -> [Page.Span] {
            let space = String(repeating: " ", count: max(0, nameWidth - textWidth(name.text)) + Self.gap)
            let rest = String(repeating: " ", count: max(0, sparkWidth - sparkline.text.count))
            let texts = zip(numbers, numberWidths).map { text, width in
                String(repeating: " ", count: Self.gap + width - textWidth(text)) + text
            }
            return [name, Page.Span(space), sparkline, Page.Span(rest), Page.Span(texts.joined(), style: style)]
        }
        page.line(line(Page.Span(""), Page.Span(""), columns.map { titles[$0] }, style: .dim))
        for (index, _, numbers) in rows {
            let name = label(
                of: index, width: nameWidth, escaped: page.escaped, ellipsis: page.display.ellipsis)
            let text = sparkline(of: index, in: frame, width: sparkWidth).text(levels: marker.levels)
            page.line(
                line(
                    Page.Span(name, style: style(of: index)), Page.Span(text, style: style(of: index)),
                    columns.map { numbers[$0] }, style: .plain))
        }
        if frame.nonPositiveCount > 0 {
            page.paragraph(
                "\(counted(frame.nonPositiveCount, noun: "point")) of 0 or less \(frame.nonPositiveCount == 1 ? "is" : "are") "
                    + "blank: a log axis has none of them", style: .dim)
        }
        writeRemark(aboutPointsBefore: frame, to: &page)
        let hidden = series.count - rows.count
        if hidden > 0 {
            page.paragraph(
                "\(counted(hidden, noun: "further curve")) \(hidden == 1 ? "is" : "are") not shown", style: .dim)
        }
    }

    /// Returns the number of columns of sparklines: one per step of the curve with the shortest steps, if there is room.
    func sparklineWidth(in frame: ChartFrame, within room: Int) -> Int {
        let positions = series.flatMap { $0.points.map(\.x) }.filter { !scales.isLogX || $0 > 0 }
        guard room > 0, let first = positions.min(), let last = positions.max() else { return 0 }
        guard first < last else { return 1 }
        guard !scales.isLogX else { return room }
        let steps = series.lazy.flatMap { zip($0.points, $0.points.dropFirst()).lazy.map { $1.x - $0.x } }
        let step = steps.filter { $0 > 0 }.min() ?? last - first
        return Int(min(((last - first) / step).rounded() + 1, Double(room)))
    }

    /// Returns a curve as one line, on the horizontal axis of the frame and from its own lowest to its own highest value. As on the
    /// axis of a plot, outliers do not count if they would flatten the rest.
    func sparkline(of index: Int, in frame: ChartFrame, width: Int) -> Sparkline {
        let runs = frame.curves[index].runs
        let points = runs.flatMap(\.self)
        let range =
            scales.isFull ? ValueRange(all: points.map(\.y)) : ValueRange(ofMost: points, isLog: scales.isLogY)
        guard let scale = range.map({ ChartScale($0, isLog: scales.isLogY) }) else {
            return Sparkline([], width: width)
        }
        return Sparkline(
            runs.map { run in
                run.map { ChartPoint(x: frame.x.position(of: $0.x), y: scale.position(of: $0.y)) }
            }, width: width)
    }

    /// Returns the columns of numbers that fit into a width: all, the best and the last, or the best value alone.
    private static func columns(of widths: [Int], within width: Int) -> [Int] {
        [[0, 1, 2], [1, 2]].first { $0.reduce(0) { $0 + widths[$1] + gap } <= width } ?? [1]
    }

    private static func threeDigits(_ value: Double) -> String {
        withUnsafeTemporaryAllocation(of: CChar.self, capacity: 64) { buffer in
            buffer.baseAddress.map { String(cString: gcvt(value, 3, $0)) } ?? ""
        }
    }
}

extension ChartMarker {
    /// The characters of a sparkline from the lowest to the highest value.
    fileprivate var levels: String { self == .ascii ? "_.-=+*#@" : "▁▂▃▄▅▆▇█" }
}
