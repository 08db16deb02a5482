import HyperoSchema
import HyperoSearch

extension TrialExplanation: Rendering {
    package func writeTable(to page: inout Page) {
        page.paragraph([
            Page.Span(experiment, style: .bold),
            Page.Span("  trial \(trial) of search \(search), \(searchName)", style: .dim),
        ])
        page.line()
        let facts: [(String, String?)] = [
            ("battery", battery), ("seed", seed), ("sampler", sampler), ("attempt", String(attempt)),
            ("asof", asofText),
            ("trials", historyText),
        ]
        page.list(facts.compactMap { name, value in value.map { (name, $0) } })
        if !parameters.isEmpty {
            page.line()
            table.writeWithFooter(to: &page)
        }
        page.write(notes)
    }

    private var asofText: String? {
        asof.map { $0 == StreamID.zero.description ? "no entry of the history" : "entry \($0) of the history" }
    }

    private var historyText: String? {
        guard let endedCount else { return nil }
        let ended = "\(counted(endedCount, noun: "trial")) had ended"
        return counts.map { "\(ended): the best \($0.good) beside \($0.bad) others" } ?? ended
    }

    private var table: Table {
        var table = Table(columns: [
            Table.Column(title: "parameter", leastWidth: 12, isRequired: true),
            Table.Column(title: "value", isRequired: true),
            Table.Column(title: "from", isRequired: true), Table.Column(title: "of the best"),
            Table.Column(title: "computed again"), Table.Column(title: "distribution", truncation: .early),
        ])
        table.rows = parameters.map { parameter in
            [
                Table.Cell(parameter.name, style: .bold), Table.Cell(shownText(parameter.value)),
                Table.Cell(parameter.originText), Table.Cell(parameter.good?.text),
                Table.Cell(
                    parameter.comparison, style: parameter.isEqual == false ? .red : .plain),
                Table.Cell(parameter.distribution, style: .dim),
            ]
        }
        return table
    }

    package var notes: [Note] {
        guard !parameters.isEmpty else {
            return [Note(topic: .explanation, text: "the trial has no hyper-parameters yet")]
        }
        var texts: [String] = []
        let origins = Set(parameters.map(\.origin))
        if origins.contains(.distribution) { texts.append("distribution: \(priorReason)") }
        if origins.contains(.together) {
            texts.append(
                "together: the best of \(TPESampler.candidateCount) candidates for all hyper-parameters that all ended trials have, by "
                    + "their frequency among the best trials and the others")
        }
        if let parameter = parameters.first(where: { $0.origin == .alone }) {
            let counts =
                parameter.aloneCounts.map { ", for \(parameter.name) the best \($0.good) and \($0.bad) others" } ?? ""
            texts.append("alone: not all ended trials have it, so that those count that do\(counts)")
        }
        if origins.contains(.attempt) {
            texts.append("attempt: the first attempt has drawn the values, and the later ones have taken them over")
        }
        if origins.contains(.unknown) { texts.append("unknown: \(unknownReason)") }
        if isTrimmed {
            texts.append(
                "the history keeps about the latest \(Limits.trialHistory) entries, and older ones are removed: values that depend on "
                    + "them cannot be computed")
        }
        return texts.map { Note(topic: .explanation, text: $0) }
    }

    /// The reason for draws from distributions alone.
    private var priorReason: String {
        guard let endedCount else { return "the sampler \(sampler ?? "") regards no other trials" }
        if endedCount < TPESampler.startCount {
            return "drawn at random until \(TPESampler.startCount) trials have ended"
        }
        return counts == nil
            ? "drawn at random, because no ended trial had a finite value"
            : "drawn at random, because no ended trial had it, or it has one value only"
    }

    private var unknownReason: String {
        if UInt64(seed) == nil { return "the seed of the search is malformed" }
        if asof != nil, sampler == ExplainedTrial.tpe {
            return
                "the history of the search was written again since the trial, by a replay or after a loss of data, or is cut, so that "
                + "the suggestion cannot be computed"
        }
        return sampler == ExplainedTrial.tpe
            ? "the program has not recorded the part of the history that its sampler knew"
            : "the sampler\(sampler.map { " '\($0)'" } ?? "") is not one of this version"
    }

    /// Writes one object: `experiment search search_name battery trial attempt seed sampler asof ended good bad trimmed consistent
    /// params`.
    package func writeJSON(to page: inout Page) {
        var object = JSONObject()
        object.add("experiment", value: experiment)
        object.add("search", value: search)
        object.add("search_name", value: searchName)
        object.add("battery", value: battery)
        object.add("trial", value: trial)
        object.add("attempt", value: attempt)
        object.add("seed", value: seed)
        object.add("sampler", value: sampler)
        object.add("asof", value: asof)
        object.add("ended", value: endedCount)
        object.add("good", value: goodCount)
        object.add("bad", value: badCount)
        object.add("trimmed", value: isTrimmed)
        object.add("consistent", value: isConsistent)
        object.add("params", array: parameters.map(\.json))
        page.line(object.text)
    }

    /// Writes one record per hyper-parameter.
    package func writeCSV(to page: inout Page) {
        CSV.write(
            ["param", "value", "from", "point", "good_low", "good_high", "computed", "equal", "distribution"], to: &page
        )
        for parameter in parameters {
            var bounds: [String?] = [nil, nil]
            if case .range(let low, let high)? = parameter.good {
                bounds = [Number.text(of: low), Number.text(of: high)]
            }
            CSV.write(
                [
                    parameter.name, shownText(parameter.value), parameter.origin.rawValue,
                    parameter.point.map { String($0) },
                ]
                    + bounds + [
                        parameter.computed.map(shownText), parameter.isEqual.map { String($0) }, parameter.distribution,
                    ], to: &page)
        }
    }
}

extension TrialExplanation.Parameter {
    fileprivate var originText: String {
        switch origin {
        case .point: "enqueued point\(point.map { " \($0)" } ?? "")"
        case .attempt: "earlier attempt"
        default: origin.rawValue
        }
    }

    fileprivate var comparison: String? {
        switch (isEqual, computed) {
        case (true?, _): "equal"
        case (false?, let computed): computed.map { "differs: \(shownText($0))" } ?? "differs"
        case (nil, _): nil
        }
    }

    fileprivate var json: String {
        var object = JSONObject()
        object.add("name", value: name)
        object.add("value", stored: value)
        object.add("from", value: origin.rawValue)
        object.add("point", value: point)
        var (range, counts) = ("null", "null")
        switch good {
        case .range(let low, let high)?: range = "[\(JSONObject.json(Number(low))),\(JSONObject.json(Number(high)))]"
        case .choices(let choices)?:
            var object = JSONObject()
            for choice in choices { object.add(shownText(choice.choice), value: choice.count) }
            counts = object.text
        case nil: break
        }
        object.add("good_range", json: range)
        object.add("good_counts", json: counts)
        object.add("computed", json: computed.map { JSONObject.json(stored: $0) } ?? "null")
        object.add("equal", value: isEqual)
        object.add("distribution", value: distribution)
        return object.text
    }
}

extension TrialExplanation.GoodValues {
    /// The number of choices in a table.
    private static let maxChoices = 4

    fileprivate var text: String {
        switch self {
        case .range(let low, let high): low == high ? numberText(low) : "\(numberText(low)) to \(numberText(high))"
        case .choices(let counts):
            counts.prefix(Self.maxChoices).map { "\(shownText($0.choice)) \($0.count)" }.joined(separator: ", ")
                + (counts.count > Self.maxChoices ? " and \(counts.count - Self.maxChoices) more" : "")
        }
    }
}
