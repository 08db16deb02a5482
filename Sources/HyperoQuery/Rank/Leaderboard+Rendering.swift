import HyperoSchema

extension Leaderboard: Rendering {
    package func writeTable(to page: inout Page) {
        let shown = condition.isEmpty ? "" : ", \(rows.count) with \(condition.text) shown"
        page.paragraph([
            Page.Span(name, style: .bold),
            Page.Span(
                ", \(source.versionsText): \(orderText), \(count) of \(experimentCount) ranked\(shown)\(differenceText)",
                style: .dim),
        ])
        if !rows.isEmpty {
            let grid = grid
            let fields = tableFields(in: grid)
            writeConstants(fields.constants, to: &page)
            page.line()
            table(of: fields.shown, in: grid, on: page).writeWithFooter(
                to: &page, omitted: FieldGrid.titles(of: fields.omitted, besides: [])
            ) { columns, hidden in
                // With a condition, the count of those that fulfil it is not known.
                let total = isRankingOrder ? (condition.isEmpty ? count : rows.count) : rowCount
                guard rows.count < total else { return nil }
                return extentText(
                    of: total, shown: rows.count, noun: criteria.isEmpty ? "ranked experiment" : "experiment")
                    + ", " + extentText(of: columns, shown: columns - hidden, noun: "column")
            }
        }
        page.write(notes.map { $0.marked(isUnicode: page.display.isUnicode) })
    }

    /// Returns a count with the part that the table shows: `206 experiments (20 shown)`.
    private func extentText(of count: Int, shown: Int, noun: String) -> String {
        counted(count, noun: noun) + (shown < count ? " (\(shown) shown)" : "")
    }

    /// The base of the differences in the table; empty for values.
    private var differenceText: String {
        guard options.showsDifferences, let leader else { return "" }
        return ", differences to the \(leader.number.value == 0 ? "0" : leader.number.text) of \(leader.experiment)"
    }

    /// The order of the rows, and the reason why it is the best first.
    var orderText: String {
        if !criteria.isEmpty {
            let list = criteria.map { "\($0.name) (\($0.direction == .min ? "lowest" : "highest"))" }
            return "Pareto front of \(list.joined(separator: ", ")): \(counted(rowCount, noun: "experiment"))"
                + sortText
        }
        guard sort.isEmpty else { return "ranked by \(channel)\(sortText)" }
        let extreme = isHighestFirst ? "highest" : "lowest"
        guard order == .bestFirst else { return "\(extreme) \(channel) first" }
        switch directionSource {
        case .objective: return "best first by \(channel) (\(extreme), the objective)"
        case .declaration: return "best first by \(channel) (\(extreme), as declared)"
        case .name: return "best first by \(channel) (\(extreme), by its name)"
        case .none: return "\(extreme) \(channel) first (no direction is declared)"
        }
    }

    /// The order of the rows if it is not that of the ranking; empty otherwise.
    private var sortText: String {
        guard !sort.isEmpty else { return "" }
        return ", sorted by "
            + sort.map { "\($0.name)\($0.isDescending ? " (highest first)" : "")" }.joined(separator: ", ")
    }

    /// Writes one object per row: `rank experiment battery name version value status epoch last_seen maxima params meta`, and
    /// `front`, which is true, if the rows are those of a Pareto front.
    package func writeJSON(to page: inout Page) {
        for row in rows {
            var object = JSONObject()
            add(row, to: &object)
            page.line(object.text)
        }
    }

    /// Adds the members of a row, as ``writeJSON(to:)`` writes them.
    func add(_ row: Row, to object: inout JSONObject) {
        func isRequested(_ field: String) -> Bool {
            (columns == nil || arranged.isEmpty ? nil : columns)?.contains { $0.hasSameBytes(as: field) } ?? true
        }
        func isRequested(_ maximum: Maximum) -> Bool {
            (columns ?? atBest)?.contains { $0.hasSameBytes(as: Prefix.max + maximum.channel) } ?? true
        }
        object.add("rank", value: row.rank)
        object.add("experiment", value: row.experiment)
        object.add("battery", value: row.battery)
        object.add("name", value: row.batteryName)
        object.add("version", value: row.batteryVersion)
        object.add("value", value: row.number)
        object.add("status", value: row.status?.rawValue)
        object.add("epoch", value: row.bestEpoch)
        object.add("last_seen", value: row.liveness.lastSeen)
        object.add("maxima", value: row.maxima.filter(isRequested))
        object.add("params", value: row.params.filter { isRequested(Prefix.param + $0.name) })
        object.add("meta", value: row.meta.filter { isRequested(Prefix.meta + $0.name) })
        if !criteria.isEmpty { object.add("front", value: true) }
    }

