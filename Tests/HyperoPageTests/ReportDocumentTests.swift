import Foundation
import Testing

@testable import HyperoPage
@testable import HyperoQuery

/// The page without its script.
@Suite struct ReportDocumentTests {
    /// Returns the markup before the data and the script.
    private func markup(_ html: String) -> String {
        String(html[..<(html.range(of: "<script")?.lowerBound ?? html.endIndex)])
    }

    /// Returns the data of a page.
    private func data(_ html: String) throws -> [String: Any] {
        let start = try #require(html.range(of: "id=\"data\">")?.upperBound)
        let end = try #require(html.range(of: "</script>", range: start..<html.endIndex)?.lowerBound)
        let object = try JSONSerialization.jsonObject(with: Data(html[start..<end].utf8))
        return try #require(object as? [String: Any])
    }

    @Test func `The best result, its difference to the second and the rows are readable without script`() {
        let lr = BatteryReport.Column(name: "param.lr", kind: .param, values: ["0.1", "0.2"])
        let size = BatteryReport.Column(name: "param.size", kind: .param, values: ["64", "64"])
        let text = markup(page(report(["0.9375", "0.9"], columns: [lr, size])))
        #expect(text.contains("<strong>0.9375</strong> <bdi>valid</bdi>"))
        #expect(text.contains("0.0375 better than the second, p-2"))
        #expect(text.contains("The same in all 2: <bdi>size</bdi> <bdi>64</bdi>"))
        #expect(text.contains("With <bdi>lr</bdi> <bdi>0.1</bdi>."))
        #expect(text.contains("<td class=\"number\"><bdi>0.9</bdi></td>"))
        #expect(text.contains("<title>0.9375 net version 1 – hypero</title>"))
        #expect(text.contains("2 experiments: 2 done"))
    }

