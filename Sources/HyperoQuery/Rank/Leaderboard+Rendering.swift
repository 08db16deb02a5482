import HyperoSchema

extension Leaderboard: Rendering {
    package func writeTable(to page: inout Page) {
        let shown =
            if statuses.isEmpty { rows.count < count ? ", \(rows.count) shown" : "" } else {
                ", \(rows.count) with \(statuses.text) shown"
            }
        page.paragraph([
            Page.Span(name, style: .bold),
            Page.Span(
                ", \(source.versionsText): \(orderText), \(count) of \(experimentCount) ranked\(shown)", style: .dim),
        ])
        if !rows.isEmpty {
            let grid = grid
            let fields = tableFields(in: grid)
            writeConstants(fields.constants, to: &page)
            page.line()
            table(of: fields.shown, in: grid, now: page.now).writeWithFooter(
                to: &page, omitted: FieldGrid.titles(of: fields.omitted, besides: []))
        }
        page.write(notes)
    }

    /// The order of the rows, and the reason why it is the best first.
    private var orderText: String {
        let extreme = isHighestFirst ? "highest" : "lowest"
        guard order == .bestFirst else { return "\(extreme) \(channel) first" }
        switch directionSource {
        case .objective: return "best first by \(channel) (\(extreme), the objective)"
        case .declaration: return "best first by \(channel) (\(extreme), as declared)"
        case .name: return "best first by \(channel) (\(extreme), by its name)"
        case .none: return "\(extreme) \(channel) first (no direction is declared)"
        }
    }

    /// Writes one object per row: `rank experiment battery name version value status epoch last_seen maxima params meta`.
    package func writeJSON(to page: inout Page) {
        for row in rows {
            var object = JSONObject()
            object.add("rank", value: row.rank)
            object.add("experiment", value: row.experiment)
            object.add("battery", value: row.battery)
            object.add("name", value: row.batteryName)
            object.add("version", value: row.batteryVersion)
            object.add("value", value: row.number)
            object.add("status", value: row.status?.rawValue)
            object.add("epoch", value: row.bestEpoch)
            object.add("last_seen", value: row.liveness.lastSeen)
            object.add("maxima", value: row.maxima)
            object.add("params", value: row.params)
            object.add("meta", value: row.meta)
            page.line(object.text)
        }
    }

    package func writeCSV(to page: inout Page) {
        let grid = grid
        let present = grid.presentFields
        let own = [ExperimentField.battery, ExperimentField.status, ExperimentField.maxEpoch, OwnField.lastSeen]
        // A requested field that has a column already gets no second one.
        let fields = (columns ?? present.maxima + present.params + present.meta).filter { !own.contains($0) }
        let titles = ["rank", "experiment", "battery", "name", "version", "value", "status", "epoch", "last_seen"]
        CSV.write(titles + fields, to: &page)
        for (row, cells) in zip(rows, grid.rows) {
            let fixed: [String?] = [
                String(row.rank), row.experiment, row.battery, row.batteryName, String(row.batteryVersion),
                row.number.text, row.status?.rawValue, row.bestEpoch.map(String.init),
                row.liveness.lastSeen.map { String($0) },
            ]
            CSV.write(fixed + fields.map { FieldGrid.csvText(of: $0, in: cells) }, to: &page)
        }
    }

    private var grid: FieldGrid {
        FieldGrid(
            rows: rows.map { FieldGrid.Row(fields: $0.fields, liveness: $0.liveness) },
            prefixedOwnFields: prefixedOwnFields)
    }

    private struct TableFields {
        var shown: [String]
        /// The hyper-parameters that are equal in all rows.
        var constants: [String] = []
        /// The fields beyond the limit of a table.
        var omitted: [String] = []
    }

    /// Returns the fields of the columns, the most important first, because a narrow display hides the last ones: the
    /// hyper-parameters that differ, the maxima, and last the maxima of the training data.
    private func tableFields(in grid: FieldGrid) -> TableFields {
        let isValue = { (field: String) in
            curveScan == nil && field.hasSameBytes(as: Prefix.max + channel)
        }
        // The value of the ranking has a column already.
        if let columns { return TableFields(shown: columns.filter { !isValue($0) }) }
        // Metadata is shown only on request: a path of the data set would leave no width for the numbers.
        let present = grid.presentFields
        let constants = rows.count > 1 ? present.params.filter(grid.isConstant) : []
        let train = Prefix.max + "train"
        let params = constants.isEmpty ? present.params : present.params.filter { !grid.isConstant($0) }
        let maxima = present.maxima.filter { !isValue($0) }
        let all = params + maxima.filter { $0 != train } + maxima.filter { $0 == train }
        return TableFields(
            shown: Array(all.prefix(FieldGrid.maxColumns)), constants: constants,
            omitted: Array(all.dropFirst(FieldGrid.maxColumns)))
    }

    /// Writes the names and values of constant hyper-parameters in one line, as many as the display has room for, and the
    /// number of the others.
    private func writeConstants(_ fields: [String], to page: inout Page) {
        guard let row = rows.first, !fields.isEmpty else { return }
        let texts = zip(FieldGrid.titles(of: fields, besides: []), fields).prefix(FieldGrid.maxColumns).map {
            title, field in
            truncated(
                page.escaped("\(title) \(shownText(row.fields[field] ?? ""))"), toWidth: Self.maxConstantWidth,
                ellipsis: page.display.ellipsis)
        }
        func line(_ count: Int) -> String {
            let more = fields.count > count ? " and \(fields.count - count) more" : ""
            return "same in all rows: \(texts.prefix(count).joined(separator: ", "))\(more)"
        }
        var count = texts.count
        if let width = page.display.width {
            while count > 1, textWidth(line(count)) > width { count -= 1 }
        }
        page.paragraph(line(count), style: .dim)
    }

    /// The width of a name and value above which they are truncated.
    private static let maxConstantWidth = 40

    private func table(of fields: [String], in grid: FieldGrid, now: Int64) -> Table {
        var table = Table(columns: [
            Table.Column(title: "#", isNumeric: true),
            Table.Column(title: "experiment", truncation: .never, isRequired: true),
            Table.Column(title: channel, isNumeric: true, isRequired: true),
        ])
        if let column = source.column { table.columns.insert(column, at: 2) }
        let showsProgress = columns == nil
        // A result of an experiment that failed, was stopped or was lost must not look like that of one that is done.
        let showsStatus =
            showsProgress
            || !(columns ?? []).contains(ExperimentField.status)
                && !rows.allSatisfy { $0.status == .done || $0.status == .running }
        if showsProgress { table.columns.append(Table.Column(title: "epoch", isNumeric: true)) }
        if showsStatus { table.columns.append(.status) }
        let values = numberTexts(rows.map(\.number))
        table.rows = zip(rows, values).map { row, value in
            var cells = [Table.Cell("\(row.rank)", style: .dim), Table.Cell(row.experiment)]
            if source.column != nil { cells.append(source.cell(battery: row.battery, version: row.batteryVersion)) }
            cells.append(Table.Cell(value, style: .bold))
            if showsProgress { cells.append(Table.Cell(row.bestEpoch.map(String.init))) }
            if showsStatus { cells.append(Table.Cell(row.liveness.text(now: now), style: Style(row.status))) }
            return cells
        }
        table.add(grid, fields: fields, now: now)
        return table
    }
}
