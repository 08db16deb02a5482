import Foundation
import HyperoSchema
import Testing

@testable import HyperoPage
@testable import HyperoQuery

/// The searches of a battery on its page.
@Suite struct SearchSectionTests {
    private func search(
        name: String = "search", rule: StoppingRule? = StoppingRule(.halving, epochs: 81),
        values: [Double] = [0.5, 0.25, 0.125]
    ) -> SearchReport {
        let improvements = values.enumerated().map { index, value in
            SearchReport.Improvement(
                ended: index + 1, epochs: 81 * (index + 1), number: Number(value), trial: index + 1)
        }
        let best = improvements.last.map { last in
            SearchReport.Trial(
                trial: last.trial, experiment: "s3f09c1aa-\(last.trial)", status: .stopped, number: last.number,
                epoch: 9,
                params: [NamedValue(name: "user", text: "ann")])
        }
        return SearchReport(
            id: "s3f09c1aa", battery: "net.v1.0", batteryName: "net", batteryVersion: 1, name: name, seed: "1",
            sampler: "tpe",
            objective: "loss", direction: .min, created: 1, conflict: nil, trialCount: 200, givenCount: 150,
            runningCount: 8,
            unstartedCount: 1, lostCount: 1, endedCount: 140, doneCount: 60, stoppedCount: 78, failedCount: 2,
            refusedCount: 0,
            pointCount: 0, givenPointCount: 0, rule: rule,
            rungs: (rule?.rungs ?? []).map { SearchReport.Rung(epoch: $0, count: 31, kept: 10, number: Number(0.375)) },
            epochs: 5_000, savedEpochs: 5_000, best: best, improvements: improvements)
    }

    /// Returns the page without its data and its script.
    private func markup(_ html: String) -> String { html.components(separatedBy: "<script")[0] }

    private func text(_ searches: [SearchReport], anonymous: Bool = false) -> String {
        var report = report(["0.9"])
        report.searches = searches
        return page(anonymous ? report.anonymous : report)
    }

    @Test func `The facts, the best so far and the rungs are readable without script`() throws {
        let text = text([search()])
        #expect(text.contains("<h2>Search</h2>\n<h3><bdi>search</bdi><small> s3f09c1aa</small>\n</h3>"))
        #expect(
            text.contains(
                "<th scope=\"row\">trials</th><td><bdi>200: 150 given out, 8 running, 1 not started, 1 lost</bdi>"))
        #expect(text.contains("<bdi>5000 epochs, 50 % of those that the ended trials would have run</bdi>"))
        #expect(text.contains("<bdi>0.125 at epoch 9, trial 3, s3f09c1aa-3 (stopped)</bdi>"))
        #expect(text.contains("<td class=\"number\">27</td><td class=\"number\">31</td><td class=\"number\">10</td>"))
        let start = try #require(text.range(of: "<title>best loss so far, over the epochs of ended trials</title>"))
        let drawing = text[start.upperBound...].prefix { $0 != "\0" }.components(separatedBy: "</svg>")[0]
        // Two steps, and the line to the last epoch.
        #expect(
            drawing.components(separatedBy: "stroke-width=\"1.8\"")[0].components(separatedBy: "<path d=\"M").last?
                .count { $0 == "L" } == 5)
        // The policy of the page allows no style without its nonce.
        #expect(!drawing.contains("style") && !drawing.contains("class"))
    }

    @Test func `A battery without searches has an empty section, which the style hides`() {
        let text = text([])
        #expect(text.contains("<section id=\"search\"></section>\n") && PageAssets.style.contains("section:empty"))
        #expect(text.contains("\"searches\":[]"))
    }

    @Test func `The data has the objects of the command, and names are text`() throws {
        let hostile = "</script><b>&\u{2028}"
        let text = text([search(name: hostile), search(rule: nil, values: [])])
        #expect(!text.contains("<b>&") && text.contains("<bdi>&lt;/script&gt;&lt;b&gt;&amp;"))
        let start = try #require(text.range(of: "id=\"data\">")?.upperBound)
        let end = try #require(text.range(of: "</script>", range: start..<text.endIndex)?.lowerBound)
        let data = try #require(try JSONSerialization.jsonObject(with: Data(text[start..<end].utf8)) as? [String: Any])
        let searches = try #require(data["searches"] as? [[String: Any]])
        #expect(searches.count == 2 && searches[0]["search_name"] as? String == hostile)
        #expect((searches[0]["improvements"] as? [Any])?.count == 3 && searches[1]["best"] is NSNull)
    }

    @Test func `Extreme values and many searches are drawn, and long histories are cut`() {
        let extreme = text([
            search(values: [1e300, .greatestFiniteMagnitude, .leastNonzeroMagnitude]), search(values: [0]),
            search(values: []),
        ])
        #expect(extreme.components(separatedBy: "best loss so far").count == 5)
        #expect(!markup(extreme).contains(/[ML\d] ?(nan|-?inf)/))
        let many = text((0..<30).map { _ in search(values: (0..<1_000).map { 1 / Double($0 + 1) }) })
        #expect(many.contains("The newest 20 of 30 searches.") && many.components(separatedBy: "<h3>").count >= 21)
        #expect(many.utf8.count < 2_000_000)
    }

    @Test func `An anonymous page has no hyper-parameters of the best trial, and no paths`() {
        let text = text([search(name: "/home/ann/x")], anonymous: true)
        #expect(!text.contains("/ann") && !text.contains("\"ann\"") && !markup(text).contains(">ann<"))
        #expect(text.contains("<bdi>…</bdi><small> s3f09c1aa"))
    }
}
