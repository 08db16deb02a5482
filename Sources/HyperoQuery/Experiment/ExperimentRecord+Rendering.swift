import HyperoSchema

extension ExperimentRecord: Rendering {
    /// Writes one object: `experiment battery name version description objective rank ranked status reason stop host pid seed
    /// search trial attempt started updated last_seen epochs epoch source curve_epoch stated_epoch stated maxima params space meta
    /// nonfinite removed_rows curves`. `rank` is the place among the `ranked` experiments of the battery's name. `stated` has the channels
    /// whose maxima the program set, `space` the distributions of hyper-parameters. `curves` has the epochs and one array per
    /// channel. It is null for ``LearningCurves/isTooSparse``.
    package func writeJSON(to page: inout Page) { writeJSON(to: &page, standing: nil) }

    /// Writes the object with the rank; nil if it is not known.
    func writeJSON(to page: inout Page, standing: Standing?) {
        var object = JSONObject()
        object.add("experiment", value: id)
        object.add("battery", value: battery)
        object.add("name", value: batteryName)
        object.add("version", value: batteryVersion)
        object.add("description", value: batteryDescription)
        object.add("objective", value: objective)
        object.add("rank", value: standing?.rank)
        object.add("ranked", value: standing?.count)
        object.add("status", value: status?.rawValue)
        object.add("reason", value: reason)
        object.add("stop", value: stop)
        object.add("host", value: host)
        object.add("pid", value: pid)
        object.add("seed", value: seed)
        object.add("search", value: search)
        object.add("trial", value: trial)
        object.add("attempt", value: attempt)
        object.add("started", value: started)
        object.add("updated", value: updated)
        object.add("last_seen", value: liveness.lastSeen)
        object.add("epochs", value: lastEpoch)
        object.add("epoch", value: bestEpoch)
        object.add("source", value: maximaSource)
        object.add("curve_epoch", value: curveEpoch)
        object.add("stated_epoch", value: statedEpoch)
        object.add("stated", array: statedChannels.map(JSON.quoted))
        object.add("maxima", value: maxima)
        object.add("params", value: params)
        var space = JSONObject()
        for distribution in distributions { space.add(distribution.name, value: distribution.text) }
        object.add("space", json: space.text)
        object.add("meta", value: meta)
        object.add("nonfinite", value: nonfiniteCount)
        object.add("removed_rows", value: removedRows)
        object.add("curves", json: curves.isTooSparse ? "null" : curves.json)
        page.line(object.text)
    }

    /// Writes the learning curves, one record per epoch.
    package func writeCSV(to page: inout Page) {
        CSV.write(["epoch"] + curves.channels.map(\.name), to: &page)
        curves.forEachRow(columns: curves.channels.map(\.name)) { epoch, texts in
            CSV.write([String(epoch)] + texts, to: &page)
        }
    }

    package func writeTable(to page: inout Page) {
        writeTable(to: &page, standing: nil, marker: .usual(for: page.display, terminal: nil))
    }

    /// Writes the table with the rank, nil if it is not known, and on a terminal with a chart of the objective.
    func writeTable(to page: inout Page, standing: Standing?, marker: ChartMarker) {
        page.line([
            Page.Span(id, style: .bold), Page.Span("  "),
            Page.Span(liveness.text(now: page.now) ?? "-", style: Style(status)),
        ])
        page.line()
        page.list(properties(with: standing))
        writeMaxima(to: &page)
        let spaces = Dictionary(distributions.map { (ExactText($0.name), $0.text) }) { first, _ in first }
        writeValues(params, title: "params", to: &page) { name in spaces[ExactText(name)].map { "  (\($0))" } ?? "" }
        writeValues(meta, title: "meta", to: &page)
        writeCurves(to: &page, marker: marker)
    }

    /// The names and values of the lines at the top, one line per property that is not nil.
    private func properties(with standing: Standing?) -> [(name: String, value: String)] {
        let description = (batteryDescription ?? "").isEmpty ? "" : ": \(batteryDescription ?? "")"
        let declaration = batteryName.map { "\($0), version \(batteryVersion ?? 0)\(description)" }
        let all: [(String, String?)] = [
            ("battery", declaration ?? battery),
            ("search", search.map { "\($0), trial \(trial ?? 0)" }),
            ("rank", standing?.text),
            ("host", host.map { $0 + (pid.map { " (pid \($0))" } ?? "") }),
            ("seed", seed),
            ("attempt", attempt.map { String($0) }),
            ("started", started.map(dateText)),
            ("updated", updated.map(dateText)),
            ("duration", duration.map(durationText)),
            ("reason", reason),
            ("stop", stop),
            ("epochs", lastEpoch.map { String($0) }),
            (
                "nonfinite",
                nonfiniteCount > 0
                    ? "\(counted(nonfiniteCount, noun: "value")) \(nonfiniteCount == 1 ? "was" : "were") nan or infinite"
                    : nil
            ),
        ]
        return all.compactMap { name, value in value.map { (name, $0) } }
    }

