import HyperoSchema
import HyperoSearch

extension ImportanceReport: Rendering {
    /// The width of the bar of a share of 1.
    private static let barWidth = 24
    /// The number of names in a note.
    private static let maxNamed = 8
    /// The number of experiments below which a share of a useless hyper-parameter is often above 0.05.

    package func writeTable(to page: inout Page) {
        page.paragraph([
            Page.Span(name, style: .bold),
            Page.Span(
                ", \(source.versionsText): importance for a \(isLowestBest ? "low" : "high") \(channel)"
                    + ", \(summary)", style: .dim),
        ])
        if !importance.parameters.isEmpty {
            page.line()
            table(for: page.display).writeWithFooter(to: &page)
        }
        page.write(notes)
    }

    /// The method and its data: `PED-ANOVA, the best 21 beside all 206 experiments`.
    private var summary: String {
        guard importance.bestCount > 0 else { return "PED-ANOVA" }
        return "PED-ANOVA, the best \(importance.bestCount) beside all \(counted(importance.count, noun: "experiment"))"
    }

    private func table(for display: Display) -> Table {
        var table = Table(columns: [
            Table.Column(title: "#", isNumeric: true),
            Table.Column(title: "parameter", leastWidth: 20, isRequired: true),
            Table.Column(title: "share", isNumeric: true, isRequired: true),
            Table.Column(title: "", truncation: .early), Table.Column(title: "chance", isNumeric: true),
            Table.Column(title: "scale"), Table.Column(title: "experiments", isNumeric: true),
        ])
        table.rows = importance.parameters.enumerated().map { index, parameter in
            let isNoise = parameter.share != nil && !parameter.isAboveChance
            return [
                Table.Cell(parameter.share == nil ? nil : "\(index + 1)", style: .dim),
                Table.Cell(parameter.name, style: parameter.isAboveChance ? .bold : .plain),
                Table.Cell(parameter.share.map(Self.text), style: isNoise ? .dim : .plain),
                Table.Cell(
                    parameter.share.map { bar($0, isUnicode: display.isUnicode) } ?? parameter.remark ?? "",
                    style: isNoise || parameter.share == nil ? .dim : .cyan),
                Table.Cell(parameter.chance.map(Self.text), style: .dim),
                Table.Cell(parameter.scale?.text), Table.Cell("\(parameter.count)"),
            ]
        }
        return table
    }

    /// Returns the bar of a share, in eighths of a character, or in `#` without Unicode.
    private func bar(_ share: Double, isUnicode: Bool) -> String {
        guard isUnicode else { return String(repeating: "#", count: Int((share * Double(Self.barWidth)).rounded())) }
        let eighths = Int((min(max(share, 0), 1) * Double(Self.barWidth * 8)).rounded())
        let blocks = Array("▏▎▍▌▋▊▉█")
        return String(repeating: "█", count: eighths / 8) + (eighths % 8 == 0 ? "" : String(blocks[eighths % 8 - 1]))
    }

    /// Returns a share with three decimal places.
    private static func text(_ share: Double) -> String {
        let thousandths = Int((min(max(share, 0), 1_000) * 1_000).rounded())
        let digits = String(thousandths % 1_000)
        return "\(thousandths / 1_000)." + String(repeating: "0", count: 3 - digits.count) + digits
    }

    package var notes: [Note] {
        if experimentCount == 0 { return [.noExperiments] }
        return source.notes(of: name) + (remarks.map { Note(topic: .importance, text: $0) })
    }

    /// The method with its data, and the remarks, as sentences.
    package var text: String {
        ([summary] + remarks).map { $0.prefix(1).uppercased() + $0.dropFirst() + "." }.joined(separator: " ")
    }