    @Test func `The best result stands beside those of other seeds, and values that are not finite are counted`() {
        let text = markup(
            page(
                report(
                    ["0.95", "0.9", "0.89", "0.88", "0.5", nil],
                    columns: [
                        .init(name: "param.lr", kind: .param, values: ["0.1", "0.2", "1e-1", "0.1", "0.1", "0.1"]),
                        .init(name: "param.seed", kind: .param, values: ["1", "1", "2", "3", "4", "5"]),
                        .init(name: "battery", kind: .attribute, values: ["a", "a", "a", "a", "b", "a"]),
                        .init(name: "epochs", kind: .attribute, values: Array(repeating: "9", count: 6)),
                        .init(name: "nonfinite", kind: .attribute, values: [nil, "0", nil, nil, "2", "1"]),
                    ])))
        #expect(
            text.contains(
                "2 other trainings of these hyper-parameters: 0.89, 0.88, and 1 not done or without a result."))
        #expect(text.contains("6 done, 1 diverged, 2 with nan or inf"))
        // Without hyper-parameters, all would be repetitions.
        #expect(!markup(page(report(["0.95", "0.9"]))).contains("other training"))
    }

    @Test func `A lucky result stands beside the best mean of repeated trainings`() {
        let lr = BatteryReport.Column(name: "param.lr", kind: .param, values: ["0.1", "0.2", "0.2", "0.1", "0.3"])
        let seed = BatteryReport.Column(name: "param.seed", kind: .param, values: ["1", "1", "2", "2", "1"])
        var own = report(["0.95", "0.94", "0.93", "0.8", "0.7"], columns: [lr, seed])
        own.noise = Noise(replicas: [Spread([0.94, 0.93])])
        let text = markup(page(own))
        #expect(
            text.contains(
                "1 other training of these hyper-parameters: 0.8. The best is 0.15 better than all of them, probably by luck."
            ))
        #expect(text.contains("The best mean is that of the 2 trainings with the hyper-parameters of p-2: 0.935."))
        #expect(text.contains("The first 2 are equal within chance: within"))
        // Of equal means, the one with the better experiment.
        let pairs = BatteryReport.Column(name: "param.lr", kind: .param, values: ["1", "2", "3", "3", "2", "1"])
        own = report(["0.75", "0.625", "0.5", "0.5", "0.375", "0.25"], columns: [pairs])
        own.noise = Noise(replicas: [Spread([0.94, 0.93])])
        #expect(markup(page(own)).contains("with the hyper-parameters of p-1: 0.5."))
    }

    @Test func `The script takes away the sentence about a battery without experiments`() {
        #expect(markup(page(report([]))).contains("<p class=\"static\">The battery has no experiments.</p>"))
    }

    @Test func `The best has all digits of whole numbers, and few of many channels`() {
        let digits = "18446744073709551615"
        let channels = (0..<20).map {
            BatteryReport.Column(name: "max.c\($0)", kind: .maximum, values: ["0.5", "0.4"])
        }
        let big = BatteryReport.Column(name: "param.big", kind: .param, values: [digits, "1"])
        let text = markup(page(report(["0.9", "0.8"], columns: channels + [big])))
        #expect(text.contains("With <bdi>big</bdi> <bdi>\(digits)</bdi>."))
        #expect(text.contains("<strong>0.5</strong> <bdi>c7</bdi> and 12 more</p>"))
    }

    @Test(arguments: [
        "<script>alert(1)</script>", "\"><img src=x onerror=alert(1)>",
        "</title></style></script><svg onload=alert(1)>",
        "&lt;b&gt;", "'--!><!--", "\u{202E}gnp.exe", "a\u{0}b\n\r\u{2028}c", "]]>", "{{x}}${y}",
    ])
    func `A hostile name is text wherever it is`(name: String) throws {
        var hostile = report(
            [name], name: name,
            columns: [
                .init(name: "param." + name, kind: .param, values: [name]),
                .init(name: "meta." + name, kind: .meta, values: [name]),
                .init(name: "reason", kind: .attribute, values: [name]),
            ], lines: [.init(row: 0, channel: 0, points: [ChartPoint(x: 1, y: 1), ChartPoint(x: 2, y: 3)])])
        hostile.columns[0].values = [name]
        hostile.columns[1].values = ["failed"]
        hostile.description = name
        hostile.objective = name
        hostile.channels = [name]
        hostile.warnings = [name]
        let html = ReportDocument(hostile, nonce: "n0nce", command: name, version: "1").html
        let text = markup(html)
        for tag in ["<img", "<svg onload", "<b>", "</title></style>", "<!--", "\u{202E}", "\u{0}"] {
            #expect(!text.contains(tag), "\(tag)")
        }
        let own = markup(page(report(["1"], lines: hostile.lines)))
        for tag in ["<style", "<title", "<svg"] {
            #expect(count(of: tag, in: text) == count(of: tag, in: own), "\(tag)")
        }
        #expect(count(of: "<script", in: html) == 2 && count(of: "</script", in: html) == 2)
        let columns = try #require(try data(html)["columns"] as? [[String: Any]])
        #expect(columns.contains { $0["name"] as? String == "param." + name })
        #expect((try data(html)["battery"] as? [String: Any])?["name"] as? String == name)
    }

    private func count(of text: String, in html: String) -> Int { html.components(separatedBy: text).count - 1 }

    @Test func `Values are numbers in the data only if a script writes them in the same way`() throws {
        let texts: [String?] = ["0.1", "1e-05", "0.10", "12345678901234567890", "-0", "nan", "relu", nil, "[1,2]"]
        for text in texts {
            let column = BatteryReport.Column(name: "param.x", kind: .param, values: [text, "1"])
            let columns = try #require(
                try data(page(report(["1", "0"], columns: [column])))["columns"] as? [[String: Any]])
            let values = try #require(columns.last?["values"] as? [String: Any])
            let isNumber = [nil, "0.1", "nan"].contains(text)
            #expect((values["numbers"] != nil) == isNumber, "\(text ?? "nil")")
            guard !isNumber else { continue }
            #expect((values["texts"] as? [Any])?.first as? String == text)
        }
    }

    @Test func `Repeated words are written once`() throws {
        let column = BatteryReport.Column(
            name: "param.act", kind: .param, values: (0..<100).map { ["relu", "tanh", nil][$0 % 3] })
        let columns = try #require(
            try data(page(report((0..<100).map { "\(100 - $0)" }, columns: [column])))["columns"] as? [[String: Any]])
        let values = try #require(columns.last?["values"] as? [String: Any])
        #expect(values["words"] as? [String] == ["relu", "tanh"])
        #expect((values["index"] as? [Any])?.count == 100)
    }

    @Test func `A battery without experiments and one without results have pages`() {
        #expect(markup(page(report([]))).contains("The battery has no experiments."))
        #expect(markup(page(report([nil, "nan"]))).contains("No experiment has a finite valid yet."))
    }

    @Test func `The page has no address of another server, and the script and style have the nonce only`() {
        let html = page(report(["1"], lines: [.init(row: 0, channel: 0, points: [ChartPoint(x: 1, y: 1)])]))
        let links = html.matches(of: /https?:\/\/[^"' ]*/).map { String($0.output) }
        #expect(links.allSatisfy { $0 == "http://www.w3.org/2000/svg" }, "\(links)")
        #expect(html.contains("default-src 'none'; script-src 'nonce-n0nce'; style-src 'nonce-n0nce'"))
        #expect(!html.contains("connect-src"))
        #expect(
            html.matches(of: /<(script|style)[^>]*>/).count
                == html.matches(of: /<(script|style)[^>]*(nonce="n0nce"|application\/json)[^>]*>/).count)
    }

    @Test func `The page of a server has the URL of its changes, may request it, and does not call itself a snapshot`()
        throws
    {
        let url = "events?name=%3C/script%3E&version=1&after=ab-7"
        let live = page(report(["1"]), live: url)
        #expect(try data(live)["live"] as? String == url)
        #expect(live.contains("connect-src 'self'; base-uri 'none'") && !markup(live).contains("snapshot of"))
        let file = page(report(["1"]))
        #expect(try data(file)["live"] is NSNull)
        #expect(markup(file).contains("snapshot of"))
    }

    @Test func `The data have only what the script uses, and the searches for other programs`() throws {
        let names = [
            "format", "now", "live", "battery", "total", "rows", "columns", "curves", "importance", "noise", "searches",
        ]
        #expect(try Set(data(page(report(["1"]))).keys) == Set(names))
    }

    /// A third of it is the filter, whose messages are those of the command, and a third the charts.
    @Test func `The script and the style sheet have at most 224 kB`() {
        #expect(PageAssets.script.utf8.count + PageAssets.style.utf8.count <= 224_000)
    }

    @Test(arguments: [
        "innerHTML", "outerHTML", "insertAdjacent", "document.write", "eval(", "Function(", "setAttribute(\"style\"",
        "fetch(\"http", "XMLHttpRequest", "import(",
    ])
    func `The script has no function that makes markup or code of text`(name: String) {
        #expect(!PageAssets.script.contains(name))
    }
}
