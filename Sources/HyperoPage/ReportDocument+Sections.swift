import HyperoQuery
import HyperoSchema
import HyperoSearch

extension ReportDocument {
    /// Writes the battery, its objective and the numbers of experiments.
    func writeBar(to html: inout HTML) {
        html.markup("<header id=\"bar\">\n<h1>")
        html.name(report.name)
        html.element("small", text: " \(report.versionsText)")
        html.markup("</h1>\n<p class=\"objective\">")
        html.name(report.objective)
        html.write(", \(report.isHighestBest ? "highest" : "lowest") is best")
        html.close("p")
        html.open("p", " id=\"counts\"")
        html.write(countsText)
        html.close("p")
        html.element("p", " id=\"age\"", text: (live == nil ? "snapshot of " : "") + dateText(report.now))
        html.markup("<div id=\"tools\"></div>\n</header>\n")
        if !report.description.isEmpty {
            html.open("p", " class=\"description\"")
            html.name(report.description)
            html.close("p")
        }
        html.warnings(report.warnings)
    }

    /// The numbers of experiments: `206 experiments: 180 done, 3 running, 12 failed, 9 diverged, 15 with nan or inf`.
    private var countsText: String {
        var parts = facts.statuses.map { "\($0.count) \($0.status.rawValue)" }
        if facts.divergedCount > 0 { parts.append("\(facts.divergedCount) diverged") }
        if facts.nonfiniteCount > facts.divergedCount { parts.append("\(facts.nonfiniteCount) with nan or inf") }
        let list = parts.isEmpty ? "" : ": " + parts.joined(separator: ", ")
        return counted(report.count, noun: "experiment") + list + leftOutText
    }

    /// The experiments that are not on the page.
    private var leftOutText: String {
        guard report.count < report.total else { return "" }
        if let selectionText {
            return " (of \(report.total); \(report.isCut ? "the best of those " : "")\(selectionText))"
        }
        return report.isCut ? " (the best of \(report.total))" : " (of \(report.total))"
    }

    /// The condition on the experiments after "experiments": `with lr < 0.1`, or `of a selection` if it is not named; nil for none.
    var selectionText: String? {
        if report.isSelection { return "of a selection" }
        return report.filter.flatMap { $0.isEmpty ? nil : "with \($0.summary)" }
    }

    /// Writes the best result.
    func writeBest(to html: inout HTML) {
        html.markup("<section id=\"best\">\n<h2>Best</h2>\n")
        if let best = facts.best {
            html.markup("<p class=\"lead\"><strong>")
            html.write(numberText(best.value))
            html.markup("</strong> ")
            html.name(report.objective)
            if let epoch = value("epoch", best.row) { html.write(" at epoch \(epoch)") }
            let others = report.columns.filter { $0.kind == .maximum && !isObjective($0) && $0.values[best.row] != nil }
            for column in others.prefix(Self.columnCount) {
                guard let text = column.values[best.row] else { continue }
                html.markup(", <strong>")
                html.write(shown(text))
                html.markup("</strong> ")
                html.name(column.label)
            }
            if others.count > Self.columnCount { html.write(" and \(others.count - Self.columnCount) more") }
            html.close("p")
            html.open("p")
            html.write("Experiment ")
            html.name(value("id", best.row) ?? "")
            if let status = value("status", best.row), status != ExperimentStatus.done.rawValue {
                html.write(" (\(status))")
            }
            for sentence in bestSentences(best) { html.write(". \(sentence)") }
            html.write(".")
            html.close("p")
            writeParams(of: best.row, to: &html)
        } else {
            let diverged = facts.divergedCount > 0 ? ": \(facts.divergedCount) of \(report.count) diverged" : " yet"
            html.element("p", text: "No experiment has a finite \(report.objective)\(diverged).")
        }
        writeConstants(to: &html)
        html.close("section")
    }

