import HyperoSchema

extension BatteryList: Rendering {
    package func writeTable(to page: inout Page) {
        guard !batteries.isEmpty else {
            for note in notes { page.paragraph(note.text(with: page.advice), style: .dim) }
            return
        }
        var table = Table(columns: [
            Table.Column(title: "name", leastWidth: Self.leastNameWidth),
            Table.Column(title: "version", isNumeric: true),
            Table.Column(title: "description", truncation: .early), Table.Column(title: "experiments", isNumeric: true),
            Table.Column(title: "best", isNumeric: true), Table.Column(title: "by", truncation: .never),
            Table.Column(title: "updated", isNumeric: true), Table.Column(title: "id", truncation: .never),
        ])
        table.rows = batteries.map { battery in
            [
                Table.Cell(battery.name, style: .bold), Table.Cell("\(battery.version)"),
                Table.Cell(battery.description.isEmpty ? nil : battery.description),
                Table.Cell("\(battery.experimentCount)"), Table.Cell(battery.best?.text),
                // The direction is never cut.
                Table.Cell(
                    truncated(
                        page.escaped(battery.objective), toWidth: Self.maxObjectiveWidth,
                        ellipsis: page.display.ellipsis) + " (\(battery.direction.rawValue))"),
                Table.Cell(battery.updated.map { agoText($0, now: page.now) }), Table.Cell(battery.id, style: .dim),
            ]
        }
        table.writeWithFooter(to: &page)
    }

    /// The width of names below which a narrow display hides columns at the right.
    private static let leastNameWidth = 20
    /// The width above which the name of an objective is truncated.
    private static let maxObjectiveWidth = 24

    /// The remark about a store without batteries.
    package var notes: [Note] {
        batteries.isEmpty ? [Note(topic: .noBatteries, text: "no battery is declared yet")] : []
    }

    /// Writes one object per battery: `id name version description objective direction created updated experiments best
    /// best_experiment best_status`.
    package func writeJSON(to page: inout Page) {
        for battery in batteries { page.line(battery.json.text) }
    }

    package func writeCSV(to page: inout Page) {
        CSV.write(BatterySummary.csvTitles, to: &page)
        for battery in batteries { CSV.write(battery.csvFields, to: &page) }
    }
}

extension BatterySummary {
    /// The object of the battery: `id name version description objective direction created updated experiments best
    /// best_experiment best_status`.
    var json: JSONObject {
        var object = JSONObject()
        object.add("id", value: id)
        object.add("name", value: name)
        object.add("version", value: version)
        object.add("description", value: description)
        object.add("objective", value: objective)
        object.add("direction", value: direction.rawValue)
        object.add("created", value: created)
        object.add("updated", value: updated)
        object.add("experiments", value: experimentCount)
        object.add("best", value: best?.number)
        object.add("best_experiment", value: best?.experiment)
        object.add("best_status", value: best?.status?.rawValue)
        return object
    }

    /// The titles of ``csvFields``.
    static let csvTitles = [
        "id", "name", "version", "description", "objective", "direction", "created", "updated", "experiments",
        "best", "best_experiment", "best_status",
    ]

    /// The record of the battery.
    var csvFields: [String?] {
        [
            id, name, String(version), description, objective, direction.rawValue, created.map { String($0) },
            updated.map { String($0) }, String(experimentCount), best?.number.text, best?.experiment,
            best?.status?.rawValue,
        ]
    }
}

extension BatterySummary.Best {
    /// The value, with the status of an experiment that failed, was stopped or was lost: its result must not look like that of
    /// one that is done.
    package var text: String {
        let number = numberTexts([number])[0] ?? ""
        guard let status, status != .done, status != .running else { return number }
        return "\(number) (\(status.rawValue))"
    }
}
