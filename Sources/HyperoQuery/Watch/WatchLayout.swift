/// The display of a screen, on which parts of it are written.
struct Paper {
    let display: Display
    /// The time in Unix milliseconds from which ages are measured.
    let clock: Int64

    var width: Int { display.width ?? 80 }

    /// Returns the lines that a function writes.
    func lines(_ write: (inout Page) -> Void) -> [String] {
        var page = Page(display, now: clock)
        write(&page)
        var lines = page.text.split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
        if lines.last == "" { lines.removeLast() }
        return lines
    }

    /// Returns one line.
    func line(_ spans: [Page.Span]) -> String { lines { $0.line(spans) }.first ?? "" }
}

/// The heights of the parts of a screen between its first and its last line.
struct Layout {
    /// The number of lines for the rows with their head.
    let tableHeight: Int
    /// The number of lines for the chart with the empty line before it; 0 for no chart.
    let chartHeight: Int
    /// The number of events, which have an empty line before them.
    let eventCount: Int

    /// The lines of a chart beside its plot: an empty line, the title, the axis and its labels.
    static let chartFrame = 4
    private static let leastRowsWithChart = 22
    private static let leastColumnsWithChart = 40
    private static let leastRowsWithEvents = 10
    private static let plots = 5...16

    /// Returns whether a screen of a size has a chart.
    static func hasChart(in size: WatchView.Size) -> Bool {
        size.rows >= leastRowsWithChart && size.columns > leastColumnsWithChart
    }

    /// - Parameters:
    ///   - room: the number of lines of all parts.
    ///   - rowCount: the number of lines of the whole table.
    init(size: WatchView.Size, room: Int, rowCount: Int, showsEvents: Bool, showsChart: Bool) {
        let events =
            !showsEvents || size.rows < Self.leastRowsWithEvents ? 0 : size.rows < 22 ? 1 : size.rows < 40 ? 3 : 5
        let rest = room - (events > 0 ? events + 1 : 0)
        guard showsChart, Self.hasChart(in: size) else {
            (tableHeight, chartHeight, eventCount) = (rest, 0, events)
            return
        }
        // A third of the screen, and what the rows leave.
        let share = max(rest / 3, Self.plots.lowerBound + Self.chartFrame)
        let chart = min(max(share, rest - rowCount), Self.plots.upperBound + Self.chartFrame)
        (tableHeight, chartHeight, eventCount) = (rest - chart, chart, events)
    }
}
