import HyperoQuery
import HyperoSchema
import HyperoSearch

extension ReportDocument {
    /// Writes the first experiments as a table, which the script replaces by one of all.
    func writeTable(to html: inout HTML) {
        html.markup("<section id=\"table\">\n<h2>Leaderboard</h2>\n")
        guard report.count > 0 else {
            let reason =
                report.isSelection
                ? "The selection has no experiments." : report.filter.map { "No experiment fulfils \($0.summary)." }
            html.element("p", " class=\"static\"", text: reason ?? "The battery has no experiments.")
            html.close("section")
            return
        }
        let columns = shownColumns
        html.markup("<div class=\"static scroll\"><table>\n<thead><tr>")
        for column in columns {
            html.markup("<th scope=\"col\">")
            html.name(column.label)
            html.markup("</th>")
        }
        html.markup("</tr></thead>\n<tbody>\n")
        let count = min(report.count, Self.rowCount)
        for row in 0..<count {
            html.open("tr")
            for column in columns {
                let text = column.values[row]
                let isNumber = text.map { Number(text: $0) != nil } ?? true
                html.markup(isNumber ? "<td class=\"number\">" : "<td>")
                if let text { html.name(cell(text, of: column)) }
                html.markup("</td>")
            }
            html.close("tr")
        }
        html.markup("</tbody>\n</table></div>\n")
        if report.count > count {
            html.element(
                "p", " class=\"static muted\"",
                text: "The first \(count) of \(report.count). The script of the page shows all of them.")
        }
        html.close("section")
    }

    /// The rank, the experiment, the channels with the objective first, the varying hyper-parameters by importance, and the status.
    private var shownColumns: [BatteryReport.Column] {
        func attribute(_ name: String) -> [BatteryReport.Column] { report.column(name).map { [$0] } ?? [] }
        let maxima = report.columns.filter { $0.kind == .maximum }
        return attribute("rank") + attribute("id") + maxima.filter(isObjective) + attribute("epoch")
            + maxima.filter { !isObjective($0) }.prefix(Self.columnCount) + varyingParams.prefix(Self.columnCount)
            + attribute("status") + attribute("reason")
    }

    /// The hyper-parameters with more than one value, the most important first.
    var varyingParams: [BatteryReport.Column] {
        let shares = report.importance?.importance.parameters.enumerated().map { ($1.name, $0) } ?? []
        let places = Dictionary(shares) { first, _ in first }
        return report.columns.filter { $0.kind == .param && !$0.isConstant }.enumerated().sorted { left, right in
            let (first, second) = (places[left.element.label] ?? .max, places[right.element.label] ?? .max)
            return first == second ? left.offset < right.offset : first < second
        }.map(\.element)
    }

    private func cell(_ text: String, of column: BatteryReport.Column) -> String {
        column.kind == .attribute ? text : shown(text)
    }
}
