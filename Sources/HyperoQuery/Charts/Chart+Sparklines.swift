import Glibc

extension Chart {
    /// The least width of a sparkline and of a name.
    private static let leastSparkline = 5
    private static let leastName = 4
    private static let gap = 2

    /// Writes a line per curve: its name, a sparkline, and its first, best and last finite value in three significant digits.
    ///
    /// The best value is the one that the title of the column names: the highest or the lowest.
    func writeSparklines(to page: inout Page, width: Int, marker: ChartMarker) {
        let rows = series.indices.filter(isHighlighted).map { index in
            let series = series[index]
            let values = series.points.map(\.y)
            let finite = values.filter(\.isFinite)
            let best = isLowestBest ? finite.min() : finite.max()
            let numbers = [finite.first, best, finite.last].map { $0.map(Self.threeDigits) ?? "-" }
            return (index, page.escaped(series.label), values, numbers)
        }
        let titles = ["first", isLowestBest ? "least" : "most", "last"]
        let widths = titles.indices.map { column in
            rows.reduce(titles[column].utf8.count) { max($0, textWidth($1.3[column])) }
        }
        let columns = Self.columns(of: widths, within: width - Self.leastName - Self.gap)
        let numberWidths = columns.map { widths[$0] }
        let numberWidth = numberWidths.reduce(0, +) + Self.gap * numberWidths.count
        let wanted = rows.reduce(0) { max($0, textWidth($1.1)) }
        let nameWidth = max(Self.leastName, min(wanted, width - numberWidth - Self.gap - Self.leastSparkline))
        // Without room for a sparkline, the numbers have to do.
        let room = width - nameWidth - Self.gap - numberWidth
        let sparkWidth = room < 1 ? 0 : min(room, rows.reduce(0) { max($0, $1.2.count) })
        func line(_ name: Page.Span, _ sparkline: Page.Span, _ numbers: [String], style: Style) -> [Page.Span] {
            let space = String(repeating: " ", count: max(0, nameWidth - textWidth(name.text)) + Self.gap)
            let rest = String(repeating: " ", count: max(0, sparkWidth - sparkline.text.count))
            let texts = zip(numbers, numberWidths).map { text, width in
                String(repeating: " ", count: Self.gap + width - textWidth(text)) + text
            }
            return [name, Page.Span(space), sparkline, Page.Span(rest), Page.Span(texts.joined(), style: style)]
        }
        page.line(line(Page.Span(""), Page.Span(""), columns.map { titles[$0] }, style: .dim))
        for (index, _, values, numbers) in rows {
            let name = label(
                of: index, width: nameWidth, escaped: page.escaped, ellipsis: page.display.ellipsis)
            let text = sparkline(values.map(Optional.some), width: sparkWidth, levels: marker.levels)
            page.line(
                line(
                    Page.Span(name, style: style(of: index)), Page.Span(text, style: style(of: index)),
                    columns.map { numbers[$0] }, style: .plain))
        }
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
