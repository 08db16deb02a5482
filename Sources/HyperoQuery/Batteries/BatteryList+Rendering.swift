import HyperoSchema

extension BatteryList: Rendering {
    package func writeTable(to page: inout Page) {
        guard !batteries.isEmpty else {
            page.line("no battery was declared yet", .dim)
            return
        }
        var table = Table(columns: [
            Table.Column(title: "name"), Table.Column(title: "version", isNumeric: true),
            Table.Column(title: "description"), Table.Column(title: "experiments", isNumeric: true),
            Table.Column(title: "best", isNumeric: true), Table.Column(title: "by"),
            Table.Column(title: "updated", isNumeric: true), Table.Column(title: "id", canBeCut: false),
        ])
        table.rows = batteries.map { battery in
            [
                Table.Cell(battery.name, .bold), Table.Cell("\(battery.version)"),
                Table.Cell(battery.description.isEmpty ? nil : battery.description),
                Table.Cell("\(battery.experiments)"), Table.Cell(battery.best.map(numberText)),
                Table.Cell("\(battery.objective) (\(battery.direction.rawValue))"),
                Table.Cell(battery.updated.map { agoText($0, now: page.now) }), Table.Cell(battery.id, .dim),
            ]
        }
        table.writeWithRest(to: &page, advice: "widen the terminal, or --format json")
    }

    /// `id name version description objective direction created updated experiments best`, one battery a line.
    package func writeJSON(to page: inout Page) {
        for battery in batteries {
            var object = JSONObject()
            object.add("id", battery.id)
            object.add("name", battery.name)
            object.add("version", battery.version)
            object.add("description", battery.description)
            object.add("objective", battery.objective)
            object.add("direction", battery.direction.rawValue)
            object.add("created", battery.created)
            object.add("updated", battery.updated)
            object.add("experiments", battery.experiments)
            object.add("best", battery.best)
            page.line(object.text)
        }
    }

    package func writeCSV(to page: inout Page) {
        CSV.write(
            [
                "id", "name", "version", "description", "objective", "direction", "created", "updated", "experiments",
                "best",
            ], to: &page)
        for battery in batteries {
            CSV.write(
                [
                    battery.id, battery.name, String(battery.version), battery.description, battery.objective,
                    battery.direction.rawValue, battery.created.map { String($0) }, battery.updated.map { String($0) },
                    String(battery.experiments), battery.best.map(Number.text),
                ], to: &page)
        }
    }
}