    private var remarks: [String] {
        var remarks: [String] = []
        if importance.parameters.isEmpty { remarks.append("no experiment has hyper-parameters") }
        switch importance.limitation {
        case .tooFew:
            remarks.append(
                "\(counted(importance.count, noun: "experiment")) with a finite '\(channel)' \(importance.count == 1 ? "is" : "are") too few: at least "
                    + "\(Importance.minCount) are needed")
        case .equalObjectives:
            remarks.append("too many values of '\(channel)' are equal to tell the best experiments from the others")
        case .noDifference where !importance.parameters.isEmpty:
            remarks.append("no hyper-parameter has different values that could be compared")
        case .noDifference: break
        case nil:
            if importance.bestCount < Importance.reliableBestCount {
                remarks.append(
                    "\(importance.bestCount == 1 ? "one experiment is" : "\(importance.bestCount) experiments are") too few for "
                        + "the best tenth: the shares mean little below "
                        + "\(Importance.reliableBestCount * 10) experiments")
            }
            let noise = importance.parameters.filter { $0.share != nil && !$0.isAboveChance }.map(\.name)
            if !noise.isEmpty {
                let names = noise.prefix(Self.maxNamed).map { printable($0, limit: 40) }.joined(separator: ", ")
                let more = noise.count > Self.maxNamed ? " and \(noise.count - Self.maxNamed) more" : ""
                remarks.append("not above chance, the share of a random choice of experiments: \(names)\(more)")
            }
        }
        if let filter {
            remarks.append(
                "\(examinedCount) of \(counted(experimentCount, noun: "experiment")) "
                    + "\(examinedCount == 1 ? "fulfils" : "fulfil") \(namesFilter ? filter.summary : "the condition")")
        } else if examinedCount < experimentCount {
            remarks.append("the newest \(examinedCount) of \(experimentCount) experiments were looked at")
        }
        let omitted = missingCount + nonfiniteCount
        if omitted > 0 {
            remarks.append(
                "\(omitted) of \(counted(examinedCount, noun: "experiment")) \(omitted == 1 ? "has" : "have") no finite "
                    + "'\(channel)' and \(omitted == 1 ? "is" : "are") left out")
        }
        if runningCount > 0 {
            remarks.append(
                "\(counted(runningCount, noun: "experiment")) \(runningCount == 1 ? "has" : "have") not ended, and "
                    + "\(runningCount == 1 ? "counts" : "count") with the best value so far")
        }
        return remarks
    }

    /// Writes one object per hyper-parameter: `rank param importance chance above_chance scale experiments finding`.
    package func writeJSON(to page: inout Page) {
        for (index, parameter) in importance.parameters.enumerated() {
            var object = JSONObject()
            object.add("rank", value: parameter.share == nil ? nil : index + 1)
            object.add("param", value: parameter.name)
            object.add("importance", value: parameter.share.map { Number($0) })
            object.add("chance", value: parameter.chance.map { Number($0) })
            object.add("above_chance", value: parameter.share == nil ? nil : parameter.isAboveChance)
            object.add("scale", value: parameter.scale?.text)
            object.add("experiments", value: parameter.count)
            object.add("finding", value: parameter.finding.rawValue)
            page.line(object.text)
        }
    }

    package func writeCSV(to page: inout Page) {
        CSV.write(
            ["rank", "param", "importance", "chance", "above_chance", "scale", "experiments", "finding"], to: &page)
        for (index, parameter) in importance.parameters.enumerated() {
            CSV.write(
                [
                    parameter.share == nil ? nil : "\(index + 1)", parameter.name,
                    parameter.share.map { Number.text(of: $0) },
                    parameter.chance.map { Number.text(of: $0) },
                    parameter.share == nil ? nil : "\(parameter.isAboveChance)", parameter.scale?.text,
                    "\(parameter.count)", parameter.finding.rawValue,
                ], to: &page)
        }
    }
}

extension Importance.Parameter {
    /// The reason for a missing share, in a table.
    fileprivate var remark: String? {
        switch finding {
        case .constant: "one value"
        case .unique: "too many values"
        case .rated, .none: nil
        }
    }
}

extension ParameterScale {
    /// The name of the scale in results.
    fileprivate var text: String {
        switch self {
        case .linear: "linear"
        case .logarithmic: "log"
        case .integers: "integers"
        case .categories: "values"
        }
    }
}
