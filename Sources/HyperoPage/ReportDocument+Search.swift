import HyperoQuery
import HyperoSchema

extension ReportDocument {
    /// The number of searches that the page has, the newest ones.
    private static let maxSearches = 20
    /// The size of the drawing of the best so far in user units, pixels at its natural size.
    private static let (drawingWidth, drawingHeight) = (840.0, 200.0)

    /// Writes the searches of the battery: their facts, the best so far and the rungs. Empty without searches. The script adds nothing.
    func writeSearches(to html: inout HTML) {
        html.open("section", " id=\"search\"")
        if !report.searches.isEmpty {
            html.element("h2", text: report.searches.count == 1 ? "Search" : "Searches")
            if report.searches.count > Self.maxSearches {
                html.element(
                    "p", " class=\"muted\"",
                    text: "The newest \(Self.maxSearches) of \(report.searches.count) searches.")
            }
            if report.filter.map({ !$0.isEmpty }) ?? report.isSelection {
                html.element(
                    "p", " class=\"muted\"", text: "The numbers are those of all trials, whatever the condition.")
            }
            for search in report.searches.suffix(Self.maxSearches).reversed() { write(search, to: &html) }
        }
        html.close("section")
    }

    private func write(_ search: SearchReport, to html: inout HTML) {
        html.open("h3")
        html.name(search.name)
        html.element("small", text: " \(search.id)")
        html.close("h3")
        html.markup("<div class=\"scroll\"><table class=\"facts\"><tbody>\n")
        for fact in search.facts { writeFact(fact.name, fact.value, to: &html) }
        if let best = search.best {
            let status = best.status == .stopped ? " (stopped)" : ""
            let epoch = best.epoch.map { " at epoch \($0)" } ?? ""
            writeFact(
                "best", "\(numberText(best.value))\(epoch), trial \(best.trial), \(best.experiment)\(status)", to: &html
            )
        }
        html.markup("</tbody></table></div>\n")
        if let remark = search.historyRemark {
            html.element("p", " class=\"muted\"", text: remark.prefix(1).uppercased() + remark.dropFirst() + ".")
        }
        if let drawing = drawing(of: search) {
            html.open("figure")
            html.verbatim(drawing)
            html.close("figure")
        }
        writeRungs(of: search, to: &html)
    }

    private func writeFact(_ name: String, _ value: String, to html: inout HTML) {
        html.markup("<tr><th scope=\"row\">")
        html.write(name)
        html.markup("</th><td>")
        html.name(value)
        html.markup("</td></tr>\n")
    }

    private func writeRungs(of search: SearchReport, to html: inout HTML) {
        guard !search.rungs.isEmpty else { return }
        html.markup("<div class=\"scroll\"><table>\n<thead><tr>")
        for title in ["rung", "trials", "go on", search.objective ?? "value"] {
            html.markup("<th scope=\"col\">")
            html.name(title)
            html.markup("</th>")
        }
        html.markup("</tr></thead>\n<tbody>\n")
        for rung in search.shownRungs {
            html.open("tr")
            for text in [
                String(rung.epoch), String(rung.count), String(rung.kept), rung.value.map { numberText($0) } ?? "",
            ] {
                html.markup("<td class=\"number\">")
                html.write(text)
                html.markup("</td>")
            }
            html.close("tr")
        }
        html.markup("</tbody>\n</table></div>\n")
    }

    /// Returns the best so far over the epochs that were run as a drawing; nil if no trial has ended with a finite value.
    ///
    /// Its colours are attributes, because a style would need the nonce of the page, and a page that is read again has another one.
    private func drawing(of search: SearchReport) -> String? {
        let hasEpochs = search.epochs > 0
        var points: [ChartPoint] = []
        for improvement in search.improvements {
            let x = Double(hasEpochs ? improvement.epochs : improvement.ended)
            if let last = points.last { points.append(ChartPoint(x: x, y: last.y)) }
            points.append(ChartPoint(x: x, y: improvement.value))
        }
        guard let last = points.last else { return nil }
        points.append(ChartPoint(x: max(Double(hasEpochs ? search.epochs : search.historyCount), last.x), y: last.y))
        let title =
            "best \(search.objective ?? "value") so far, over the \(hasEpochs ? "epochs" : "trials") of ended trials"
        let chart = Chart(
            title: title, xTitle: "", series: [Chart.Series(name: "", points: points)],
            isLowestBest: search.direction == .min)
        guard let frame = ChartFrame(chart, xCount: 8, yCount: 4) else { return nil }
        let tickWidth = frame.y.ticks.reduce(3) { max($0, $1.text.utf8.count) }
        let (left, right, top, bottom) = (
            14 + 7 * Double(tickWidth), Self.drawingWidth - 20, 28.0, Self.drawingHeight - 24
        )
        func number(_ value: Double) -> String { Number.text(of: (value * 10).rounded() / 10) }
        func x(_ value: Double) -> String { number(left + (right - left) * frame.x.position(of: value)) }
        func y(_ value: Double) -> String {
            // The first values may be far from the others, above or below the axis.
            number(bottom - (bottom - top) * min(max(frame.y.position(of: value), 0), 1))
        }
        var svg =
            "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 \(number(Self.drawingWidth)) \(number(Self.drawingHeight))\" "
            + "width=\"\(number(Self.drawingWidth))\" height=\"\(number(Self.drawingHeight))\" role=\"img\" "
            + "fill=\"currentColor\" font-size=\"12\">\n<title>\(ChartDocument.escaped(title))</title>\n"
            + "<text x=\"0\" y=\"14\">\(ChartDocument.escaped(title))</text>\n"
        for tick in frame.y.ticks {
            svg +=
                "<path d=\"M\(number(left)) \(y(tick.value))H\(number(right))\" stroke=\"currentColor\" stroke-opacity=\"0.15\"/>"
            svg +=
                "<text x=\"\(number(left - 6))\" y=\"\(y(tick.value))\" dy=\"4\" text-anchor=\"end\">\(tick.text)</text>\n"
        }
        for tick in frame.x.ticks {
            svg +=
                "<text x=\"\(x(tick.value))\" y=\"\(number(bottom + 18))\" text-anchor=\"middle\">\(tick.text)</text>\n"
        }
        let path = points.enumerated().map { "\($0 == 0 ? "M" : "L")\(x($1.x)) \(y($1.y))" }.joined()
        svg +=
            "<path d=\"\(path)\" fill=\"none\" stroke=\"currentColor\" stroke-width=\"1.8\" stroke-linejoin=\"round\"/>\n"
        return svg + "</svg>\n"
    }
}
