import HyperoSchema

extension DeadLetterList: Rendering {
    package func writeTable(to page: inout Page) {
        guard !letters.isEmpty else {
            page.line("nothing was left unapplied", .dim)
            return
        }
        let isDivided = Set(letters.map(\.partition)).count > 1
        var table = Table(columns: [
            // What matters most first: a narrow terminal has no room for all.
            Table.Column(title: "id", canBeCut: false), Table.Column(title: "reason"),
            Table.Column(title: "when", isNumeric: true), Table.Column(title: "event"),
            Table.Column(title: "experiment"), Table.Column(title: "producer"),
            Table.Column(title: "seq", isNumeric: true),
        ])
        if isDivided { table.columns.insert(Table.Column(title: "partition"), at: 1) }
        table.rows = letters.map { letter in
            var cells = [
                Table.Cell(letter.id, .bold), Table.Cell(letter.reason, .red),
                Table.Cell(agoText(letter.when, now: page.now)),
                // A battery's declaration has no experiment.
                Table.Cell(letter.event), Table.Cell(letter.experiment ?? letter.battery),
                Table.Cell(letter.producer), Table.Cell(letter.seq),
            ]
            if isDivided { cells.insert(Table.Cell(letter.partition), at: 1) }
            return cells
        }
        table.writeWithRest(to: &page, advice: "widen the terminal, or --format json")
        page.line()
        page.line("\(letters.count) of \(count); hypero-ingest requeue sends mended ones again", .dim)
    }

    /// `partition id when reason cut entry event experiment battery producer seq fields`, one letter a line; `fields` is a
    /// list of names and values, because a name may come twice.
    package func writeJSON(to page: inout Page) {
        for letter in letters {
            var object = JSONObject()
            object.add("partition", letter.partition)
            object.add("id", letter.id)
            object.add("when", letter.when)
            object.add("reason", letter.reason)
            object.add("cut", letter.cut)
            object.add("entry", letter.entry)
            object.add("event", letter.event)
            object.add("experiment", letter.experiment)
            object.add("battery", letter.battery)
            object.add("producer", letter.producer)
            object.add("seq", letter.seq)
            object.add("fields", array: letter.fields.map { "[\(JSON.quoted($0.name)),\(JSON.quoted($0.value))]" })
            page.line(object.text)
        }
    }

    package func writeCSV(to page: inout Page) {
        CSV.write(
            [
                "partition", "id", "when", "reason", "cut", "entry", "event", "experiment", "battery", "producer",
                "seq",
            ], to: &page)
        for letter in letters {
            CSV.write(
                [
                    letter.partition, letter.id, String(letter.when), letter.reason, letter.cut, letter.entry,
                    letter.event, letter.experiment, letter.battery, letter.producer, letter.seq,
                ], to: &page)
        }
    }
}
