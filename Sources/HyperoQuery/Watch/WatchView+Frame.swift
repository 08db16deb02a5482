package import HyperoCore
import HyperoSchema

extension WatchView {
    /// Returns the lines of the screen, at most as many as it has rows, each narrower than the screen.
    ///
    /// - Parameters:
    ///   - size: the size of the terminal.
    ///   - display: the properties of the terminal. Its width is replaced.
    ///   - now: the time of the monotonic clock, for the marks and the rate of events.
    ///   - clock: the time in Unix milliseconds, for ages.
    package mutating func lines(
        in size: Size, on display: Display, at now: MonotonicTime, clock: Int64
    ) -> [String] {
        var display = display
        display.width = max(size.columns - 1, 1)
        let paper = Paper(display: display, clock: clock)
        let room = max(size.rows - 2, 0)
        var lines = [paper.line(titleSpans(at: now, clock: clock, on: display))]
        if showsHelp {
            lines += helpLines(on: paper).prefix(room)
        } else if details != nil {
            lines += detailLines(on: paper, room: room)
        } else {
            lines += boardLines(on: paper, size: size, room: room, at: now)
        }
        // The last line is that of the status, also below an empty screen.
        while lines.count < size.rows - 1 { lines.append("") }
        lines = Array(lines.prefix(max(size.rows - 1, 0)))
        if size.rows > 0 { lines.append(paper.line(statusSpans(at: now, on: display))) }
        return lines.map { cutLine($0, toWidth: paper.width, ellipsis: display.ellipsis) }
    }

    // MARK: - The first and the last line

    private mutating func titleSpans(at now: MonotonicTime, clock: Int64, on display: Display) -> [Page.Span] {
        let name: String
        // The most important first, because a narrow screen cuts the end.
        var parts: [String]
        var order: String?
        var latest = lastEvent
        switch board {
        case .ranking(let ranking):
            name = ranking.name
            // The rows of a deleted battery have left.
            let isGone = ranking.rows.isEmpty && (problem ?? waiting) != nil
            parts = isGone ? [] : ["\(ranking.count) of \(ranking.experimentCount) ranked"]
            parts += isGone ? [] : matchTexts(of: ranking, on: display)
            order = "\(ranking.source.versionsText), \(ranking.orderText)"
            latest = latest ?? lastSeen
        case .batteries(let list):
            name = counted(list.batteries.count, noun: "battery", plural: "batteries")
            parts = ["\(list.batteries.reduce(0) { $0 + $1.running }) running"]
            if filter != nil { parts.append("\(batteries.count) with the text") }
            latest = latest ?? list.batteries.compactMap(\.summary.updated).max()
        case nil: (name, parts) = ("hypero", [])
        }
        parts.append("\((rate.perSecond(at: now) * 10).rounded() / 10) events/s")
        if let latest { parts.append("last event \(agoText(latest, now: clock))") }
        // A lag of a moment is usual.
        if let lag, lag >= 2_000 { parts.append("the ingest is \(durationText(lag)) behind") }
        let separator = display.isUnicode ? " · " : " | "
        return [
            Page.Span(name, style: .bold),
            Page.Span("  " + (parts + [order].compactMap(\.self)).joined(separator: separator), style: .dim),
        ]
    }

    /// The numbers of rows that fulfil the conditions of the ranking and contain the typed text.
    private func matchTexts(of ranking: Leaderboard, on display: Display) -> [String] {
        // The rows beyond the limit are not counted.
        let least = ranking.isFull ? display.isUnicode ? "≥" : ">=" : ""
        var texts: [String] = []
        if !ranking.condition.isEmpty {
            texts.append("\(least)\(ranking.rows.count) with \(ranking.condition.text)")
        }
        if let filter, filter.expression == nil {
            texts.append("\(least)\(rows.count) with the text \(printable(filter.text))")
        }
        return texts
    }

