import HyperoQuery
import HyperoSchema
import HyperoSearch

/// The data of the page as JSON that is safe within a script element.
package enum ReportJSON {
    /// Returns the data of a report.
    ///
    /// - Parameter live: the URL of a server's later changes; nil for none.
    static func text(of report: BatteryReport, live: String?) -> String {
        var json = "{\"format\":1,\"now\":\(report.now),\"live\":\(live.map(quoted) ?? "null")"
        json += ",\"battery\":{\"name\":\(quoted(report.name)),\"ids\":\(array(report.ids.map(quoted)))"
        json += ",\"versions\":\(quoted(report.versionsText)),\"description\":\(quoted(report.description))"
        json += ",\"objective\":\(quoted(report.objective)),\"direction\":\"\(report.isHighestBest ? "max" : "min")\""
        let directions = report.lowestIsBest.map { "\(quoted($0)):\"min\"" }
        json += ",\"directions\":{\(directions.joined(separator: ","))}}"
        json += ",\"total\":\(report.total),\"rows\":\(report.count),\"columns\":["
        json += report.columns.map(column).joined(separator: ",")
        json += "],\"curves\":{\"channels\":\(array(report.channels.map(quoted))),\"lines\":["
        json += report.lines.map(line).joined(separator: ",")
        json += "]},\"importance\":\(report.importance.map(importance) ?? "null")"
        json += ",\"noise\":"
        if let noise = report.noise, let text = report.noiseText {
            json += "{\"limit\":\(roundedText(noise.limit, digits: 6)),\"text\":\(quoted(text))}"
        } else {
            json += "null"
        }
        json += ",\"searches\":" + array(report.searches.map(search))
        return json + "}"
    }

    /// The number of improvements of a search that the page has, the latest ones.
    private static let maxImprovements = 500

    private static func search(_ search: SearchReport) -> String {
        // These characters are in strings only, and could end the script element there.
        search.json(improvements: maxImprovements).unicodeScalars.reduce(into: "") { result, scalar in
            switch scalar {
            case "<": result += "\\u003c"
            case ">": result += "\\u003e"
            case "&": result += "\\u0026"
            case "\u{2028}": result += "\\u2028"
            case "\u{2029}": result += "\\u2029"
            default: result.unicodeScalars.append(scalar)
            }
        }
    }

    static func array(_ items: [String]) -> String { "[" + items.joined(separator: ",") + "]" }

    private static func column(_ column: BatteryReport.Column) -> String {
        var json = "{\"name\":\(quoted(column.name)),\"kind\":\"\(column.kind.rawValue)\""
        if column.kind == .param { json += ",\"scale\":\"\(column.scale.rawValue)\"" }
        return json + ",\"values\":\(values(column.values))}"
    }

    /// Returns values as numbers if their texts are those that a script makes of the numbers; else as texts, or as words with their
    /// indexes if they repeat.
    private static func values(_ values: [String?]) -> String {
        if values.allSatisfy({ $0.map(isCanonicalNumber) ?? true }), values.contains(where: { $0 != nil }) {
            return "{\"numbers\":" + array(values.map { $0.map { isSpecial($0) ? "\"\($0)\"" : $0 } ?? "null" }) + "}"
        }
        var indexes: [ExactText: Int] = [:]
        var words: [String] = []
        let places = values.map { value -> Int? in
            guard let value else { return nil }
            let word = ExactText(value)
            if let index = indexes[word] { return index }
            indexes[word] = words.count
            words.append(value)
            return words.count - 1
        }
        guard words.count * 2 <= values.count else {
            return "{\"texts\":" + array(values.map { $0.map(quoted) ?? "null" }) + "}"
        }
        return "{\"words\":" + array(words.map(quoted)) + ",\"index\":"
            + array(places.map { $0.map { String($0) } ?? "null" }) + "}"
    }

    static func isSpecial(_ text: String) -> Bool { ["nan", "inf", "-inf"].contains(text) }

    /// Returns whether a text is nan, infinite, or the shortest decimal of its number as JavaScript writes it.
    static func isCanonicalNumber(_ text: String) -> Bool {
        if isSpecial(text) { return true }
        guard let number = Number(text: text), number.isFinite, text != "-0" else { return false }
        let magnitude = abs(number.value)
        if magnitude == 0 { return text == "0" }
        // JavaScript writes exponents from 1e21 on and below 1e-6, and Swift elsewhere, so that only the range between is simple.
        guard magnitude >= 1e-4, magnitude < 1e15 else { return false }
        let shortest = Number.text(of: number.value)
        return text == (shortest.hasSuffix(".0") ? String(shortest.dropLast(2)) : shortest)
    }

    private static func line(_ line: BatteryReport.Line) -> String {
        "{\"row\":\(line.row),\"channel\":\(line.channel)," + points(line.points) + "}"
    }

    /// Returns the members with the epochs and values of a learning curve.
    static func points(_ points: [ChartPoint]) -> String {
        let epochs = points.map(\.x)
        var json = ""
        let step = epochs.count > 1 ? epochs[1] - epochs[0] : 1
        let isRegular = zip(epochs, epochs.dropFirst()).allSatisfy { $1 - $0 == step }
        if isRegular, let first = epochs.first {
            json += "\"first\":\(wholeText(first)),\"step\":\(wholeText(step))"
        } else {
            json += "\"x\":" + array(epochs.map(wholeText))
        }
        return json + ",\"y\":" + array(points.map { shortNumber($0.y) })
    }

    /// Returns a number with five significant digits, which a chart can tell apart.
    static func shortNumber(_ value: Double) -> String {
        guard value.isFinite else { return "\"\(Number.text(of: value))\"" }
        return roundedText(value, digits: 5)
    }

    /// Returns an epoch.
    private static func wholeText(_ value: Double) -> String { Number.text(of: value) }

    /// Returns a finite number with fewer digits.
    private static func roundedText(_ value: Double, digits: Int) -> String {
        guard value.isFinite else { return "null" }
        let text = numberTexts([value], precision: digits)[0]
        return Number(text: text) == nil ? Number.text(of: value) : text
    }

    private static func importance(_ report: ImportanceReport) -> String {
        let parameters = report.importance.parameters
        let shares = parameters.compactMap { parameter in
            parameter.share.map { share in
                "{\"column\":\(quoted(Prefix.param + parameter.name)),\"share\":\(roundedText(share, digits: 4))"
                    + ",\"chance\":\(roundedText(parameter.chance ?? 0, digits: 4))}"
            }
        }
        return "{\"text\":\(quoted(report.text)),\"shares\":\(array(shares))}"
    }

    /// Returns a JSON string without characters that could end a script element.
    static func quoted(_ text: String) -> String {
        var result = ""
        for scalar in JSON.quoted(text).unicodeScalars {
            switch scalar {
            case "<", ">", "&", "\u{2028}", "\u{2029}":
                let digits = String(scalar.value, radix: 16)
                result += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
            default: result.unicodeScalars.append(scalar)
            }
        }
        return result
    }
}