    private func writeMaxima(to page: inout Page) {
        guard !maxima.isEmpty else {
            guard let objective, !curves.channels.isEmpty else { return }
            page.line()
            page.line([
                Page.Span("maxima", style: .bold),
                Page.Span(": none, because '\(objective)', the objective, has no finite value", style: .dim),
            ])
            return
        }
        page.line()
        // The epoch is that of the row of the curves. The lines of the other channels say that the program set them.
        let isMixed = maximaSource == MaximaSource.both.rawValue && curveEpoch != nil
        let epochText = (isMixed ? curveEpoch : bestEpoch).map { " at epoch \($0)" } ?? ""
        let sourceText =
            switch maximaSource {
            case MaximaSource.user.rawValue: ", set by the program"
            case MaximaSource.both.rawValue where !isMixed: ", some set by the program"
            default: ""
            }
        page.line([Page.Span("maxima", style: .bold), Page.Span(epochText + sourceText, style: .dim)])
        let stated = isMixed ? Set(statedChannels.map { ExactText($0) }) : []
        let mark = ", set by the program" + (statedEpoch.map { " at epoch \($0)" } ?? "")
        let items = maxima.map { maximum in
            (maximum.channel, maximum.number.text + (stated.contains(ExactText(maximum.channel)) ? mark : ""))
        }
        page.list(items)
    }

    /// - Parameter remark: returns the text after the value of a name.
    private func writeValues(
        _ values: [NamedValue], title: String, to page: inout Page, remark: (_ name: String) -> String = { _ in "" }
    ) {
        guard !values.isEmpty else { return }
        page.line()
        page.line(title, style: .bold)
        page.list(values.map { ($0.name, shownText($0.text) + remark($0.name)) })
    }

    private func writeCurves(to page: inout Page, marker: ChartMarker) {
        guard !curves.channels.isEmpty else { return }
        page.line()
        page.line([
            Page.Span("learning curves", style: .bold),
            Page.Span(thinned.map { ": \($0.remark(rows: curves.epochs.count))" } ?? "", style: .dim),
        ])
        let chart = page.display.isTerminal ? objectiveChart(on: page) : nil
        var table = Table(
            columns: [Table.Column(title: "channel")]
                + ["first", "last", "lowest", "highest"].map { Table.Column(title: $0, isNumeric: true) })
        table.rows = curves.channels.map { channel in
            let numbers = channel.numbers
            let finite = numbers.filter(\.isFinite)
            let shown = [
                numbers.first, numbers.last, finite.min { $0.value < $1.value }, finite.max { $0.value < $1.value },
            ]
            return [Table.Cell(channel.name)] + numberTexts(shown).map { Table.Cell($0) }
        }
        if chart == nil, page.display.isTerminal, page.display.isUnicode {
            let room = (page.display.width ?? 80) - table.fullWidth(on: page) - Self.gap
            if room >= Self.minSparklineWidth {
                table.columns.append(Table.Column(title: ""))
                for (index, line) in sparklines(within: room).enumerated() {
                    table.rows[index].append(Table.Cell(line, style: .cyan))
                }
            }
        }
        table.write(to: &page)
        guard let chart else { return }
        page.line()
        chart.write(
            to: &page, size: .fitting(page.display, height: Self.chartHeight), marker: marker)
    }

    /// Returns a sparkline per channel, all over the same epochs; an empty text if there are no finite values.
    private func sparklines(within room: Int) -> [String] {
        let chart = Chart(
            title: "", series: curves.channels.map { Chart.Series(name: $0.name, points: points(of: $0)) },
            scales: Chart.Scales(isFull: true))
        guard let frame = ChartFrame(chart, xCount: 2, yCount: 2) else { return curves.channels.map { _ in "" } }
        let width = chart.sparklineWidth(in: frame, within: room)
        return chart.series.indices.map { chart.sparkline(of: $0, in: frame, width: width).text() }
    }

    private func points(of channel: LearningCurves.Channel) -> [ChartPoint] {
        curves.numbers(of: channel).map { ChartPoint(x: Double($0.epoch), y: $0.number.value) }
    }

    /// Returns the chart of the objective; nil if the objective has fewer than two finite values, or the display is too narrow.
    private func objectiveChart(on page: Page) -> Chart? {
        guard let objective, page.display.width ?? 80 >= Chart.Size.leastPlotWidth else { return nil }
        let numbers = curves.numbers(of: objective)
        guard numbers.count(where: { $0.number.isFinite }) > 1 else { return nil }
        // The title names the only curve.
        let series = Chart.Series(
            name: "", points: numbers.map { ChartPoint(x: Double($0.epoch), y: $0.number.value) })
        return Chart(title: objective, series: [series], isLowestBest: direction == .min)
    }

    private static let chartHeight = 8
    /// The spaces before a sparkline.
    private static let gap = 2
    /// The width below which a curve cannot be recognized.
    private static let minSparklineWidth = 8
}
