import HyperoSchema

extension GroupBoard: Rendering {
    package func writeTable(to page: inout Page) {
        let base =
            switch grouping {
            case .replicas: "equal hyper-parameters without seed"
            case .parameters: "equal hyper-parameters"
            case .fields: "equal " + FieldGrid.titles(of: fields, besides: []).joined(separator: ", ")
            }
        let extreme = isHighestFirst ? "highest" : "lowest"
        let shown = condition.isEmpty ? "" : " with \(condition.text)"
        page.paragraph([
            Page.Span(name, style: .bold),
            Page.Span(
                ", \(source.versionsText): \(counted(groupCount, noun: "group")) of \(base), by the mean of \(channel) "
                    + "(\(extreme) first), \(count) of \(counted(experimentCount, noun: "experiment"))\(shown)",
                style: .dim),
        ])
        if !rows.isEmpty {
            let constants = options.showsAllColumns || rows.count < 2 ? [] : fields.indices.filter(isConstant)
            writeConstants(constants, to: &page)
            page.line()
            let varying = fields.indices.filter { !constants.contains($0) }
            let isCut = rows.count < groupCount
            table(of: Array(varying.prefix(FieldGrid.maxColumns)), on: page).writeWithFooter(
                to: &page,
                omitted: FieldGrid.titles(of: varying.dropFirst(FieldGrid.maxColumns).map { fields[$0] }, besides: [])
            ) { columns, hidden in
                guard isCut else { return nil }
                return counted(groupCount, noun: "group") + " (\(rows.count) shown), "
                    + counted(columns, noun: "column") + (hidden > 0 ? " (\(columns - hidden) shown)" : "")
            }
        }
        page.write(notes.map { $0.marked(isUnicode: page.display.isUnicode) })
    }

    /// Writes one object per group: `rank n of mean std best experiment within_noise group`. `group` has the values by the names of
    /// their fields, null for absent ones.
    package func writeJSON(to page: inout Page) {
        for row in rows {
            var object = JSONObject()
            object.add("rank", value: row.rank)
            object.add("n", value: row.count)
            object.add("of", value: row.memberCount)
            object.add("mean", value: Number(row.mean))
            object.add("std", value: row.standardDeviation.map { Number($0) })
            object.add("best", value: Number(row.best))
            object.add("experiment", value: row.bestExperiment)
            object.add("within_noise", value: row.isWithinNoise)
            var group = JSONObject()
            for (field, stored) in zip(fields, row.stored) {
                if let stored {
                    group.add(field, stored: stored)
                } else {
                    group.add(field, json: "null")
                }
            }
            object.add("group", json: group.text)
            page.line(object.text)
        }
    }

    package func writeCSV(to page: inout Page) {
        CSV.write(["rank", "n", "of", "mean", "std", "best", "experiment", "within_noise"] + fields, to: &page)
        for row in rows {
            CSV.write(
                [
                    String(row.rank), String(row.count), String(row.memberCount), Number.text(of: row.mean),
                    row.standardDeviation.map(Number.text(of:)), Number.text(of: row.best), row.bestExperiment,
                    String(row.isWithinNoise),
                ] + row.stored.map { $0.map(shownText) }, to: &page)
        }
    }

    /// The remarks: the noise, and experiments without a rank.
    package var notes: [Note] {
        var notes = source.notes(of: name)
        if experimentCount == 0 { notes.append(.noExperiments) }
        if rows.contains(where: \.isWithinNoise), let noise {
            notes.append(Note(topic: .noise, text: noise.text(of: channel, marking: .groups)))
        }
        if unrankedCount > 0 {
            let isOne = unrankedCount == 1
            let empty =
                emptyGroupCount == 0
                ? ""
                : "; \(counted(emptyGroupCount, noun: "further group")) \(emptyGroupCount == 1 ? "has" : "have") only "
                    + "experiments without one"
            notes.append(
                Note(
                    topic: .unranked,
                    text: "\(unrankedCount) of \(counted(count + unrankedCount, noun: "experiment"))"
                        + (condition.isEmpty ? "" : " with \(condition.text)") + " \(isOne ? "has" : "have") no finite "
                        + "'\(channel)' and \(isOne ? "counts" : "count") in no mean\(empty)"))
        }
        return notes
    }

