import HyperoSchema

extension Leaderboard: Rendering {
    package func writeTable(to page: inout Page) {
        let first =
            switch order {
            case .bestFirst: "best first by \(channel) (\(isHighestFirst ? "highest" : "lowest"))"
            case .ascending: "lowest \(channel) first"
            case .descending: "highest \(channel) first"
            }
        let which = (versions.count == 1 ? "version " : "versions ") + versions.map(String.init).joined(separator: ", ")
        page.line([
            Page.Span(name, .bold), Page.Span(", \(which): \(first), \(rows.count) of \(count)", .dim),
        ])
        guard !rows.isEmpty else { return }
        page.line()
        table().writeWithRest(to: &page, advice: "choose with --columns")
    }

    /// `rank experiment battery name version value status epoch maxima params meta`, one row a line.
    package func writeJSON(to page: inout Page) {
        for row in rows {
            var object = JSONObject()
            object.add("rank", row.rank)
            object.add("experiment", row.experiment)
            object.add("battery", row.battery)
            object.add("name", row.name)
            object.add("version", row.version)
            object.add("value", row.value)
            object.add("status", row.status?.rawValue)
            object.add("epoch", row.epoch)
            object.add("maxima", row.maxima)
            object.add("params", row.params)
            object.add("meta", row.meta)
            page.line(object.text)
        }
    }

    package func writeCSV(to page: inout Page) {
        let fields = columns ?? seen { _ in true }
        let titles = ["rank", "experiment", "battery", "name", "version", "value", "status", "epoch"]
        CSV.write(titles + fields, to: &page)
        for row in rows {
            let own: [String?] = [
                String(row.rank), row.experiment, row.battery, row.name, String(row.version),
                Number.text(of: row.value), row.status?.rawValue, row.epoch.map(String.init),
            ]
            CSV.write(own + fields.map { row.fields[$0] }, to: &page)
        }
    }

    private func table() -> Table {
        // Metadata is left to those who ask for it: a path to the data would push the numbers out of sight.
        let fields = columns ?? seen { if case .meta = $0 { false } else { $0 != .maximum(channel) } }
        var table = Table(columns: [
            Table.Column(title: "#", isNumeric: true), Table.Column(title: "experiment", canBeCut: false),
            Table.Column(title: channel, isNumeric: true),
        ])
        if versions.count > 1 { table.columns.insert(Table.Column(title: "version", isNumeric: true), at: 2) }
        let showsState = columns == nil
        if showsState {
            table.columns += [Table.Column(title: "epoch", isNumeric: true), Table.Column(title: "status")]
        }
        table.columns += zip(titles(of: fields), fields).map { title, field in
            Table.Column(title: title, isNumeric: isNumeric(field))
        }
        table.rows = rows.map { row in
            var cells = [Table.Cell("\(row.rank)", .dim), Table.Cell(row.experiment)]
            if versions.count > 1 { cells.append(Table.Cell("\(row.version)")) }
            cells.append(Table.Cell(numberText(row.value), .bold))
            if showsState {
                cells += [
                    Table.Cell(row.epoch.map(String.init)), Table.Cell(row.status?.rawValue, Style(row.status)),
                ]
            }
            return cells + fields.map { cell($0, of: row) }
        }
        return table
    }

    /// The fields that any row has: maxima, hyper-parameters, metadata, each in its order.
    private func seen(_ isWanted: (FieldName) -> Bool) -> [String] {
        let names = Set(rows.flatMap { $0.fields.keys })
        var channels: [String] = []
        var params: [String] = []
        var meta: [String] = []
        for field in names.map(\.text) where isWanted(FieldName(field)) {
            switch FieldName(field) {
            case .maximum(let channel): channels.append(channel)
            case .param: params.append(field)
            case .meta: meta.append(field)
            case .other: break
            }
        }
        return channels.sorted(by: channelsComeInOrder).map { Prefix.max + $0 }
            + (params.map(ExactText.init).sorted() + meta.map(ExactText.init).sorted()).map(\.text)
    }

    /// Names without their prefix, unless two columns would be called the same.
    private func titles(of fields: [String]) -> [String] {
        let short = fields.map { field in
            switch FieldName(field) {
            case .param(let name), .meta(let name), .maximum(let name): name
            case .other: field
            }
        }
        let fixed = ["#", "experiment", "version", channel] + (columns == nil ? ["epoch", "status"] : [])
        let taken = Dictionary((short + fixed).map { (ExactText($0), 1) }, uniquingKeysWith: +)
        return zip(short, fields).map { taken[$0] == 1 ? $0 : $1 }
    }

    /// Whether all values of a field are numbers.
    private func isNumeric(_ field: String) -> Bool {
        if Self.times.contains(field) { return true }
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

    private func cell(_ field: String, of row: Row) -> Table.Cell {
        guard let text = row.fields[field] else { return Table.Cell(nil) }
        if field == ExperimentField.status { return Table.Cell(text, Style(row.status)) }
        if Self.times.contains(field), let time = Int64(text) { return Table.Cell(dateText(time)) }
        return Table.Cell(valueText(NamedValue(name: field, text: text)))
    }

    private static let times = [ExperimentField.started, ExperimentField.updated]
}
