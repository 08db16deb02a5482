import HyperoSchema

extension Verification: Rendering {
    package func writeTable(to page: inout Page) {
        let checked = [
            batteryCount > 0 ? counted(batteryCount, noun: "battery", plural: "batteries") : nil,
            counted(experimentCount, noun: "experiment"),
            rankingCount > 0 ? counted(rankingCount, noun: "ranking") : nil,
            producerCount > 0 ? counted(producerCount, noun: "producer") : nil,
        ].compactMap(\.self).joined(separator: ", ")
        guard !differences.isEmpty else {
            page.paragraph("no differences: \(checked)", style: .green)
            return
        }
        let hasPartitions = Set(differences.map(\.partition)).count > 1
        var table = Table(
            columns: [Table.Column(title: "check", truncation: .never, isRequired: true)]
                + (hasPartitions ? [Table.Column(title: "partition")] : [])
                + [
                    Table.Column(title: "battery"), Table.Column(title: "experiment", truncation: .never),
                    Table.Column(title: "field"),
                ])
        for difference in differences {
            table.rows.append(
                [Table.Cell(difference.check.rawValue, style: .bold)]
                    + (hasPartitions ? [Table.Cell(difference.partition)] : [])
                    + [
                        Table.Cell(difference.battery), Table.Cell(difference.experiment),
                        Table.Cell(difference.shownField),
                    ])
            table.details.append(
                truncated(
                    page.escaped(difference.message), toWidth: Self.maxMessageWidth, ellipsis: page.display.ellipsis))
        }
        table.writeWithFooter(to: &page)
        page.line()
        page.paragraph(
            (isLimited ? "at least " : "") + counted(differences.count, noun: "difference") + ": \(checked)",
            style: .dim)
        page.write(notes)
    }

    /// The width above which a sentence is truncated.
    private static let maxMessageWidth = 600

    package var notes: [Note] {
        let count = differences.count(where: \.isDerivable)
        guard count > 0 else { return [] }
        let subject =
            count == differences.count
            ? "the lists, rankings, columns and maxima" : "the values of \(counted(count, noun: "difference"))"
        return [Note(topic: .rebuilding, text: "\(subject) can be derived again")]
    }

    package var limitNote: Note? {
        isLimited ? Note(topic: .moreRows, text: "the verification has ended at \(differences.count) differences") : nil
    }

    /// Writes one object per difference: `check partition battery experiment key field expected found message`.
    package func writeJSON(to page: inout Page) {
        for difference in differences {
            var object = JSONObject()
            object.add("check", value: difference.check.rawValue)
            object.add("partition", value: difference.partition)
            object.add("battery", value: difference.battery)
            object.add("experiment", value: difference.experiment)
            object.add("key", value: difference.key)
            object.add("field", value: difference.field)
            object.add("expected", value: difference.expected)
            object.add("found", value: difference.found)
            object.add("message", value: difference.message)
            page.line(object.text)
        }
    }

    package func writeCSV(to page: inout Page) {
        CSV.write(
            ["check", "partition", "battery", "experiment", "key", "field", "expected", "found", "message"], to: &page)
        for difference in differences {
            CSV.write(
                [
                    difference.check.rawValue, difference.partition, difference.battery, difference.experiment,
                    difference.key, difference.field, difference.expected, difference.found, difference.message,
                ], to: &page)
        }
    }
}