    private mutating func statusSpans(at now: MonotonicTime, on display: Display) -> [Page.Span] {
        cursorColumn = nil
        if let typedFilter {
            // A long line is shown from the character on from which the cursor has room.
            let room = max((display.width ?? 80) - 2, 1)
            var start = 0
            while textWidth(escapedText(typedFilter.textBeforeCursor(from: start))) >= room { start += 1 }
            cursorColumn = min(
                1 + textWidth(escapedText(typedFilter.textBeforeCursor(from: start))), max((display.width ?? 80) - 1, 0)
            )
            return [
                Page.Span("/" + typedFilter.text(from: start)),
                Page.Span("  enter keeps the filter, esc removes it", style: .dim),
            ]
        }
        if let problem {
            return [Page.Span("\(problem)\(problem.hasSuffix("?") ? "" : ".") Trying again", style: .red)]
        }
        if let waiting { return [Page.Span(waiting, style: .yellow)] }
        if filter?.expression != nil, let filterProblem { return [Page.Span(filterProblem, style: .red)] }
        var parts: [String] = []
        if isPaused { parts.append("paused") }
        if let filter { parts.append("\(filter.expression == nil ? "text " : "")filter: \(filter.text)") }
        if let sortField {
            parts.append(
                "sorted by \(FieldGrid.titles(of: [sortField], besides: [])[0])\(isSortDescending ? " (highest first)" : "")"
            )
        }
        if let replacement, now < replacement + RankMarks.lifetime { parts.append("Redis has other data: read again") }
        if isPolling { parts.append("no permission for XREAD: asking once per second") }
        if let warning { parts.append(warning) }
        let state = parts.joined(separator: ", ")
        var keys = details == nil ? "q quit  ? help  / filter  s sort  enter details" : "esc back  q quit"
        if !hasKeys { keys = "" }
        return [Page.Span(state + (state.isEmpty ? "" : "  "), style: .yellow), Page.Span(keys, style: .dim)]
    }

    /// The first warning of the result; nil if there is none.
    private var warning: String? {
        switch board {
        case .ranking(let ranking): ranking.warnings.first
        case .batteries(let list): list.warnings.first
        case nil: nil
        }
    }

    // MARK: - The middle

    private func helpLines(on paper: Paper) -> [String] {
        let keys = [
            ("q", "quit"), ("/", "filter by an expression such as lr < 0.01, or by a text in the rows"),
            ("s  S", "sort by the next column, reverse the order"), ("y", "logarithmic axis of the chart"),
            ("space", "pause"), ("up down", "select a row"), ("enter", "all values of the selected experiment"),
            ("esc", "back"), ("?", "this help"),
        ]
        return [""]
            + keys.map { key, text in
                paper.line([
                    Page.Span("  " + key + String(repeating: " ", count: 10 - key.count), style: .bold),
                    Page.Span(text),
                ])
            }
    }

    private mutating func detailLines(on paper: Paper, room: Int) -> [String] {
        guard let report, report.id == details else { return ["", paper.line([Page.Span("reading", style: .dim)])] }
        guard let record = report.record else {
            return ["", paper.line([Page.Span(report.problem ?? "", style: .red)])]
        }
        let all = paper.lines { page in record.writeTable(to: &page, standing: report.standing, marker: marker) }
        detailsOffset = max(0, min(detailsOffset, all.count - room))
        return Array(all.dropFirst(detailsOffset).prefix(room))
    }

    private mutating func boardLines(on paper: Paper, size: Size, room: Int, at now: MonotonicTime) -> [String] {
        var (head, rows) = ([String](), [String]())
        var hidden = ""
        switch board {
        case nil: return []
        case .ranking(var ranking):
            ranking.rows = self.rows
            guard !ranking.rows.isEmpty else {
                head = ["", paper.line([Page.Span(emptyText(of: ranking), style: .dim)])]
                break
            }
            if let options { ranking.options = options }
            var texts = marks.texts(at: now, isUnicode: paper.display.isUnicode)
            // Without styles, the selected row has a mark.
            if let selected, !paper.display.usesColor { texts[selected] = "> " + (texts[selected] ?? "") }
            ranking.options.marks = texts
            ranking.options.selected = selected
            var omitted: [String] = []
            let lines = paper.lines { page in (sortFields, omitted) = ranking.writeRows(to: &page) }
            head = Array(lines.prefix(lines.count - ranking.rows.count))
            rows = Array(lines.suffix(ranking.rows.count))
            if !omitted.isEmpty {
                hidden = paper.line([
                    Page.Span(
                        "\(counted(omitted.count, noun: "column")) hidden: \(omitted.joined(separator: ", "))",
                        style: .dim)
                ])
            }
        case .batteries:
            let batteries = self.batteries
            guard !batteries.isEmpty else {
                head = [
                    "",
                    paper.line([
                        Page.Span(filter == nil ? "no battery is declared yet" : "no battery matches", style: .dim)
                    ]),
                ]
                break
            }
            let lines = paper.lines { page in Self.write(batteries, selected: selected, to: &page) }
            head = Array(lines.prefix(lines.count - batteries.count))
            rows = Array(lines.suffix(batteries.count))
        }
        let events = pausedEvents ?? self.events
        let layout = Layout(
            size: size, room: room, rowCount: rows.count + head.count + (hidden.isEmpty ? 0 : 1),
            showsEvents: showsEvents && !events.isEmpty,
            showsChart: showsEvents && record != nil && !self.rows.isEmpty)
        // The window of rows contains the selected one.
        let capacity = max(layout.tableHeight - head.count - (hidden.isEmpty ? 0 : 1), 1)
        let index = selected.flatMap { rowIDs.firstIndex(of: $0) } ?? 0
        let first = max(0, min(index - capacity / 2, rows.count - capacity))
        var lines = head + rows.dropFirst(first).prefix(capacity)
        if !hidden.isEmpty { lines.append(hidden) }
        if layout.chartHeight > 0 { lines += chartLines(on: paper, height: layout.chartHeight) }
        if layout.eventCount > 0 {
            lines.append("")
            lines += events.suffix(layout.eventCount).map { paper.line(Self.spans(of: $0)) }
        }
        return Array(lines.prefix(room))
    }

