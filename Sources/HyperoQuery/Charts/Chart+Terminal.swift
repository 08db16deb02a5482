import HyperoSchema

extension Chart {
    /// The width and height of a chart in characters.
    package struct Size: Sendable, Hashable {
        /// The width of the whole chart with its axis and its labels.
        package var width: Int
        /// The height of the plot without its title and its horizontal axis.
        package var height: Int

        package init(width: Int, height: Int) {
            self.width = width
            self.height = height
        }

        /// The allowed widths and heights.
        package static let widths = 16...1_000
        package static let heights = 4...200

        /// Returns the size of a chart that fits the display, of 80 columns if the display has no width.
        ///
        /// - Parameters:
        ///   - width: the requested width; nil for that of the display.
        ///   - height: the requested height; nil for 14 rows, or 20 in a wide chart.
        package static func fitting(_ display: Display, width: Int? = nil, height: Int? = nil) -> Size {
            let width = min(max(width ?? display.width ?? 80, widths.lowerBound), widths.upperBound)
            return Size(width: width, height: height ?? (width < 120 ? 14 : 20))
        }

        /// The width below which a curve is a sparkline.
        static let leastPlotWidth = 40
        /// The width below which the names of the curves are beneath the chart.
        static let leastWidthWithLabels = 60
    }

    /// Returns the style of a curve.
    func style(of index: Int) -> Style {
        isHighlighted(index) ? Style.curves[index % Style.curves.count] : .dim
    }

    /// Writes the chart: a title, the plot with its axes, the names of the curves, and remarks about points that it leaves out.
    ///
    /// Below 60 columns, the names are beneath the plot. Below 40 columns, each curve is a sparkline on the same horizontal axis.
    func write(to page: inout Page, size: Size, marker: ChartMarker) {
        page.paragraph(title, style: .bold)
        let hasLabels = size.width >= Size.leastWidthWithLabels
        // The number of ticks depends on the width of the plot, which depends on the texts of the ticks. An estimate is enough.
        let labelWidth = hasLabels ? labelWidth(on: page, limit: size.width / 3) : 0
        let estimate = size.width - 8 - labelWidth
        guard
            let frame = ChartFrame(
                self, xCount: max(2, estimate / ChartPlot.columnsPerTick + 1),
                yCount: max(2, size.height / ChartPlot.rowsPerTick + 1))
        else {
            page.paragraph(emptyText, style: .dim)
            return
        }
        guard size.width >= Size.leastPlotWidth else {
            writeSparklines(in: frame, to: &page, width: size.width, marker: marker)
            return
        }
        let plot = ChartPlot(self, frame: frame, size: size, labelWidth: labelWidth, marker: marker)
        plot.write(to: &page)
        if !hasLabels { writeLegend(to: &page, width: size.width) }
        writeRemarks(about: frame, to: &page)
    }

    /// The reason why a chart has no plot.
    private var emptyText: String {
        let hasPositions = series.contains { $0.points.contains { $0.y.isFinite && (!scales.isLogX || $0.x > 0) } }
        if scales.isLogY, hasPositions { return "no value is greater than 0, and a log axis has no others" }
        if scales.isLogX, series.contains(where: { $0.points.contains { $0.y.isFinite } }) {
            return "no \(xTitle) is greater than 0, and a log axis has no others"
        }
        return series.contains { !$0.points.isEmpty } ? "all values are nan or infinite" : "no values"
    }

    private func labelWidth(on page: Page, limit: Int) -> Int {
        let widths = series.indices.filter(isHighlighted).map { textWidth(page.escaped(series[$0].label)) }
        return min(widths.max() ?? 0, limit)
    }

    /// Writes a line per curve: its name in its colour, and its last value, by which it is found without colours.
    private func writeLegend(to page: inout Page, width: Int) {
        for index in series.indices.filter(isHighlighted) where !series[index].label.isEmpty {
            let end = smoothedPoints(of: index).last { $0.y.isFinite }.map { "  ends at \(numberText($0.y))" } ?? ""
            let name = label(
                of: index, width: width - textWidth(end), escaped: page.escaped, ellipsis: page.display.ellipsis)
            page.line([Page.Span(name, style: style(of: index)), Page.Span(end, style: .dim)])
        }
    }

    private func writeRemarks(about frame: ChartFrame, to page: inout Page) {
        let outside = [(frame.countAbove, "above"), (frame.countBelow, "below")].filter { $0.0 > 0 }
        if !outside.isEmpty {
            let count = frame.countAbove + frame.countBelow
            let places = outside.map { outside.count == 1 ? $0.1 : "\($0.0) \($0.1)" }.joined(separator: ", ")
            let note = Note(
                topic: .pointsOutside,
                text: "\(counted(count, noun: "point")) \(count == 1 ? "is" : "are") not shown: \(places) the axis")
            page.paragraph(note.text(with: page.advice), style: .dim)
        }
        if frame.nonPositiveCount > 0 {
            page.paragraph(
                "\(counted(frame.nonPositiveCount, noun: "point")) of 0 or less \(frame.nonPositiveCount == 1 ? "is" : "are") "
                    + "in the lane below the log axis", style: .dim)
        }
        writeRemark(aboutPointsBefore: frame, to: &page)
        let unnamed = series.indices.count { !isHighlighted($0) }
        if unnamed > 0 { page.paragraph("\(counted(unnamed, noun: "further curve")) without a name", style: .dim) }
    }
    /// Writes the number of points at epoch 0 that a logarithmic axis cannot show.
    func writeRemark(aboutPointsBefore frame: ChartFrame, to page: inout Page) {
        guard frame.countBefore > 0 else { return }
        page.paragraph(
            "\(counted(frame.countBefore, noun: "point")) at \(xTitle) 0 \(frame.countBefore == 1 ? "is" : "are") not "
                + "shown: a log axis has no 0", style: .dim)
    }
}