    package var limitNote: Note? {
        rows.count < groupCount
            ? Note(topic: .moreRows, text: "the first \(rows.count) of \(groupCount) groups are written") : nil
    }

    private func isConstant(_ field: Int) -> Bool {
        guard let first = rows.first?.stored[field] else { return rows.allSatisfy { $0.stored[field] == nil } }
        return rows.allSatisfy { $0.stored[field]?.hasSameBytes(as: first) ?? false }
    }

    private func writeConstants(_ indexes: [Int], to page: inout Page) {
        // A field that no shown group has says nothing.
        let present = indexes.filter { rows[0].stored[$0] != nil }
        guard !present.isEmpty else { return }
        let titles = FieldGrid.titles(of: present.map { fields[$0] }, besides: [])
        let texts = zip(titles, present).prefix(FieldGrid.maxColumns).map { title, index in
            page.escaped("\(title) \(shownText(rows[0].stored[index] ?? ""))")
        }
        page.constants(texts, count: present.count)
    }

    private func table(of indexes: [Int], on page: Page) -> Table {
        let isUnicode = page.display.isUnicode
        let marks = rows.contains(where: \.isWithinNoise)
        func countText(_ row: Row) -> String {
            row.memberCount == row.count ? "\(row.count)" : "\(row.count) of \(row.memberCount)"
        }
        var table = Table(columns: [Table.Column(title: "#", isNumeric: true)])
        table.absence = isUnicode ? "–" : "-"
        if marks { table.columns.append(Table.Column(title: "", truncation: .never)) }
        table.columns += [
            Table.Column(title: "mean \(channel)", isNumeric: true, isRequired: true),
            Table.Column(title: "std", isNumeric: true, isRequired: true),
            Table.Column(title: "n", isNumeric: true, isRequired: true),
        ]
        let means = numberTexts(rows.map { Number($0.mean) }, precision: options.precision)
        // Two digits of a standard deviation are more than its own error allows.
        let deviations = numberTexts(
            rows.map { $0.standardDeviation.map { Number($0) } }, precision: options.precision ?? 2)
        let bests = numberTexts(rows.map { Number($0.best) }, precision: options.precision)
        table.rows = rows.enumerated().map { index, row in
            var cells = [Table.Cell("\(row.rank)", style: .dim)]
            if marks { cells.append(Table.Cell(row.isWithinNoise ? (isUnicode ? "≈" : "~") : "", style: .yellow)) }
            return cells + [
                Table.Cell(means[index], style: .bold), Table.Cell(deviations[index]), Table.Cell(countText(row)),
            ]
        }
        let grid = FieldGrid(
            rows: rows.map { row in
                let pairs = indexes.compactMap { index in row.stored[index].map { (ExactText(fields[index]), $0) } }
                return FieldGrid.Row(fields: Dictionary(pairs) { first, _ in first }, liveness: .unknown)
            }, precision: options.precision)
        let titles = FieldGrid.titles(of: indexes.map { fields[$0] }, besides: table.columns.map(\.title))
        for (title, index) in zip(titles, indexes) {
            let field = fields[index]
            table.columns.append(grid.column(field, title: title))
            // The status of a group is no status of an experiment with an age.
            let cells =
                field == ExperimentField.status
                ? rows.map { Table.Cell($0.stored[index]) } : grid.cells(of: field, now: page.now)
            for (row, cell) in cells.enumerated() { table.rows[row].append(cell) }
        }
        table.columns += [
            Table.Column(title: "best", isNumeric: true), Table.Column(title: "best experiment", truncation: .never),
        ]
        for (index, row) in rows.enumerated() {
            table.rows[index] += [Table.Cell(bests[index]), Table.Cell(row.bestExperiment)]
        }
        return table
    }
}
