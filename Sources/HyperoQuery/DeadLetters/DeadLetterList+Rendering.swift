import HyperoSchema

extension DeadLetterList: Rendering {
    package func writeTable(to page: inout Page) {
        guard !letters.isEmpty else {
            page.line("no dead letters", style: .dim)
            return
        }
        // The reason is the most important part, so that it is whole, below the other values of its dead letter.
        let optional: [(title: String, value: (DeadLetter) -> String?)] = [
            ("producer", \.producer), ("seq", \.seq),
        ].filter { column in letters.contains { column.value($0) != nil } }
        let hasPartitions = Set(letters.map(\.partition)).count > 1
        var table = Table(
            columns: [Table.Column(title: "id", truncation: .never, isRequired: true)]
                + (hasPartitions ? [Table.Column(title: "partition")] : [])
                + [
                    Table.Column(title: "when", isNumeric: true), Table.Column(title: "event"),
                    Table.Column(title: "experiment"),
                ]
                + optional.map { Table.Column(title: $0.title, isNumeric: $0.title == "seq") })
        for letter in letters {
            table.rows.append(
                [Table.Cell(letter.id, style: .bold)] + (hasPartitions ? [Table.Cell(letter.partition)] : [])
                    + [
                        Table.Cell(agoText(letter.time, now: page.now)),
                        // The declaration of a battery has no experiment.
                        Table.Cell(letter.event), Table.Cell(letter.experiment ?? letter.battery),
                    ] + optional.map { Table.Cell($0.value(letter)) })
            table.details.append(
                truncated(
                    page.escaped(letter.reason ?? "no reason"), toWidth: Self.maxReasonWidth,
                    ellipsis: page.display.ellipsis))
        }
        table.writeWithFooter(to: &page)
        page.line()
        page.paragraph(
            "\(letters.count) of \(count). hypero-ingest requeue sends dead letters again, with corrections if needed, and "
                + "hypero-ingest discard removes them",
            style: .dim)
    }

    /// The width above which a reason is truncated. Those of the ingest are shorter.
    private static let maxReasonWidth = 600

    package var limitNote: Note? {
        guard letters.count < count else { return nil }
        return Note(topic: .moreRows, text: "the newest \(letters.count) of \(count) dead letters are written")
    }

    /// Writes one object per dead letter: `partition id when reason cut entry event experiment battery producer seq fields`.
    /// `fields` is an array of name and value pairs, because a name may occur twice.
    package func writeJSON(to page: inout Page) {
        for letter in letters {
            var object = JSONObject()
            object.add("partition", value: letter.partition)
            object.add("id", value: letter.id)
            object.add("when", value: letter.time)
            object.add("reason", value: letter.reason)
            object.add("cut", value: letter.truncation)
            object.add("entry", value: letter.entryID)
            object.add("event", value: letter.event)
            object.add("experiment", value: letter.experiment)
            object.add("battery", value: letter.battery)
            object.add("producer", value: letter.producer)
            object.add("seq", value: letter.seq)
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
                    letter.partition, letter.id, String(letter.time), letter.reason, letter.truncation, letter.entryID,
                    letter.event, letter.experiment, letter.battery, letter.producer, letter.seq,
                ], to: &page)
        }
    }
}