    private func bestSentences(_ best: ReportFacts.Result) -> [String] {
        var sentences: [String] = []
        if let second = facts.second {
            let difference = abs(best.value - second.value)
            sentences.append(
                difference == 0
                    ? "The second is equal: \(value("id", second.row) ?? "")"
                    : "\(short(difference)) better than the second, \(value("id", second.row) ?? "")")
        }
        sentences += repetitionSentences(best)
        if let earlier = facts.earlier, earlier.row != best.row {
            sentences.append("The best that ended an hour ago or earlier is \(numberText(earlier.value))")
        }
        if facts.withinNoise > 0, let text = report.noiseText {
            sentences.append("The first \(facts.withinNoise + 1) are equal within chance: \(text)")
        }
        return sentences
    }

    /// Returns the sentences about other trainings of the best hyper-parameters, and about the best mean of several trainings.
    private func repetitionSentences(_ best: ReportFacts.Result) -> [String] {
        var sentences: [String] = []
        let failed = facts.failedRepetitionCount
        if let next = facts.repetitions.first {
            let values = facts.repetitions.prefix(Self.maxRepetitions).map { numberText($0) }.joined(separator: ", ")
            let more = facts.repetitions.count - Self.maxRepetitions
            sentences.append(
                "\(counted(facts.repetitions.count, noun: "other training")) of these hyper-parameters: \(values)"
                    + (more > 0 ? " and \(more) more" : "")
                    + (failed > 0 ? ", and \(failed) not done or without a result" : ""))
            if let limit = report.noise?.limit, abs(best.value - next) > limit {
                sentences.append(
                    "The best is \(short(abs(best.value - next))) better than all of them, probably by luck")
            }
        } else if failed > 0 {
            sentences.append(
                "\(counted(failed, noun: "other training")) of these hyper-parameters \(failed == 1 ? "is" : "are") not done "
                    + "or without a result")
        }
        if let setting = facts.bestSetting {
            sentences.append(
                "The best mean is that of the \(setting.count) trainings with the hyper-parameters of "
                    + "\(value("id", setting.row) ?? ""): \(numberText(setting.mean))")
        }
        return sentences
    }

    /// Writes the hyper-parameters of an experiment that others do not share, the most important first.
    private func writeParams(of row: Int, to html: inout HTML) {
        let params = (report.count > 1 ? varyingParams : report.columns.filter { $0.kind == .param })
            .filter { $0.values[row] != nil }
        guard !params.isEmpty else { return }
        html.markup("<p>")
        html.write("With ")
        writeValues(of: row, in: params, to: &html)
        html.write(".")
        html.close("p")
    }

    /// Writes the hyper-parameters that all experiments share.
    private func writeConstants(to html: inout HTML) {
        let constants = report.columns.filter { $0.kind == .param && $0.isConstant }
        guard report.count > 1, !constants.isEmpty else { return }
        html.markup("<p class=\"muted\">")
        html.write("The same in all \(report.count): ")
        writeValues(of: 0, in: constants, to: &html)
        html.close("p")
    }

    /// Writes the names and values of hyper-parameters: `lr 0.1, act relu and 3 more`.
    private func writeValues(of row: Int, in columns: [BatteryReport.Column], to html: inout HTML) {
        for (index, column) in columns.prefix(Self.maxValues).enumerated() {
            if index > 0 { html.write(", ") }
            html.name(column.label)
            html.write(" ")
            html.name(shown(column.values[row] ?? ""))
        }
        if columns.count > Self.maxValues { html.write(" and \(columns.count - Self.maxValues) more") }
    }

    private static let maxValues = 12
    private static let maxRepetitions = 5

    /// Writes the sentence about the last improvement.
    func writeHistory(to html: inout HTML) {
        html.markup("<section id=\"history\">\n<h2>Is it still improving?</h2>\n<p class=\"finding\">")
        if let best = facts.best {
            let age = value("updated", best.row).flatMap { Int64($0) }.map { ", \(agoText($0, now: report.now))" } ?? ""
            html.write(
                facts.startedAfterBest == 0
                    ? "The best experiment is the newest one\(age)."
                    : "\(counted(facts.startedAfterBest, noun: "experiment")) started after the best one\(age).")
        } else {
            html.write("No experiment has a result yet.")
        }
        html.close("p")
        html.close("section")
    }

