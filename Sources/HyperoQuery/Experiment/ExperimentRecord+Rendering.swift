import HyperoSchema

extension ExperimentRecord: Rendering {
    /// `experiment battery name version description objective status reason host pid seed started updated epochs epoch
    /// source maxima params meta nonfinite curves` on one line; `curves` holds the epochs and a list for each channel.
    package func writeJSON(to page: inout Page) {
        var object = JSONObject()
        object.add("experiment", id)
        object.add("battery", battery)
        object.add("name", name)
        object.add("version", version)
        object.add("description", description)
        object.add("objective", objective)
        object.add("status", status?.rawValue)
        object.add("reason", reason)
        object.add("host", host)
        object.add("pid", pid)
        object.add("seed", seed)
        object.add("started", started)
        object.add("updated", updated)
        object.add("epochs", epochs)
        object.add("epoch", epoch)
        object.add("source", source)
        object.add("maxima", maxima)
        object.add("params", params)
        object.add("meta", meta)
        object.add("nonfinite", nonfinite)
        var channels = JSONObject()
        for channel in curves.channels { channels.add(channel.name, array: channel.values.map(JSONObject.json)) }
        var columns = JSONObject()
        columns.add("epoch", array: curves.epochs.map { String($0) })
        columns.add("channels", json: channels.text)
        object.add("curves", json: columns.text)
        page.line(object.text)
    }

    /// The learning curves: an epoch a record.
    package func writeCSV(to page: inout Page) {
        CSV.write(["epoch"] + curves.channels.map(\.name), to: &page)
        for (index, epoch) in curves.epochs.enumerated() {
            CSV.write(
                [String(epoch)] + curves.channels.map { channel in channel.values[index].map(Number.text) }, to: &page)
        }
    }

    package func writeTable(to page: inout Page) {
        page.line([Page.Span(id, .bold), Page.Span("  "), Page.Span(status?.rawValue ?? "-", Style(status))])
        page.line()
        writeList(of: facts, to: &page)
        writeMaxima(to: &page)
        writeValues("params", params, to: &page)
        writeValues("meta", meta, to: &page)
        writeCurves(to: &page)
    }

    private var facts: [(String, String)] {
        let about = (description ?? "").isEmpty ? "" : ": \(description ?? "")"
        let declared = name.map { "\($0), version \(version ?? 0)\(about)" }
        let all: [(String, String?)] = [
            ("battery", declared ?? battery),
            ("host", host.map { $0 + (pid.map { " (pid \($0))" } ?? "") }),
            ("seed", seed),
            ("started", started.map(dateText)),
            ("updated", updated.map(dateText)),
            ("duration", duration.map(durationText)),
            ("reason", reason),
            ("epochs", epochs.map { String($0) }),
            (
                "nonfinite",
                nonfinite > 0 ? (nonfinite == 1 ? "1 value was" : "\(nonfinite) values were") + " nan or infinite" : nil
            ),
        ]
        return all.compactMap { name, value in value.map { (name, $0) } }
    }

    private func writeMaxima(to page: inout Page) {
        guard !maxima.isEmpty else { return }
        page.line()
        let at = epoch.map { " at epoch \($0)" } ?? ""
        let by = source == MaximaSource.user.rawValue ? ", said by the program" : ""
        page.line([Page.Span("maxima", .bold), Page.Span(at + by, .dim)])
        writeList(of: maxima.map { ($0.channel, numberText($0.value)) }, to: &page)
    }

    private func writeValues(_ title: String, _ values: [NamedValue], to page: inout Page) {
        guard !values.isEmpty else { return }
        page.line()
        page.line(title, .bold)
        writeList(of: values.map { ($0.name, valueText($0)) }, to: &page)
    }

    private func writeCurves(to page: inout Page) {
        guard !curves.channels.isEmpty else { return }
        page.line()
        page.line("learning curves", .bold)
        let draws = page.display.isTerminal && page.display.isUnicode
        var table = Table(
            columns: [Table.Column(title: "channel")]
                + ["first", "last", "lowest", "highest"].map { Table.Column(title: $0, isNumeric: true) })
        if draws { table.columns.append(Table.Column(title: "")) }
        table.rows = curves.channels.map { channel in
            let values = channel.values.compactMap(\.self)
            let finite = values.filter(\.isFinite)
            let numbers = [values.first, values.last, finite.min(), finite.max()].map { Table.Cell($0.map(numberText)) }
            let drawing = draws ? [Table.Cell(sparkline(channel.values, width: 40), .cyan)] : []
            return [Table.Cell(channel.name)] + numbers + drawing
        }
        table.write(to: &page)
    }

    /// Names and values below each other.
    private func writeList(of items: [(name: String, value: String)], to page: inout Page) {
        let names = items.map { page.display.visible($0.name) }
        let longest = names.reduce(0) { max($0, textWidth($1)) }
        for (name, item) in zip(names, items) {
            let space = String(repeating: " ", count: longest - textWidth(name) + 2)
            var value = page.display.visible(item.value)
            if let width = page.display.width {
                value = cut(value, to: max(width - longest - 2, 8), ellipsis: page.display.ellipsis)
            }
            page.line([Page.Span(name, .dim), Page.Span(space), Page.Span(value)])
        }
    }
}
