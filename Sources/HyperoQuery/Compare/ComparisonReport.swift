import HyperoSchema

/// A comparison of experiments and the charts of their curves.
package struct ComparisonReport: Sendable {
    package let comparison: Comparison
    package let charts: CurveCharts
    /// The values of each experiment.
    private let values: [NamedValues]

    /// - Parameter charts: the charts of the experiments to compare.
    package init(_ charts: CurveCharts) {
        comparison = Comparison(charts.curves)
        values = comparison.experiments.map(NamedValues.init)
        self.charts = charts
    }

    /// The numbers of hyper-parameters and channels in a table. JSON and CSV have all.
    private static let maxParams = 40
    private static let maxChannels = 40
    private static let maxSame = 16
    private static let maxSameWidth = 40

    /// A property of the experiments.
    private struct Property {
        let title: String
        /// One value per experiment; nil for a missing one.
        let values: [String?]
        var style = Style.plain
        /// The position of the best value.
        var best: Int?
        var isNumeric = false
    }

    private var experiments: [ExperimentRecord] { comparison.experiments }

    /// The properties in the order of the table: what the experiments are, their hyper-parameters, their results.
    private func properties(on page: Page) -> [Property] {
        var all: [Property] = []
        func add(_ title: String, isShown: Bool = true, value: (ExperimentRecord) -> String?) {
            guard isShown else { return }
            all.append(Property(title: title, values: experiments.map(value)))
        }
        let ranks = comparison.curves.entries.map(\.rank)
        if ranks.contains(where: { $0 != nil }) {
            all.append(Property(title: "rank", values: ranks.map { $0.map { String($0) } }, isNumeric: true))
        }
        let objective = commonObjective
        if let objective { all.append(property(of: objective)) }
        let isNamed = Set(experiments.map(\.batteryName)).count > 1
        let versions = Set(experiments.map { "\($0.batteryName ?? "") \($0.batteryVersion ?? 0)" })
        add("battery", isShown: isNamed || Set(experiments.map(\.battery)).count > versions.count) {
            isNamed ? $0.batteryName ?? $0.battery : $0.battery
        }
        add("version", isShown: Set(experiments.map(\.batteryVersion)).count > 1) {
            $0.batteryVersion.map { String($0) }
        }
        add("status") { $0.liveness.text(now: page.now) }
        add("duration") { $0.duration.map(durationText) }
        for name in comparison.differing.prefix(Self.maxParams) {
            let texts = values.map { $0.paramText(name) }
            let numbers = texts.map { $0.flatMap(Number.init(text:)) }
            let isNumeric = zip(texts, numbers).allSatisfy { ($0 == nil) == ($1 == nil) }
            all.append(
                Property(
                    title: name, values: isNumeric ? numberTexts(numbers) : texts.map { $0.map(shownText) },
                    isNumeric: isNumeric))
        }
        all.append(
            Property(title: "best epoch", values: experiments.map { $0.bestEpoch.map { String($0) } }, isNumeric: true))
        all.append(
            Property(title: "epochs", values: experiments.map { $0.lastEpoch.map { String($0) } }, isNumeric: true))
        for channel in comparison.channels.prefix(Self.maxChannels)
        where !(objective?.hasSameBytes(as: channel) ?? false) {
            all.append(property(of: channel))
        }
        return all
    }

    /// The objective of all experiments, which is the first row; nil if they have several, or no value of it.
    private var commonObjective: String? {
        guard let first = experiments.first?.objective,
            experiments.allSatisfy({ $0.objective?.hasSameBytes(as: first) ?? false })
        else { return nil }
        return comparison.channels.first { $0.hasSameBytes(as: first) }
    }

    private func property(of channel: String) -> Property {
        let numbers = values.map { $0.maximum(of: channel) }
        return Property(
            title: channel, values: numberTexts(numbers), best: best(of: numbers, in: channel), isNumeric: true)
    }

    /// Returns the position of the best number of the objective; nil if experiments have different objectives, and for another
    /// channel.
    private func best(of numbers: [Number?], in channel: String) -> Int? {
        guard let direction = experiments.first?.direction,
            experiments.allSatisfy({
                $0.objective?.hasSameBytes(as: channel) ?? false && $0.direction == direction
            })
        else { return nil }
        var best: (index: Int, value: Double)?
        for (index, number) in numbers.enumerated() {
            guard let value = number?.value, value.isFinite else { continue }
            if let other = best, !direction.prefers(value, over: other.value) { continue }
            best = (index, value)
        }
        return best?.index
    }

    /// Returns the table with one column per experiment.
    private func columnsPerExperiment(_ properties: [Property]) -> Table {
        var table = Table(
            columns: [Table.Column(title: "", truncation: .early)]
                + experiments.map { Table.Column(title: $0.id, truncation: .late) })
        table.rows = properties.map { property in
            [Table.Cell(property.title, style: .dim)]
                + property.values.enumerated().map { index, value in
                    Table.Cell(value, style: property.best == index ? .bold : property.style)
                }
        }
        return table
    }

    /// Returns the table with one row per experiment, for more experiments than a display has columns for.
    private func rowsPerExperiment(_ properties: [Property]) -> Table {
        var table = Table(
            columns: [Table.Column(title: "experiment", truncation: .never, isRequired: true)]
                + properties.map { Table.Column(title: $0.title, isNumeric: $0.isNumeric) })
        table.rows = experiments.enumerated().map { row, record in
            [Table.Cell(record.id)]
                + properties.map { Table.Cell($0.values[row], style: $0.best == row ? .bold : $0.style) }
        }
        return table
    }

    private func writeSame(to page: inout Page) {
        guard !comparison.same.isEmpty, let first = values.first else { return }
        let texts = comparison.same.prefix(Self.maxSame).map { name in
            truncated(
                page.escaped("\(name) \(first.paramText(name).map(shownText) ?? "")"), toWidth: Self.maxSameWidth,
                ellipsis: page.display.ellipsis)
        }
        let more = comparison.same.count > texts.count ? " and \(comparison.same.count - texts.count) more" : ""
        page.paragraph("same in all: \(texts.joined(separator: ", "))\(more)", style: .dim)
    }

    /// The remark about rows that the table does not have.
    private var cutText: String? {
        let counts = [
            (comparison.differing.count - Self.maxParams, "differing hyper-parameter"),
            (comparison.channels.count - Self.maxChannels, "channel"),
        ].filter { $0.0 > 0 }
        guard !counts.isEmpty else { return nil }
        return counts.map { counted($0.0, noun: "further \($0.1)") }.joined(separator: " and ")
            + ": JSON and CSV have all"
    }
}