    /// Writes the learning curves of the first experiments as a drawing, which the script replaces.
    func writeCurves(to html: inout HTML) {
        html.markup("<section id=\"curves\">\n<h2>Learning curves</h2>\n")
        let lines = report.lines.filter { $0.channel == 0 }.prefix(Self.drawnCurves)
        if lines.isEmpty {
            html.element("p", text: "No experiment has a learning curve of \(report.objective).")
        } else {
            let series = lines.map { line in
                Chart.Series(name: value("id", line.row) ?? "", points: line.points)
            }
            let title = "\(report.objective) of \(counted(series.count, noun: "experiment")), the best first"
            let chart = Chart(title: title, series: Array(series), isLowestBest: !report.isHighestBest)
            html.markup("<figure class=\"static\">")
            html.verbatim(ChartDocument([chart]).svg.replacing("<style>", with: "<style nonce=\"\(nonce)\">"))
            html.close("figure")
        }
        html.close("section")
    }

    private static let drawnCurves = 5

    /// Writes the importance of the hyper-parameters.
    func writeParameters(to html: inout HTML) {
        html.markup("<section id=\"parameters\">\n<h2>Which hyper-parameters matter</h2>\n")
        if let importance = report.importance {
            let rated = importance.importance.parameters.filter { $0.share != nil }
            if !rated.isEmpty {
                html.markup("<ol class=\"static\">\n")
                for parameter in rated.prefix(Self.columnCount) {
                    html.open("li")
                    html.name(parameter.name)
                    html.write(" \(short(parameter.share ?? 0))")
                    if !parameter.isAboveChance { html.write(", not above chance") }
                    html.close("li")
                }
                html.close("ol")
            }
            html.element("p", " class=\"muted\"", text: importance.text)
        }
        html.close("section")
    }

    /// Writes the running experiments and the reasons of the others' ends.
    func writeRunning(to html: inout HTML) {
        html.markup("<section id=\"running\">\n<h2>Running and dead</h2>\n<ul class=\"static\">\n")
        let statuses = report.column("status")?.values ?? []
        let running = statuses.indices.filter { statuses[$0] == ExperimentStatus.running.rawValue }
        for row in running.prefix(Self.maxRunning) {
            html.open("li")
            html.name(value("id", row) ?? "")
            let seen = value("seen", row).flatMap { Int64($0) }.map { ", last seen \(agoText($0, now: report.now))" }
            html.write(" running\(seen ?? "")")
            html.close("li")
        }
        if running.count > Self.maxRunning {
            html.element("li", text: "\(running.count - Self.maxRunning) more running")
        }
        for (reason, count) in facts.reasons.prefix(Self.maxRunning) {
            html.open("li")
            html.write("\(count) ended by: ")
            html.name(reason)
            html.close("li")
        }
        html.close("ul")
        html.close("section")
    }

    private static let maxRunning = 20

    /// Writes the command and the version.
    func writeFoot(to html: inout HTML) {
        html.open("footer")
        if !command.isEmpty {
            html.markup("<p>Made by <code>")
            html.write(command)
            html.markup("</code></p>\n")
        }
        if live != nil { html.markup("<p><a href=\"./\">All batteries</a></p>\n") }
        html.element("p", text: "hypero \(version)")
        html.close("footer")
    }

    func value(_ name: String, _ row: Int) -> String? { report.column(name)?.values[row] }

    func isObjective(_ column: BatteryReport.Column) -> Bool {
        column.kind == .maximum && column.label.hasSameBytes(as: report.objective)
    }

    /// Returns a stored value as a table shows it: numbers that are not whole with six digits.
    func shown(_ text: String) -> String {
        // A whole number keeps its digits, also those that a double has not.
        isWholeNumber(text) ? text : Number(text: text).map { numberText($0.value) } ?? text
    }

    func short(_ value: Double) -> String { numberTexts([value], precision: 3)[0] }
}
