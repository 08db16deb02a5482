import HyperoSchema

extension Leaderboard: Rendering {
    package func writeTable(to page: inout Page) {
        let orderText =
            switch order {
            case .bestFirst: "best first by \(channel) (\(isHighestFirst ? "highest" : "lowest"))"
            case .ascending: "lowest \(channel) first"
            case .descending: "highest \(channel) first"
            }
        let versionsText =
            (versions.count == 1 ? "version " : "versions ") + versions.map(String.init).joined(separator: ", ")
        page.line([
            Page.Span(name, style: .bold),
            Page.Span(", \(versionsText): \(orderText), \(rows.count) of \(count)", style: .dim),
        ])
        guard !rows.isEmpty else { return }
        page.line()
        table().writeWithFooter(to: &page)
    }

    /// Writes one object per row: `rank experiment battery name version value status epoch maxima params meta`.
    package func writeJSON(to page: inout Page) {
        for row in rows {
            var object = JSONObject()
            object.add("rank", value: row.rank)
            object.add("experiment", value: row.experiment)
            object.add("battery", value: row.battery)
            object.add("name", value: row.batteryName)
            object.add("version", value: row.batteryVersion)
            object.add("value", value: row.value)
            object.add("status", value: row.status?.rawValue)
            object.add("epoch", value: row.bestEpoch)
            object.add("maxima", value: row.maxima)
            object.add("params", value: row.params)
            object.add("meta", value: row.meta)
            page.line(object.text)
        }
    }

    package func writeCSV(to page: inout Page) {
        let fields = columns ?? presentFields { _ in true }
        let titles = ["rank", "experiment", "battery", "name", "version", "value", "status", "epoch"]
        CSV.write(titles + fields, to: &page)
        for row in rows {
            let fixed: [String?] = [
                String(row.rank), row.experiment, row.battery, row.batteryName, String(row.batteryVersion),
                Number.text(of: row.value), row.status?.rawValue, row.bestEpoch.map(String.init),
            ]
            CSV.write(fixed + fields.map { row.fields[$0] }, to: &page)
        }
    }

    private func table() -> Table {
        // Metadata is shown only on request: a path of the data set would leave no width for the numbers.
        let fields = columns ?? presentFields { if case .meta = $0 { false } else { $0 != .maximum(channel) } }
        var table = Table(columns: [
            Table.Column(title: "#", isNumeric: true), Table.Column(title: "experiment", canBeTruncated: false),
            Table.Column(title: channel, isNumeric: true),
        ])
        if versions.count > 1 { table.columns.insert(Table.Column(title: "version", isNumeric: true), at: 2) }
        let showsProgress = columns == nil
        if showsProgress {
            table.columns += [Table.Column(title: "epoch", isNumeric: true), Table.Column(title: "status")]
        }
        table.columns += zip(titles(of: fields), fields).map { title, field in
            Table.Column(title: title, isNumeric: isNumeric(field))
        }
        table.rows = rows.map { row in
            var cells = [Table.Cell("\(row.rank)", style: .dim), Table.Cell(row.experiment)]
            if versions.count > 1 { cells.append(Table.Cell("\(row.batteryVersion)")) }
            cells.append(Table.Cell(numberText(row.value), style: .bold))
            if showsProgress {
                cells += [
                    Table.Cell(row.bestEpoch.map(String.init)),
                    Table.Cell(row.status?.rawValue, style: Style(row.status)),
                ]
            }
            return cells + fields.map { cell(of: $0, in: row) }
        }
        return table
    }

    /// Returns the fields that at least one row has: maxima, hyper-parameters and metadata, in that order.
    private func presentFields(where isIncluded: (FieldName) -> Bool) -> [String] {
        let names = Set(rows.flatMap { $0.fields.keys })
        var channels: [String] = []
        var params: [String] = []
        var meta: [String] = []
        for field in names.map(\.text) where isIncluded(FieldName(field)) {
            switch FieldName(field) {
            case .maximum(let channel): channels.append(channel)
            case .param: params.append(field)
            case .meta: meta.append(field)
            case .other: break
            }
        }
        return channels.sorted { ChannelOrder($0) < ChannelOrder($1) }.map { Prefix.max + $0 }
            + (params.map(ExactText.init).sorted() + meta.map(ExactText.init).sorted()).map(\.text)
    }

    /// Returns the fields without their prefixes, except for fields whose titles would collide.
    private func titles(of fields: [String]) -> [String] {
        let short = fields.map(FieldName.unprefixed)
        let fixed = ["#", "experiment", "version", channel] + (columns == nil ? ["epoch", "status"] : [])
        let uses = Dictionary((short + fixed).map { (ExactText($0), 1) }, uniquingKeysWith: +)
        return zip(short, fields).map { uses[$0] == 1 ? $0 : $1 }
    }

    /// Returns whether all values of a field are numbers or times.
    private func isNumeric(_ field: String) -> Bool {
        if Self.timeFields.contains(field) { return true }
        if case .maximum = FieldName(field) { return true }
        let texts = rows.compactMap { $0.fields[field] }
        return !texts.isEmpty
            && texts.allSatisfy { text in
                switch Value(text: text) {
                case .integer, .number: true
                default: false
                }
            }
    }

    private func cell(of field: String, in row: Row) -> Table.Cell {
        guard let text = row.fields[field] else { return Table.Cell(nil) }
        if field == ExperimentField.status { return Table.Cell(text, style: Style(row.status)) }
        if Self.timeFields.contains(field), let time = Int64(text) { return Table.Cell(dateText(time)) }
        return Table.Cell(valueText(NamedValue(name: field, text: text)))
    }

    private static let timeFields = [ExperimentField.started, ExperimentField.updated]
}
