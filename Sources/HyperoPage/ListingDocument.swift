import HyperoCore
package import HyperoQuery
import HyperoSchema

/// The page of all batteries, with a link to the page of each: one HTML file without script.
///
///     let page = ListingDocument(try store.activities(), nonce: nonce, version: "1", now: now).html
package struct ListingDocument {
    /// The versions of one name, in order.
    private struct Battery {
        var versions: [BatteryActivity]

        var newest: BatterySummary { versions[versions.count - 1].summary }
        /// The time of the latest event.
        var updated: Int64? { versions.compactMap(\.summary.updated).max() }

        /// The best value among the versions with the objective and direction of the newest one.
        var best: BatterySummary.Best? {
            let comparable = versions.map(\.summary).filter {
                $0.objective.hasSameBytes(as: newest.objective) && $0.direction == newest.direction
            }
            return comparable.compactMap(\.best).reduce(nil) { best, next in
                guard let best else { return next }
                return newest.direction.prefers(next.value, over: best.value) ? next : best
            }
        }

        /// The number of running experiments, which is a lower bound if a version has more than are counted.
        var running: String {
            let count = versions.reduce(0) { $0 + $1.running }
            return (versions.contains(where: \.isPartial) ? "at least " : "") + String(count)
        }
    }

    private let batteries: [Battery]
    private let warnings: [String]
    private let nonce: String
    private let version: String
    private let now: Int64

    /// Creates the page of a list. Batteries with the latest events are first.
    ///
    /// - Parameters:
    ///   - nonce: a random text of letters and digits by which the browser tells the page's own style from others.
    ///   - version: the version of hypero.
    ///   - now: the time in Unix milliseconds.
    package init(_ list: ActivityList, nonce: String, version: String, now: Int64) {
        var batteries: [Battery] = []
        // The list has the versions of a name one after the other.
        for activity in list.batteries {
            if let last = batteries.last, last.newest.name.hasSameBytes(as: activity.summary.name) {
                batteries[batteries.count - 1].versions.append(activity)
            } else {
                batteries.append(Battery(versions: [activity]))
            }
        }
        self.batteries = batteries.enumerated().sorted { left, right in
            let (first, second) = (left.element.updated ?? .min, right.element.updated ?? .min)
            return first == second ? left.offset < right.offset : first > second
        }.map(\.element)
        warnings = list.warnings
        self.nonce = nonce
        self.version = version
        self.now = now
    }

    /// The rules of the browser: no script, no style but that with the nonce, and no request.
    package var policy: String {
        "default-src 'none'; style-src 'nonce-\(nonce)'; img-src data:; base-uri 'none'; form-action 'none'"
    }

    /// The whole document.
    package var html: String {
        var html = HTML()
        html.head(title: "hypero", policy: policy, nonce: nonce)
        html.markup("<header id=\"bar\">\n<h1>hypero</h1>\n")
        html.element("p", text: batteries.count == 1 ? "1 battery" : "\(batteries.count) batteries")
        html.element("p", " id=\"age\"", text: dateText(now))
        html.markup("</header>\n")
        html.warnings(warnings)
        html.open("main")
        html.open("section")
        if batteries.isEmpty {
            html.element("p", " class=\"lead\"", text: "No battery is declared yet.")
            html.markup("<p>A training declares one when it connects. For an example, run <code>hypero-demo</code> ")
            html.markup("with the same Redis server, and reload this page.</p>\n")
        } else {
            writeTable(to: &html)
        }
        html.close("section")
        html.close("main")
        html.open("footer")
        html.element("p", text: "hypero \(version)")
        html.close("footer")
        html.markup("</body>\n</html>\n")
        return html.text
    }

    private static let titles: [(text: String, isNumber: Bool)] = [
        ("name", false), ("version", true), ("objective", false), ("best", true), ("experiments", true),
        ("running", true), ("last activity", true), ("description", false),
    ]

    private func writeTable(to html: inout HTML) {
        html.markup("<div class=\"scroll\"><table>\n<thead><tr>")
        for title in Self.titles {
            html.markup(title.isNumber ? "<th scope=\"col\" class=\"number\">" : "<th scope=\"col\">")
            html.write(title.text)
            html.markup("</th>")
        }
        html.markup("</tr></thead>\n<tbody>\n")
        for battery in batteries { writeRow(of: battery, to: &html) }
        html.markup("</tbody>\n</table></div>\n")
    }

    private func writeRow(of battery: Battery, to html: inout HTML) {
        let newest = battery.newest
        var versions: [Int] = []
        for version in battery.versions.map(\.summary.version) where versions.last != version {
            versions.append(version)
        }
        html.markup("<tr><th scope=\"row\">")
        html.verbatim("<a href=\"battery?name=\(percentEncoded(newest.name))\">")
        html.name(newest.name)
        html.markup("</a></th>")
        number(versions.map(String.init).joined(separator: ", "), to: &html)
        html.markup("<td>")
        html.name(newest.objective)
        html.write(", \(newest.direction == .max ? "highest" : "lowest") is best")
        html.markup("</td>")
        number(battery.best?.text ?? "", to: &html)
        number(String(battery.versions.reduce(0) { $0 + $1.summary.experimentCount }), to: &html)
        number(battery.running, to: &html)
        number(battery.updated.map { agoText($0, now: now) } ?? "", to: &html)
        html.markup("<td>")
        html.name(newest.description)
        html.markup("</td></tr>\n")
    }

    private func number(_ text: String, to html: inout HTML) {
        html.element("td", " class=\"number\"", text: text)
    }
}
