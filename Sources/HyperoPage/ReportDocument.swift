package import HyperoQuery
import HyperoSchema

/// The page of a battery as one HTML file: readable and printable without its script, and without requests to any server.
///
///     let report = try store.report(of: "digits mlp")
///     let page = ReportDocument(report, nonce: nonce).html
package struct ReportDocument {
    package let report: BatteryReport
    /// A random text of letters and digits by which the browser tells the page's own script and style from others.
    package let nonce: String
    /// The command that makes the same page.
    package var command: String
    /// The version of hypero.
    package var version: String
    /// The URL of the server's later changes, relative to the page: `events?name=digits`; nil for a file.
    package var live: String?

    /// The number of experiments in the table that is there without the script.
    static let rowCount = 50
    /// The number of hyper-parameters and of channels in that table.
    static let columnCount = 8

    let facts: ReportFacts

    package init(_ report: BatteryReport, nonce: String, command: String, version: String, live: String? = nil) {
        self.report = report
        self.nonce = nonce
        self.command = command
        self.version = version
        self.live = live
        facts = ReportFacts(report)
    }

    /// The whole document.
    package var html: String {
        var html = HTML()
        html.head(title: title, policy: policy, nonce: nonce)
        html.markup("<a class=\"skip\" href=\"#table\">Skip to the leaderboard</a>\n")
        writeBar(to: &html)
        html.open("main")
        writeBest(to: &html)
        writeHistory(to: &html)
        writeSearches(to: &html)
        writeTable(to: &html)
        writeCurves(to: &html)
        writeSection("parallel", heading: "Parallel coordinates", to: &html)
        writeParameters(to: &html)
        writeSection("compare", heading: "Compare", to: &html)
        writeRunning(to: &html)
        html.close("main")
        writeFoot(to: &html)
        let data = ReportJSON.text(of: report, live: live)
        html.verbatim("<script type=\"application/json\" id=\"data\">\(data)</script>\n")
        html.verbatim("<script type=\"module\" nonce=\"\(nonce)\">\n\(PageAssets.script)</script>\n")
        html.markup("</body>\n</html>\n")
        return html.text
    }

    /// The rules of the browser: no script and no style but those with the nonce, and no request, or
    /// only those to the page's own server.
    package var policy: String {
        "default-src 'none'; script-src 'nonce-\(nonce)'; style-src 'nonce-\(nonce)'; img-src data: blob:; "
            + (live == nil ? "" : "connect-src 'self'; ") + "base-uri 'none'; form-action 'none'"
    }

    /// The title of the window, the best value first: `0.98 digits mlp`.
    private var title: String {
        let best = facts.best.map { numberText($0.value) + " " } ?? ""
        return "\(best)\(report.name) \(report.versionsText) – hypero"
    }

    /// Writes a section that the script fills.
    func writeSection(_ id: StaticString, heading: StaticString, to html: inout HTML) {
        html.verbatim("<section id=\"\(id)\" class=\"scripted\">\n")
        html.element("h2", text: heading.description)
        html.close("section")
    }
}
