import HyperoPage
@testable import HyperoQuery

/// Returns a report with an experiment per value of the objective, best first.
func report(
    _ values: [String?], name: String = "net", columns: [BatteryReport.Column] = [], lines: [BatteryReport.Line] = []
) -> BatteryReport {
    let ids = values.indices.map { "p-\($0 + 1)" as String? }
    let ranks = values.enumerated().map { $1 == nil ? nil : "\($0 + 1)" }
    let own: [BatteryReport.Column] = [
        .init(name: "id", kind: .attribute, values: ids),
        .init(name: "status", kind: .attribute, values: values.map { _ in "done" }),
        .init(name: "started", kind: .attribute, values: values.indices.map { "\(1_000 + $0)" }),
        .init(name: "rank", kind: .attribute, values: ranks), .init(name: "max.valid", kind: .maximum, values: values),
    ]
    return BatteryReport(
        name: name, ids: ["net.v1.0"], versionsText: "version 1", description: "", objective: "valid",
        isHighestBest: true, lowestIsBest: ["loss"], now: 1_763_899_200_000, total: values.count, count: values.count,
        isCut: false,
        columns: own + columns, channels: ["valid"], lines: lines, importance: nil, noise: nil, warnings: [])
}

/// Returns the page of a report.
func page(_ report: BatteryReport, live: String? = nil) -> String {
    ReportDocument(report, nonce: "n0nce", command: "hypero-query report net", version: "1", live: live).html
}