extension ComparisonReport: Rendering {
    /// The remarks of the charts, and the lack of differences.
    package var notes: [Note] { charts.notes }

    package func writeTable(to page: inout Page) {
        guard !experiments.isEmpty else {
            page.write(notes)
            return
        }
        let properties = properties(on: page)
        let table = columnsPerExperiment(properties)
        if table.fullWidth(on: page) <= page.display.width ?? .max {
            table.write(to: &page)
        } else {
            rowsPerExperiment(properties).writeWithFooter(to: &page)
        }
        if let cutText { page.paragraph(cutText, style: .dim) }
        if comparison.differing.isEmpty, experiments.count > 1 {
            page.paragraph(
                comparison.same.isEmpty ? "no experiment has hyper-parameters" : "no hyper-parameter differs",
                style: .dim)
        }
        writeSame(to: &page)
        page.line()
        charts.writeTable(to: &page)
    }

    /// Writes one object per experiment: `experiment rank battery name version objective status started duration epochs epoch
    /// maxima params differing`. `differing` has the names of the hyper-parameters in which the experiments differ.
    package func writeJSON(to page: inout Page) {
        for entry in comparison.curves.entries {
            let record = entry.record
            var object = JSONObject()
            object.add("experiment", value: record.id)
            object.add("rank", value: entry.rank)
            object.add("battery", value: record.battery)
            object.add("name", value: record.batteryName)
            object.add("version", value: record.batteryVersion)
            object.add("objective", value: record.objective)
            object.add("status", value: record.status?.rawValue)
            object.add("started", value: record.started)
            object.add("duration", value: record.duration)
            object.add("epochs", value: record.lastEpoch)
            object.add("epoch", value: record.bestEpoch)
            object.add("maxima", value: record.maxima)
            object.add("params", value: record.params)
            object.add("differing", array: comparison.differing.map(JSON.quoted))
            page.line(object.text)
        }
    }

    /// Writes one record per experiment: `experiment,rank,battery,name,version,objective,status,duration,epochs,epoch`, then the
    /// maxima and the differing hyper-parameters with their prefixes.
    package func writeCSV(to page: inout Page) {
        let titles = [
            "experiment", "rank", "battery", "name", "version", "objective", "status", "duration", "epochs", "epoch",
        ]
        CSV.write(
            titles + comparison.channels.map { Prefix.max + $0 } + comparison.differing.map { Prefix.param + $0 },
            to: &page)
        for (entry, values) in zip(comparison.curves.entries, values) {
            let record = entry.record
            let fixed: [String?] = [
                record.id, entry.rank.map { String($0) }, record.battery, record.batteryName,
                record.batteryVersion.map { String($0) }, record.objective, record.status?.rawValue,
                record.duration.map { String($0) }, record.lastEpoch.map { String($0) },
                record.bestEpoch.map { String($0) },
            ]
            CSV.write(
                fixed + comparison.channels.map { values.maximum(of: $0)?.text }
                    + comparison.differing.map { values.paramText($0).map(shownText) }, to: &page)
        }
    }
}
