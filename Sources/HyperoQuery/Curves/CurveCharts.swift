import HyperoSchema

/// Learning curves as charts, one per channel, or as rows.
package struct CurveCharts: Sendable {
    /// The curves.
    package let curves: CurveSet
    /// The rules of the axes.
    package var scales: Chart.Scales
    /// The characters that the charts are drawn with; nil for those that the display can show.
    package var marker: ChartMarker?
    /// The width of a chart in columns; nil for that of the display.
    package var width: Int?
    /// The height of a plot in rows; nil for one that suits the width.
    package var height: Int?
    /// True to draw all curves also without colours.
    package var drawsAll: Bool

    /// The number of curves that are told apart without colours.
    private static let maxWithoutColors = 4
    private static let maxNamed = 8

    package init(
        _ curves: CurveSet, scales: Chart.Scales = Chart.Scales(), marker: ChartMarker? = nil, width: Int? = nil,
        height: Int? = nil, drawsAll: Bool = false
    ) {
        self.curves = curves
        self.scales = scales
        self.marker = marker
        self.width = width
        self.height = height
        self.drawsAll = drawsAll
    }

    /// The charts of all curves.
    package var charts: [Chart] { curves.channels.map(chart) }

    private func chart(of channel: String) -> Chart {
        let series = curves.entries.compactMap { entry -> Chart.Series? in
            let numbers = entry.record.curves.numbers(of: channel)
            guard !numbers.isEmpty else { return nil }
            return Chart.Series(
                name: entry.record.id, rank: entry.rank,
                points: numbers.map { ChartPoint(x: Double($0.epoch), y: $0.number.value) })
        }
        return Chart(
            title: title(of: channel, series), series: series, scales: scales, isLowestBest: isLowestBest(channel))
    }

    private func isLowestBest(_ channel: String) -> Bool {
        guard let record = curves.entries.first?.record else { return false }
        if record.objective?.hasSameBytes(as: channel) ?? false { return record.direction == .min }
        return Direction.isLowerBetter(named: channel)
    }

    /// The versions after the name of the battery, if there are others than the first one.
    private var versionText: String {
        guard let source = curves.source, source.versions != [1] || source.hasSeveralDescriptions else { return "" }
        return " \(source.versionsText)"
    }

    private func title(of channel: String, _ series: [Chart.Series]) -> String {
        let owner =
            switch (curves.battery, series.count) {
            case (_, 0): "no experiment"
            case (nil, 1): series[0].name
            case (nil, let count): "\(count) experiments"
            case (let battery?, 1): "the best experiment of \(battery)\(versionText)"
            case (let battery?, let count): "the best \(count) of \(battery)\(versionText)"
            }
        let positions = series.flatMap { $0.points.map(\.x) }
        var parts = ["\(channel) of \(owner)"]
        if let first = positions.min(), let last = positions.max() {
            let range = first == last ? "epoch " : "epochs \(TickNumber.text(of: first)) to "
            parts.append(range + TickNumber.text(of: last))
        }
        if scales.smoothing > 0 { parts.append("smoothed by \(numberText(scales.smoothing))") }
        switch (scales.isLogX, scales.isLogY) {
        case (true, true): parts.append("log axes")
        case (true, false): parts.append("log \(series.isEmpty ? "axis" : "epochs")")
        case (false, true): parts.append("log axis")
        case (false, false): break
        }
        return parts.joined(separator: ", ")
    }
}

extension CurveCharts: Rendering {
    /// The remarks: no curves, and experiments without values.
    package var notes: [Note] {
        guard !curves.entries.isEmpty else {
            let text = curves.emptyText ?? "no experiment of '\(curves.battery ?? "")' is ranked"
            return [Note(topic: .nothingRanked, text: text)]
        }
        if curves.channels.isEmpty {
            let channels = curves.logged.isEmpty ? "" : ". Logged channels: \(listed(curves.logged))"
            return [Note(topic: .nothingRanked, text: "the objective of the experiments is not known\(channels)")]
        }
        let sourceNotes = curves.battery.flatMap { curves.source?.notes(of: $0) } ?? []
        let thinned = curves.entries.compactMap { entry in
            entry.record.thinned.map { record in
                let rows = entry.record.curves.epochs.count
                return Note(topic: .thinnedCurves, text: "\(entry.record.id) was \(record.remark(rows: rows))")
            }
        }
        return sourceNotes + thinned
            + curves.channels.compactMap { channel in
                let missing = curves.entries.filter { $0.record.curves.numbers(of: channel).isEmpty }.map(\.record.id)
                guard !missing.isEmpty else { return nil }
                let others = curves.logged.filter { !$0.hasSameBytes(as: channel) }
                let logged =
                    missing.count < curves.entries.count || others.isEmpty ? "" : ". Logged channels: \(listed(others))"
                return Note(
                    topic: .nothingRanked,
                    text: "no values of '\(channel)' in the learning curves of \(listed(missing))\(logged)")
            }
    }

    private func listed(_ names: [String]) -> String {
        let more = names.count > Self.maxNamed ? " and \(names.count - Self.maxNamed) more" : ""
        return names.prefix(Self.maxNamed).joined(separator: ", ") + more
    }

    package func writeTable(to page: inout Page) {
        writeCharts(to: &page)
        page.write(notes)
    }

    /// Writes the charts without the notes.
    func writeCharts(to page: inout Page) {
        let size = Chart.Size.fitting(page.display, width: width, height: height)
        let marker = marker ?? .usual(for: page.display, terminal: nil)
        for (index, channel) in curves.channels.enumerated() {
            if index > 0 { page.line() }
            var chart = chart(of: channel)
            let limit = page.display.usesColor || drawsAll ? Int.max : Self.maxWithoutColors
            let hidden = chart.series.dropFirst(limit).map(\.name)
            chart.series.removeLast(hidden.count)
            chart.write(to: &page, size: size, marker: marker)
            guard !hidden.isEmpty else { continue }
            let note = Note(
                topic: .hiddenCurves,
                text:
                    "\(counted(hidden.count, noun: "curve")) not drawn, because more than \(Self.maxWithoutColors) need "
                    + "colours: \(listed(hidden))")
            page.paragraph(note.text(with: page.advice), style: .dim)
        }
    }

    /// Writes one object per value: `experiment epoch channel value`.
    package func writeJSON(to page: inout Page) {
        for row in curves.rows {
            var object = JSONObject()
            object.add("experiment", value: row.experiment)
            object.add("epoch", value: row.epoch)
            object.add("channel", value: row.channel)
            object.add("value", value: row.number)
            page.line(object.text)
        }
    }

    /// Writes one record per value.
    package func writeCSV(to page: inout Page) {
        CSV.write(["experiment", "epoch", "channel", "value"], to: &page)
        for row in curves.rows {
            CSV.write([row.experiment, String(row.epoch), row.channel, row.number.text], to: &page)
        }
    }
}