    private func emptyText(of ranking: Leaderboard) -> String {
        (filter != nil || !ranking.condition.isEmpty) && ranking.count > 0
            ? "no experiment matches" + (filter?.problem.map { ". As an expression: \($0)" } ?? "")
            : "no experiment has a finite '\(ranking.channel)' yet, and no rank"
    }

    /// Returns the chart of the best experiment after an empty line.
    private func chartLines(on paper: Paper, height: Int) -> [String] {
        guard let record, case .ranking(let ranking) = board else { return [] }
        let numbers = record.curves.numbers(of: ranking.channel)
        let series = Chart.Series(name: "", points: numbers.map { ChartPoint(x: Double($0.epoch), y: $0.number.value) })
        let chart = Chart(
            title: "\(ranking.channel) of \(record.id), the best", series: [series],
            scales: Chart.Scales(isLogY: isLogY), isLowestBest: !ranking.isHighestFirst)
        let plot = max(height - Layout.chartFrame, Chart.Size.heights.lowerBound)
        let lines = paper.lines { page in
            chart.write(to: &page, size: .fitting(paper.display, height: plot), marker: marker)
        }
        return [""] + lines.prefix(height - 1)
    }

    private static func spans(of event: WatchEvent) -> [Page.Span] {
        let time = String(dateText(event.time).suffix(8))
        let subject = event.experiment ?? event.battery ?? ""
        return [
            Page.Span(time + "  ", style: .dim), Page.Span(subject, style: .cyan), Page.Span("  " + event.summary),
        ]
    }

    private static func write(_ batteries: [BatteryActivity], selected: String?, to page: inout Page) {
        var table = Table(columns: [
            Table.Column(title: "name", leastWidth: 20), Table.Column(title: "version", isNumeric: true),
            Table.Column(title: "experiments", isNumeric: true), Table.Column(title: "running", isNumeric: true),
            Table.Column(title: "done", isNumeric: true), Table.Column(title: "best", isNumeric: true),
            Table.Column(title: "by", truncation: .never), Table.Column(title: "updated", isNumeric: true),
            Table.Column(title: "id", truncation: .never),
        ])
        table.rows = batteries.map { battery in
            let summary = battery.summary
            // Only the newest experiments were counted.
            let least = battery.isPartial ? page.display.isUnicode ? "≥" : ">=" : ""
            let isSelected = summary.id == selected
            return [
                Table.Cell(
                    isSelected && !page.display.usesColor ? "> \(summary.name)" : summary.name,
                    style: isSelected ? .reversed : .bold),
                Table.Cell("\(summary.version)"), Table.Cell("\(summary.experimentCount)"),
                Table.Cell("\(least)\(battery.running)", style: battery.running > 0 ? .cyan : .dim),
                Table.Cell("\(least)\(battery.done)"), Table.Cell(summary.best?.text),
                Table.Cell("\(summary.objective) (\(summary.direction.rawValue))"),
                Table.Cell(summary.updated.map { agoText($0, now: page.now) }), Table.Cell(summary.id, style: .dim),
            ]
        }
        table.write(to: &page)
    }
}