    package func writeCSV(to page: inout Page) {
        let grid = grid
        let present = grid.presentFields
        let own = [ExperimentField.battery, ExperimentField.status, ExperimentField.maxEpoch, OwnField.lastSeen]
        // A requested field that has a column already gets no second one.
        let fields = (columns ?? (atBest ?? present.maxima) + present.params + present.meta).filter {
            !own.contains($0)
        }
        let titles = ["rank", "experiment", "battery", "name", "version", "value", "status", "epoch", "last_seen"]
        CSV.write(titles + fields, to: &page)
        for (row, cells) in zip(rows, grid.rows) {
            let fixed: [String?] = [
                String(row.rank), row.experiment, row.battery, row.batteryName, String(row.batteryVersion),
                row.number.text, row.status?.rawValue, row.bestEpoch.map(String.init),
                row.liveness.lastSeen.map { String($0) },
            ]
            CSV.write(fixed + fields.map { FieldGrid.csvText(of: $0, in: cells, now: page.now) }, to: &page)
        }
    }

    /// Writes the constants and the table alone, for a screen that shows the rest elsewhere.
    ///
    /// - Returns: the fields of the columns on the display from left to right, the value first, and the titles of the columns that are
    ///   hidden. Each row is one line.
    func writeRows(to page: inout Page) -> (fields: [String], hidden: [String]) {
        let grid = grid
        let fields = tableFields(in: grid)
        writeConstants(fields.constants, to: &page)
        let table = table(of: fields.shown, in: grid, on: page)
        let hidden = table.write(to: &page)
        // The columns at the right are hidden, and those of the fields are the last ones.
        let visible = table.columns.count - hidden.count
        let others = table.columns.dropLast(fields.shown.count)
        var shown = [Prefix.max + channel]
        if showsEpoch, let index = others.lastIndex(where: { $0.title == Self.epochTitle }), index < visible {
            shown.append(ExperimentField.maxEpoch)
        }
        shown += fields.shown.prefix(max(visible - others.count, 0)).filter { field in
            !shown.contains { $0.hasSameBytes(as: field) }
        }
        return (shown, hidden + FieldGrid.titles(of: fields.omitted, besides: []))
    }

    private static let epochTitle = "epoch"

    /// True if the table has a column of the epochs of the values.
    private var showsEpoch: Bool { columns == nil || atBest != nil }

    private var grid: FieldGrid {
        FieldGrid(
            rows: rows.map { FieldGrid.Row(fields: $0.fields, liveness: $0.liveness) },
            prefixedOwnFields: prefixedOwnFields, precision: options.precision)
    }

    private struct TableFields {
        var shown: [String]
        /// The hyper-parameters that are equal in all rows.
        var constants: [String] = []
        /// The fields beyond the limit of a table.
        var omitted: [String] = []
    }

