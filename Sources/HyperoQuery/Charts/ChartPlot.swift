/// The plot of a chart in characters: the curves, the axes and the names at the ends of the curves.
struct ChartPlot {
    /// The columns and rows per tick.
    static let columnsPerTick = 12
    static let rowsPerTick = 3
    /// The least number of columns between the texts of two ticks.
    private static let tickGap = 2

    private let chart: Chart
    private let frame: ChartFrame
    private let size: Chart.Size
    private let marker: ChartMarker
    /// The texts of the vertical axis by rows.
    private let rowTexts: [Int: String]
    private let axisWidth: Int
    private let labelWidth: Int
    /// The number of columns of the plot.
    private let columns: Int

    init(_ chart: Chart, frame: ChartFrame, size: Chart.Size, labelWidth: Int, marker: ChartMarker) {
        self.chart = chart
        self.frame = frame
        self.size = size
        self.marker = marker
        self.labelWidth = labelWidth
        var texts: [Int: String] = [:]
        let ticks = frame.y.ticks
        // The first and the last tick have their texts in any case.
        for tick in [ticks.first, ticks.last].compactMap(\.self) + ticks.dropFirst().dropLast() {
            let row =
                Self.row(of: frame.y.position(of: tick.value), dots: size.height * marker.dots.down) / marker.dots.down
            if texts[row] == nil { texts[row] = tick.text }
        }
        rowTexts = texts
        let laneWidth = frame.nonPositiveCount > 0 ? Self.laneText(marker).count : 0
        axisWidth = texts.values.reduce(laneWidth) { max($0, $1.utf8.count) }
        // The axis has a space before it, and the names have one.
        columns = max(8, size.width - axisWidth - 2 - (labelWidth > 0 ? labelWidth + 1 : 0))
    }

    private static func laneText(_ marker: ChartMarker) -> String { marker == .ascii ? "<= 0" : "≤ 0" }

    /// Returns the row of dots of a position on the vertical axis, from 0 at the top.
    private static func row(of position: Double, dots: Int) -> Int {
        Int(((1 - min(max(position, 0), 1)) * Double(dots - 1)).rounded())
    }

    private func dotColumn(of position: Double, dots: Int) -> Int {
        Int((min(max(position, 0), 1) * Double(dots - 1)).rounded())
    }

    func write(to page: inout Page) {
        var canvas = DotCanvas(columns: columns, rows: size.height, marker: marker)
        for index in frame.curves.indices { draw(index, on: &canvas) }
        let labels = labelWidth > 0 ? labelsByRow : [:]
        for row in 0..<size.height {
            writeRow(
                canvas.spans(ofRow: row, style: chart.style), text: rowTexts[row],
                label: labels[row], to: &page)
        }
        if frame.nonPositiveCount > 0 { writeRow(lane, text: Self.laneText(marker), label: nil, to: &page) }
        writeHorizontalAxis(to: &page)
    }

    private func draw(_ index: Int, on canvas: inout DotCanvas) {
        let (dotColumns, dotRows) = (canvas.dotColumns, canvas.dotRows)
        for run in frame.curves[index].runs {
            let points = PointColumn.columns(of: run) { dotColumn(of: frame.x.position(of: $0), dots: dotColumns) }
            func line(_ start: (column: Int, value: Double), _ end: (column: Int, value: Double)) {
                guard
                    let (from, to) = ChartFrame.clipped(
                        ChartPoint(x: Double(start.column), y: frame.y.position(of: start.value)),
                        ChartPoint(x: Double(end.column), y: frame.y.position(of: end.value)))
                else { return }
                canvas.line(
                    from: (Int(from.x.rounded()), Self.row(of: from.y, dots: dotRows)),
                    to: (Int(to.x.rounded()), Self.row(of: to.y, dots: dotRows)), curve: index)
            }
            for (position, point) in points.enumerated() {
                if position > 0 {
                    line((points[position - 1].column, points[position - 1].last), (point.column, point.first))
                }
                line((point.column, point.low), (point.column, point.high))
            }
        }
    }

    /// The columns of the points that a logarithmic axis cannot show.
    private var lane: [Page.Span] {
        var canvas = DotCanvas(columns: columns, rows: 1, marker: marker)
        for (index, curve) in frame.curves.enumerated() {
            for x in curve.nonPositive {
                canvas.set(
                    column: dotColumn(of: frame.x.position(of: x), dots: canvas.dotColumns), row: canvas.dotRows - 1,
                    curve: index)
            }
        }
        return canvas.spans(ofRow: 0, style: chart.style)
    }

    /// The indices of the curves whose names are in a row, beside or near the ends of the curves.
    private var labelsByRow: [Int: Int] {
        let named = chart.series.indices.filter(chart.isHighlighted).prefix(size.height)
        let wanted = named.map { index in
            guard let end = frame.curves[index].end else { return Double(size.height - 1) }
            return Double(
                Self.row(of: frame.y.position(of: end.y), dots: size.height * marker.dots.down) / marker.dots.down)
        }
        let rows = LabelPlacement.spread(wanted, distance: 1, within: 0...Double(size.height - 1))
        // Rounding moves all labels of a group alike, but two groups may be less than a row apart after it.
        var labels: [Int: Int] = [:]
        for (index, row) in zip(named, rows).sorted(by: { $0.1 < $1.1 }) {
            var row = Int(row.rounded())
            while labels[row] != nil, row < size.height - 1 { row += 1 }
            while labels[row] != nil, row > 0 { row -= 1 }
            labels[row] = index
        }
        return labels
    }

    private func writeRow(_ spans: [Page.Span], text: String?, label: Int?, to page: inout Page) {
        let text = text ?? ""
        let space = String(repeating: " ", count: axisWidth - text.count)
        let axis = text.isEmpty ? marker.axes.vertical : marker.axes.verticalTick
        var line = [Page.Span("\(space)\(text) \(axis)", style: .dim)] + spans
        if let label {
            let name = chart.label(
                of: label, width: labelWidth, escaped: page.escaped, ellipsis: page.display.ellipsis)
            line += [Page.Span(" "), Page.Span(name, style: chart.style(of: label))]
        } else {
            line.trimEnd()
        }
        page.line(line)
    }

    private func writeHorizontalAxis(to page: inout Page) {
        var axis = Array(repeating: marker.axes.horizontal, count: columns)
        let start = axisWidth + 2
        var texts = ""
        let dots = columns * marker.dots.across
        let ticks = frame.x.ticks.map { tick in
            (column: dotColumn(of: frame.x.position(of: tick.value), dots: dots) / marker.dots.across, text: tick.text)
        }
        for (column, text) in ticks {
            let first = min(start + column - (text.utf8.count - 1) / 2, size.width - text.utf8.count)
            // The text of a tick that has no room is left out, with its mark.
            guard texts.isEmpty || first >= texts.utf8.count + Self.tickGap, first >= 0 else { continue }
            texts += String(repeating: " ", count: first - texts.utf8.count) + text
            axis[column] = marker.axes.horizontalTick
        }
        page.line(
            String(repeating: " ", count: axisWidth + 1) + marker.axes.corner + axis.joined(), style: .dim)
        if texts.utf8.count + Self.tickGap + textWidth(chart.xTitle) <= size.width { texts += "  \(chart.xTitle)" }
        page.line(texts, style: .dim)
    }
}

extension [Page.Span] {
    /// Removes the spaces at the end of the line.
    fileprivate mutating func trimEnd() {
        while let last = indices.last {
            while self[last].text.last == " " { self[last].text.removeLast() }
            guard self[last].text.isEmpty else { return }
            removeLast()
        }
    }
}
