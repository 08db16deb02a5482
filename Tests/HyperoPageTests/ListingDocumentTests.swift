import Foundation
import HyperoSchema
import Testing

@testable import HyperoPage
@testable import HyperoQuery

/// The page of all batteries.
@Suite struct ListingDocumentTests {
    private static let now: Int64 = 1_763_899_200_000

    private func battery(
        _ name: String, version: Int = 1, objective: String = "valid", direction: Direction = .max, best: Double? = 0.9,
        status: ExperimentStatus = .done, experiments: Int = 3, running: Int = 0, counted: Int? = nil,
        description: String = "", updated: Int64? = now
    ) -> BatteryActivity {
        let found = best.map { BatterySummary.Best(experiment: "p-1", status: status, number: Number($0)) }
        return BatteryActivity(
            summary: BatterySummary(
                id: "net.v\(version).0", name: name, version: version, description: description, objective: objective,
                direction: direction, created: nil, updated: updated, experimentCount: experiments, best: found,
                conflict: nil), running: running, done: 0, counted: counted ?? experiments)
    }

    private func page(_ batteries: [BatteryActivity], warnings: [String] = []) -> String {
        let list = ActivityList(batteries: batteries, warnings: warnings)
        return ListingDocument(list, nonce: "n0nce", version: "1", now: Self.now).html
    }

    /// Returns the rows of the table as texts of their cells, without markup.
    private func rows(_ html: String) -> [[String]] {
        html.split(separator: "\n").filter { $0.hasPrefix("<tr>") || $0.hasPrefix("<td") || $0.hasPrefix("</tr>") }
            .joined().split(separator: "</tr>").map { row in
                row.replacing("</th>", with: "</td>").split(separator: "</td>").map {
                    String($0.replacing(/<[^>]*>/, with: ""))
                }
            }
    }

    @Test func `The latest battery is first, and the versions of a name are one row`() {
        let html = page([
            battery("a", best: 0.9, experiments: 3, running: 1, updated: Self.now - 3_600_000),
            battery(
                "a", version: 2, best: 0.7, experiments: 4, running: 1, description: "wider",
                updated: Self.now - 7_200_000),
            battery("b", objective: "loss", direction: .min, best: nil, experiments: 0, updated: nil),
            battery(
                "c", best: 0.5, status: .failed, experiments: 5_000, running: 2, counted: 1_000,
                updated: Self.now - 60_000),
        ])
        #expect(
            rows(html) == [
                ["c", "1", "valid, highest is best", "0.5 (failed)", "5000", "at least 2", "1 min ago", ""],
                ["a", "1, 2", "valid, highest is best", "0.9", "7", "2", "1 h ago", "wider"],
                ["b", "1", "loss, lowest is best", "", "0", "0", "", ""],
            ])
        #expect(html.contains("<title>hypero</title>") && html.contains("<p>3 batteries</p>"))
    }

    @Test func `The best value is that of versions with the objective and direction of the newest`() {
        let other = battery("a", objective: "score", best: 99)
        let opposite = battery("a", version: 2, direction: .max, best: 98)
        let older = battery("a", version: 3, direction: .min, best: 0.1)
        let html = page([other, opposite, older, battery("a", version: 4, direction: .min, best: 0.2)])
        #expect(rows(html).first?[3] == "0.1")
    }

    @Test(arguments: [
        "<script>alert(1)</script>", "\"><img src=x onerror=alert(1)>", "</title></style><svg onload=alert(1)>",
        "\u{202E}gnp.exe", "a\u{0}b\n\r\u{2028}c", "&amp;name=x#y?z",
    ])
    func `A hostile name is text and one value of the link`(name: String) throws {
        let html = page([battery(name, objective: name, description: name)], warnings: [name])
        for tag in ["<script", "<img", "<svg", "\u{202E}", "\u{0}", "</title></style>"] {
            #expect(!html.contains(tag), "\(tag)")
        }
        let link = try #require(html.firstMatch(of: /href="battery\?name=([^"]*)"/)).output.1
        #expect(link.allSatisfy { $0.isASCII && ($0.isLetter || $0.isNumber || "%-._~".contains($0)) })
        #expect(String(link).removingPercentEncoding == name)
        #expect(html.matches(of: /<(td|th)[ >]/).count == 16)
    }

    @Test func `A page without batteries says what to do, and no page has a script or a request`() {
        let empty = page([])
        #expect(empty.contains("No battery is declared yet.") && empty.contains("<code>hypero-demo</code>"))
        #expect(empty.contains("<p>0 batteries</p>") && !empty.contains("<table"))
        for html in [empty, page([battery("a")])] {
            #expect(!html.contains("<script") && !html.contains("http://") && !html.contains("https://"))
            #expect(
                html.contains(
                    "content=\"default-src 'none'; style-src 'nonce-n0nce'; img-src data:; base-uri 'none'; form-action 'none'\""
                ))
        }
    }
}
