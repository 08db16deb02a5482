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
        for battery in batteries {
            var object = JSONObject()
            object.add("id", value: battery.id)
            object.add("name", value: battery.name)
            object.add("version", value: battery.version)
            object.add("description", value: battery.description)
            object.add("objective", value: battery.objective)
            object.add("direction", value: battery.direction.rawValue)
            object.add("created", value: battery.created)
            object.add("updated", value: battery.updated)
            object.add("experiments", value: battery.experimentCount)
            object.add("best", value: battery.best?.number)
            object.add("best_experiment", value: battery.best?.experiment)
            object.add("best_status", value: battery.best?.status?.rawValue)
            page.line(object.text)
        }
    }

    package func writeCSV(to page: inout Page) {
        CSV.write(
            [
                "id", "name", "version", "description", "objective", "direction", "created", "updated", "experiments",
                "best", "best_experiment", "best_status",
            ], to: &page)
        for battery in batteries {
            CSV.write(
                [
                    battery.id, battery.name, String(battery.version), battery.description, battery.objective,
                    battery.direction.rawValue, battery.created.map { String($0) }, battery.updated.map { String($0) },
                    String(battery.experimentCount), battery.best?.number.text,
                    battery.best?.experiment, battery.best?.status?.rawValue,
                ], to: &page)
        }
    }
}

extension BatterySummary.Best {
    /// The value, with the status of an experiment that failed, was stopped or was lost: its result must not look like that of
    /// one that is done.
    fileprivate var text: String {
        let number = numberTexts([number])[0] ?? ""
        guard let status, status != .done, status != .running else { return number }
        return "\(number) (\(status.rawValue))"
    }
}
