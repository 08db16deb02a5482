/// The elements of one chart of a ``ChartDocument``.
struct ChartDrawing {
    private let chart: Chart
    private let frame: ChartFrame?
    /// The plot in user units.
    private let left: Double
    private let right: Double
    private let top = 48.0
    private let bottom: Double

    /// The width of a character of the texts of ticks and of names, on average.
    private static let tickCharacter = 7.0
    private static let nameCharacter = 7.3
    private static let maxNameWidth = 30
    private static let maxTitleWidth = 100
    private static let lineHeight = 16.0
    /// The width of the line before a name, and the space around it.
    private static let keyWidth = 14.0
    private static let gap = 6.0
    /// The height of the lane of values that a logarithmic axis cannot show.
    private static let laneHeight = 18.0

    init(_ chart: Chart) {
        self.chart = chart
        frame = ChartFrame(chart, xCount: 8, yCount: 6)
        let tickWidth = frame?.y.ticks.reduce(3) { max($0, $1.text.utf8.count) } ?? 3
        left = 14 + Double(tickWidth) * Self.tickCharacter + Self.gap
        let names = chart.series.indices.filter(chart.isHighlighted).map { Self.width(of: chart.series[$0].label) }
        right =
            ChartDocument.width - 12 - Self.keyWidth - 2 * Self.gap
            - Double(min(names.max() ?? 0, Self.maxNameWidth)) * Self.nameCharacter
        bottom = ChartDocument.chartHeight - 48 - (frame?.nonPositiveCount ?? 0 > 0 ? Self.laneHeight : 0)
    }

    private static func width(of text: String) -> Int { textWidth(escapedText(text)) }

    private static func shortened(_ text: String, to width: Int) -> String {
        ChartDocument.escaped(truncated(escapedText(text), toWidth: width, ellipsis: "…"))
    }

    private func number(_ value: Double) -> String { ChartDocument.number(value) }
    private func x(_ position: Double) -> Double { left + (right - left) * position }
    private func y(_ position: Double) -> Double { bottom - (bottom - top) * position }

    /// The class of the elements of a curve.
    private func className(of index: Int) -> String {
        chart.isHighlighted(index) ? "c\(index % ChartDocument.colorCount)" : "others"
    }

    /// The elements, one per line.
    var elements: String {
        var lines = [
            "<text class=\"title\" x=\"14\" y=\"26\">\(Self.shortened(chart.title, to: Self.maxTitleWidth))</text>"
        ]
        guard let frame else {
            lines.append("<text class=\"tick\" x=\"14\" y=\"52\">no value can be shown</text>")
            return lines.joined(separator: "\n") + "\n"
        }
        lines += axes(of: frame)
        // The first curves are drawn last, above the others.
        for index in chart.series.indices.reversed() { lines += curve(index, in: frame) }
        lines += labels(in: frame)
        if let remark = remark(about: frame) {
            lines.append(
                "<text class=\"tick\" x=\"14\" y=\"\(number(ChartDocument.chartHeight - 6))\">\(remark)</text>")
        }
        return lines.joined(separator: "\n") + "\n"
    }

    private func axes(of frame: ChartFrame) -> [String] {
        var lines: [String] = []
        for tick in frame.y.ticks {
            let height = number(y(frame.y.position(of: tick.value)))
            lines.append(
                "<line class=\"grid\" x1=\"\(number(left))\" y1=\"\(height)\" x2=\"\(number(right))\" y2=\"\(height)\"/>"
            )
            lines.append(
                "<text class=\"tick\" x=\"\(number(left - Self.gap))\" y=\"\(height)\" dy=\"4\" text-anchor=\"end\">"
                    + "\(tick.text)</text>")
        }
        let end = ChartDocument.chartHeight - 48
        if end > bottom {
            lines.append(
                "<text class=\"tick\" x=\"\(number(left - Self.gap))\" y=\"\(number(end))\" dy=\"-2\" text-anchor=\"end\">"
                    + "≤ 0</text>")
        }
        lines.append(
            "<path class=\"axis\" fill=\"none\" d=\"M\(number(left)) \(number(top))V\(number(end))H\(number(right))\"/>"
        )
        var texts = -Double.infinity
        for tick in frame.x.ticks {
            let position = x(frame.x.position(of: tick.value))
            let half = Double(tick.text.utf8.count) * Self.tickCharacter / 2
            guard position - half > texts + Self.gap else { continue }
            texts = position + half
            lines.append(
                "<line class=\"axis\" x1=\"\(number(position))\" y1=\"\(number(end))\" x2=\"\(number(position))\" "
                    + "y2=\"\(number(end + 4))\"/>")
            lines.append(
                "<text class=\"tick\" x=\"\(number(position))\" y=\"\(number(end + 18))\" text-anchor=\"middle\">"
                    + "\(tick.text)</text>")
        }
        lines.append(
            "<text class=\"tick\" x=\"\(number(right + Self.gap * 3))\" y=\"\(number(end + 18))\">"
                + "\(ChartDocument.escaped(chart.xTitle))</text>")
        return lines
    }

