import HyperoSchema

extension VersionList: Rendering {
    package func writeTable(to page: inout Page) {
        let count = counted(batteries.reduce(0) { $0 + $1.experimentCount }, noun: "experiment")
        page.paragraph([
            Page.Span(name, style: .bold),
            Page.Span(
                ": \(counted(Set(batteries.map(\.version)).count, noun: "version"))"
                    + (hasSeveralDescriptions ? " (\(batteries.count) batteries)" : "") + ", \(count)", style: .dim),
        ])
        page.line()
        var table = Table(columns: [
            Table.Column(title: "version", isNumeric: true), Table.Column(title: "description", truncation: .early),
            Table.Column(title: "experiments", isNumeric: true), Table.Column(title: "best", isNumeric: true),
            Table.Column(title: "by"), Table.Column(title: "created", isNumeric: true),
            Table.Column(title: "updated", isNumeric: true), Table.Column(title: "id", truncation: .never),
        ])
        let hasConflict = batteries.contains { $0.conflict != nil }
        if hasConflict { table.columns.append(Table.Column(title: "declared again with")) }
        table.rows = batteries.map { battery in
            let cells = [
                Table.Cell("\(battery.version)", style: .bold),
                Table.Cell(battery.description.isEmpty ? nil : battery.description),
                Table.Cell("\(battery.experimentCount)"), Table.Cell(battery.best?.text),
                Table.Cell("\(battery.objective) (\(battery.direction.rawValue))"),
                Table.Cell(battery.created.map { agoText($0, now: page.now) }),
                Table.Cell(battery.updated.map { agoText($0, now: page.now) }), Table.Cell(battery.id, style: .dim),
            ]
            return hasConflict ? cells + [Table.Cell(battery.conflict, style: .red)] : cells
        }
        table.writeWithFooter(to: &page)
    }

    private var hasSeveralDescriptions: Bool { Set(batteries.map(\.version)).count < batteries.count }

    /// Writes one object per battery: the keys of ``BatteryList`` and `conflict`.
    package func writeJSON(to page: inout Page) {
        for battery in batteries {
            var object = battery.json
            object.add("conflict", value: battery.conflict)
            page.line(object.text)
        }
    }

    package func writeCSV(to page: inout Page) {
        CSV.write(BatterySummary.csvTitles + ["conflict"], to: &page)
        for battery in batteries { CSV.write(battery.csvFields + [battery.conflict], to: &page) }
    }
}