    /// Returns the fields of the columns, the most important first, because a narrow display hides the last ones: those by which
    /// the rows are sorted or chosen, the hyper-parameters that differ, those that most experiments lack, the maxima, and last the
    /// maxima of the training data.
    private func tableFields(in grid: FieldGrid) -> TableFields {
        let isValue = { (field: String) in
            curveScan == nil && !options.showsDifferences && field.hasSameBytes(as: Prefix.max + channel)
        }
        // The value of the ranking has a column already.
        if let columns {
            let more = arranged.filter { field in !columns.contains { $0.hasSameBytes(as: field) } }
            return TableFields(shown: (columns + more).filter { !isValue($0) })
        }
        let fixed = [ExperimentField.status, ExperimentField.maxEpoch]
        let first = arranged.filter { !isValue($0) && !fixed.contains($0) }
        func isFirst(_ field: String) -> Bool { first.contains { $0.hasSameBytes(as: field) } }
        let present = grid.presentFields
        let maxima = (atBest ?? present.maxima).filter { !isValue($0) && !isFirst($0) }
        let train = Prefix.max + "train"
        let sortedMaxima =
            atBest == nil ? maxima.filter { $0 != train } + maxima.filter { $0 == train } : maxima
        let others = first.isEmpty ? present.params : present.params.filter { !isFirst($0) }
        if options.showsAllColumns {
            return TableFields(shown: first + others + sortedMaxima + present.meta.filter { !isFirst($0) })
        }
        // Metadata is shown only on request: a path of the data set would leave no width for the numbers.
        let constants = rows.count > 1 ? others.filter(grid.isConstant) : []
        let params = constants.isEmpty ? others : others.filter { !grid.isConstant($0) }
        // Ten thousand fields of one row are not counted in each of the other rows.
        let rare = params.count > FieldGrid.maxColumns ? [] : params.filter(grid.isRare)
        let common = rare.isEmpty ? params : params.filter { !rare.contains($0) }
        let all = first + common + rare + sortedMaxima
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
        page.constants(texts, count: fields.count)
    }

    /// The width of a name and value above which they are truncated.
    private static let maxConstantWidth = 40

    private func isMaximum(_ field: String) -> Bool {
        if case .maximum = FieldName(field) { true } else { false }
    }

    private func table(of fields: [String], in grid: FieldGrid, on page: Page) -> Table {
        let isUnicode = page.display.isUnicode
        let difference = isUnicode ? "Δ \(channel)" : "\(channel) - best"
        var table = Table(columns: [
            Table.Column(title: "#", isNumeric: true),
            Table.Column(title: "experiment", truncation: .never, isRequired: true),
            Table.Column(title: options.showsDifferences ? difference : channel, isNumeric: true, isRequired: true),
        ])
        table.absence = isUnicode ? "–" : "-"
        if let column = source.column { table.columns.insert(column, at: 2) }
        let noiseMark = isUnicode ? "≈" : "~"
        let isNear = rows.map(isWithinNoise)
        if isNear.contains(true) { table.columns.insert(Table.Column(title: "", truncation: .never), at: 1) }
        if options.marks != nil { table.columns.insert(Table.Column(title: "", truncation: .never), at: 1) }
        let showsProgress = columns == nil
        // A result of an experiment that failed, was stopped or was lost must not look like that of one that is done.
        let showsStatus =
            showsProgress
            || !(columns ?? []).contains(ExperimentField.status)
                && !rows.allSatisfy { $0.status == .done || $0.status == .running }
        let hasEpoch = showsEpoch
        if hasEpoch { table.columns.append(Table.Column(title: Self.epochTitle, isNumeric: true)) }
        // The maxima are those of the objective's best epoch also if the value is that of another epoch.
        let showsMaximaEpoch =
            hasEpoch && curveScan != nil && fields.contains(where: isMaximum)
            && rows.contains { $0.bestEpoch.map(String.init) != $0.fields[ExperimentField.maxEpoch] }
        if showsMaximaEpoch { table.columns.append(Table.Column(title: "best epoch", isNumeric: true)) }
        if showsStatus { table.columns.append(.status) }
        let values = valueTexts()
        table.rows = zip(rows.indices, values).map { index, value in
            let row = rows[index]
            let isSelected = row.experiment == options.selected
            var cells = [Table.Cell("\(row.rank)", style: .dim)]
            if let marks = options.marks { cells.append(Table.Cell(marks[row.experiment] ?? "", style: .yellow)) }
            if isNear.contains(true) { cells.append(Table.Cell(isNear[index] ? noiseMark : "", style: .yellow)) }
            cells.append(Table.Cell(row.experiment, style: isSelected ? .reversed : .plain))
            if source.column != nil { cells.append(source.cell(battery: row.battery, version: row.batteryVersion)) }
            cells.append(Table.Cell(value, style: .bold))
            if hasEpoch { cells.append(Table.Cell(row.bestEpoch.map(String.init))) }
            if showsMaximaEpoch { cells.append(Table.Cell(row.fields[ExperimentField.maxEpoch])) }
            if showsStatus { cells.append(Table.Cell(row.liveness.text(now: page.now), style: Style(row.status))) }
            return cells
        }
        table.add(grid, fields: fields, now: page.now)
        return table
    }
}