    private func curve(_ index: Int, in frame: ChartFrame) -> [String] {
        let curve = frame.curves[index]
        var path = ""
        var dots: [String] = []
        func dot(_ x: Double, _ y: Double) {
            dots.append("<circle cx=\"\(number(x))\" cy=\"\(number(y))\" r=\"2.2\"/>")
        }
        for run in curve.runs {
            let points = positions(of: run, in: frame)
            if points.count == 1, (0...1).contains(points[0].y) { dot(x(points[0].x), y(points[0].y)) }
            var end: ChartPoint?
            for (start, next) in zip(points, points.dropFirst()) {
                guard let part = ChartFrame.clipped(start, next) else { continue }
                if part.start != end { path += "M\(number(x(part.start.x))) \(number(y(part.start.y)))" }
                path += "L\(number(x(part.end.x))) \(number(y(part.end.y)))"
                end = part.end
            }
        }
        for position in curve.nonPositive {
            dot(x(frame.x.position(of: position)), ChartDocument.chartHeight - 48 - Self.laneHeight / 2)
        }
        guard !path.isEmpty || !dots.isEmpty else { return [] }
        let name = ChartDocument.escaped(chart.series[index].label)
        var lines = ["<g><title>\(name)</title>"]
        if !path.isEmpty { lines.append("<path class=\"curve \(className(of: index))\" d=\"\(path)\"/>") }
        if !dots.isEmpty { lines.append("<g class=\"dots \(className(of: index))\">\(dots.joined())</g>") }
        return lines + ["</g>"]
    }

    /// Returns the positions of the points of a line. If there are more than two per pixel, each pixel has their whole range.
    private func positions(of run: [ChartPoint], in frame: ChartFrame) -> [ChartPoint] {
        let pixels = right - left
        guard Double(run.count) > 2 * pixels else {
            return run.map { ChartPoint(x: frame.x.position(of: $0.x), y: frame.y.position(of: $0.y)) }
        }
        let columns = PointColumn.columns(of: run) { Int((frame.x.position(of: $0) * pixels).rounded()) }
        return columns.flatMap { column in
            [column.first, column.low, column.high, column.last].map {
                ChartPoint(x: Double(column.column) / pixels, y: frame.y.position(of: $0))
            }
        }
    }

    /// The names at the ends of the curves, each after a line in the colour of its curve.
    private func labels(in frame: ChartFrame) -> [String] {
        let named = chart.series.indices.filter(chart.isHighlighted)
        let wanted = named.map { index in
            frame.curves[index].end.map { y(min(max(frame.y.position(of: $0.y), 0), 1)) } ?? bottom
        }
        let heights = LabelPlacement.spread(wanted, distance: Self.lineHeight, within: top...bottom)
        let start = right + Self.gap
        return zip(named, heights).flatMap { index, height in
            [
                "<line class=\"curve \(className(of: index))\" x1=\"\(number(start))\" y1=\"\(number(height))\" "
                    + "x2=\"\(number(start + Self.keyWidth))\" y2=\"\(number(height))\"/>",
                "<text class=\"name\" x=\"\(number(start + Self.keyWidth + Self.gap))\" y=\"\(number(height))\" dy=\"4.5\">"
                    + "\(label(of: index))</text>",
            ]
        }
    }

    private func label(of index: Int) -> String {
        ChartDocument.escaped(
            chart.label(of: index, width: Self.maxNameWidth, escaped: escapedText, ellipsis: "…"))
    }

    private func remark(about frame: ChartFrame) -> String? {
        let parts = [
            (frame.countAbove, "above the axis"), (frame.countBelow, "below the axis"),
            (frame.nonPositiveCount, "of 0 or less"), (frame.countBefore, "at \(chart.xTitle) 0 not shown"),
        ].filter { $0.0 > 0 }
        let unnamed = chart.series.indices.reduce(0) { $0 + (chart.isHighlighted($1) ? 0 : 1) }
        let texts =
            parts.map { "\(counted($0, noun: "point")) \($1)" }
            + (unnamed > 0 ? ["\(counted(unnamed, noun: "further curve")) without a name"] : [])
        return texts.isEmpty ? nil : ChartDocument.escaped(texts.joined(separator: ", "))
    }
}
