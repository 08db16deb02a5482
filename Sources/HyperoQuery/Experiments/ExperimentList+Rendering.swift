import HyperoSchema

extension ExperimentList: Rendering {
    package func writeTable(to page: inout Page) {
        page.paragraph([
            Page.Span(name, style: .bold), Page.Span(", \(source.versionsText): \(summary)", style: .dim),
        ])
        if !rows.isEmpty {
            page.line()
            table(now: page.now).writeWithFooter(to: &page)
        }
        page.write(notes)
    }

    /// The remarks: no experiments, and those that the filter did not look at.
    package var notes: [Note] {
        if count == 0 { return [.noExperiments] }
        let notes = source.notes(of: name)
        let older = count - examinedCount
        guard !filter.isEmpty, older > 0 else { return notes }
        return notes + [
            Note(
                topic: .olderExperiments,
                text:
                    "\(counted(older, noun: "older experiment")) \(older == 1 ? "was" : "were") not searched, because "
                    + "the limit was reached")
        ]
    }

    package var limitNote: Note? {
        guard filter.isEmpty, rows.count < count else { return nil }
        return Note(topic: .moreRows, text: "the newest \(rows.count) of \(count) experiments are written")
    }

    /// The numbers of experiments: `newest first, 2 of 5 experiments`, or with a filter `newest first, 2 with status failed`.
    private var summary: String {
        let experiments = counted(count, noun: "experiment")
        guard !filter.isEmpty else {
            return "newest first, \(rows.count) of \(experiments)\(rows.count < count ? " shown" : "")"
        }
        var conditions: [String] = []
        if !filter.statuses.isEmpty { conditions.append(filter.statuses.text) }
        if filter.isUnranked {
            let channel = filter.channel ?? commonObjective
            // The objective has no value at the best epoch only if it has none at all.
            let isObjective = channel.map { $0.hasSameBytes(as: objective) } ?? true
            let place = filter.channel == nil || isObjective || isFilteredByCurves ? "" : " at the best epoch"
            conditions.append(channel.map { "no finite '\($0)'\(place)" } ?? "no finite value of their objective")
        }
        if let expression = filter.expression, !expression.isEmpty { conditions.append(expression.summary) }
        let condition = conditions.joined(separator: " and ")
        return examinedCount < count
            ? "the newest \(rows.count) with \(condition)"
            : "newest first, \(rows.count) of \(experiments) with \(condition)"
    }

    /// The objective of all listed experiments; nil if the versions have different ones.
    private var commonObjective: String? {
        guard let first = rows.first else { return objective }
        return rows.allSatisfy { $0.objective.hasSameBytes(as: first.objective) } ? first.objective : nil
    }

    /// Without requested columns, the table has the progress and the end of each experiment, the most important first,
    /// because a narrow display hides the last columns.
    private func table(now: Int64) -> Table {
        var table = Table(columns: [Table.Column(title: "experiment", truncation: .never)])
        if let column = source.column { table.columns.append(column) }
        let channel = commonObjective
        table.columns += [.status, Table.Column(title: channel ?? "value", isNumeric: true, isRequired: true)]
        // The values of different channels do not compare, so that each row names its own.
        if channel == nil { table.columns.append(Table.Column(title: "by")) }
        table.rows = zip(rows, numberTexts(rows.map(\.number))).map { row, value in
            var cells = [Table.Cell(row.experiment, style: .bold)]
            if source.column != nil { cells.append(source.cell(battery: row.battery, version: row.batteryVersion)) }
            cells += [Table.Cell(row.liveness.text(now: now), style: Style(row.status)), Table.Cell(value)]
            return channel == nil ? cells + [Table.Cell(row.objective)] : cells
        }
        if let columns {
            let shown = [ExperimentField.status] + (channel.map { [Prefix.max + $0] } ?? [])
            table.add(grid, fields: columns.filter { !shown.contains($0) }, now: now)
        } else {
            addProgress(to: &table, now: now)
        }
        return table
    }

    private func addProgress(to table: inout Table, now: Int64) {
        table.columns += [
            Table.Column(title: "epoch", isNumeric: true), Table.Column(title: "epochs", isNumeric: true),
            Table.Column(title: "started", isNumeric: true), Table.Column(title: "reason", truncation: .early),
            Table.Column(title: "host"),
        ]
        for (index, row) in rows.enumerated() {
            table.rows[index] += [
                Table.Cell(row.bestEpoch.map(String.init)), Table.Cell(row.lastEpoch.map(String.init)),
                Table.Cell(row.started.map { agoText($0, now: now) }), Table.Cell(row.reason), Table.Cell(row.host),
            ]
        }
    }

    private var grid: FieldGrid {
        FieldGrid(
            rows: rows.map { FieldGrid.Row(fields: $0.fields, liveness: $0.liveness) },
            prefixedOwnFields: prefixedOwnFields)
    }

    /// Writes one object per experiment: `experiment battery name version status reason host started last_seen epochs
    /// objective value epoch maxima params meta`. `value` is the maxima value of the channel that `objective` names.
    package func writeJSON(to page: inout Page) {
        for row in rows {
            var object = JSONObject()
            object.add("experiment", value: row.experiment)
            object.add("battery", value: row.battery)
            object.add("name", value: row.batteryName)
            object.add("version", value: row.batteryVersion)
            object.add("status", value: row.status?.rawValue)
            object.add("reason", value: row.reason)
            object.add("host", value: row.host)
            object.add("started", value: row.started)
            object.add("last_seen", value: row.liveness.lastSeen)
            object.add("epochs", value: row.lastEpoch)
            object.add("objective", value: row.objective)
            object.add("value", value: row.number)
            object.add("epoch", value: row.bestEpoch)
            object.add("maxima", value: row.maxima)
            object.add("params", value: row.params)
            object.add("meta", value: row.meta)
            page.line(object.text)
        }
    }

    package func writeCSV(to page: inout Page) {
        let grid = grid
        let present = grid.presentFields
        let fields = (columns ?? present.maxima + present.params + present.meta)
            .filter { !Self.fixedFields.contains($0) }
        let titles = [
            "experiment", "battery", "name", "version", "status", "reason", "host", "started", "last_seen", "epochs",
            "objective", "value", "epoch",
        ]
        CSV.write(titles + fields, to: &page)
        for (row, cells) in zip(rows, grid.rows) {
            let fixed: [String?] = [
                row.experiment, row.battery, row.batteryName, String(row.batteryVersion), row.status?.rawValue,
                row.reason, row.host, row.started.map { String($0) }, row.liveness.lastSeen.map { String($0) },
                row.lastEpoch.map(String.init), row.objective, row.number?.text, row.bestEpoch.map(String.init),
            ]
            CSV.write(fixed + fields.map { FieldGrid.csvText(of: $0, in: cells, now: page.now) }, to: &page)
        }
    }
}
