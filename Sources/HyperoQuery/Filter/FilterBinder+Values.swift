import HyperoSchema

// The values.
extension FilterBinder {
    func unsuitableBest(_ operand: FilterOperand) -> FilterError {
        FilterError(
            "best is the best value of a channel", at: operand.range, hint: "for example valid >= best - 0.01")
    }

    /// Returns the text of a value: quoted, or a word that is no field.
    func text(_ value: FilterOperand) throws(FilterError) -> String {
        switch value.content {
        case .text(let text, _): return text
        case .best: throw unsuitableBest(value)
        case .name: throw fieldAsValue(value)
        case .word(let word):
            if FilterNumber(word) == nil, resolver.isKnown(value) { throw fieldAsValue(value) }
            return word
        }
    }

    func fieldAsValue(_ value: FilterOperand) -> FilterError {
        let name = printable(value.text)
        return FilterError(
            "\(name) is a field, and a filter compares a field with a value", at: value.range,
            hint: "if it is text, put it in quotes: '\(name)'")
    }

    func literal(
        _ value: FilterOperand, for field: FilterField, _ operand: FilterOperand
    ) throws(FilterError) -> FilterLiteral {
        // Also if a channel is called done.
        if field.kind == .status, case .word(let word) = value.content { return try status(word, at: value.range) }
        let text = try text(value)
        let name = printable(operand.text)
        if case .word(let word) = value.content {
            switch word.lowercased() {
            case "null": throw FilterError("nothing equals \(word)", at: value.range, hint: "\(name) is null")
            case "none":
                throw FilterError(
                    "nothing equals \(word)", at: value.range, hint: "\(name) is null, or '\(word)' if it is text")
            case "nan": throw FilterError("nothing equals \(word)", at: value.range, hint: "\(name) is nan")
            default: break
            }
        }
        switch field.kind {
        case .status: return try status(text, at: value.range)
        case .spans, .numbers: return FilterLiteral(try number(value, for: field, operand))
        case .words, .any, .times: return FilterLiteral(text)
        }
    }

    private func status(_ text: String, at range: Range<Int>) throws(FilterError) -> FilterLiteral {
        guard let status = ExperimentStatus(filterName: text) else {
            throw FilterError(
                "status is never '\(printable(text))'", at: range,
                hint: "done (finished is the same), running, failed, stopped, lost")
        }
        return FilterLiteral(status.rawValue)
    }

    func number(
        _ value: FilterOperand, for field: FilterField, _ operand: FilterOperand
    ) throws(FilterError) -> FilterNumber {
        let text = try text(value)
        let kind = field.kind
        if kind == .spans {
            guard let seconds = FilterDuration.seconds(text) else {
                throw FilterError("not a span of time", at: value.range, hint: "10s, 5m, 2h or 1d")
            }
            return FilterNumber(seconds)
        }
        if let number = FilterNumber(text) { return number }
        let name = printable(operand.text)
        let shown = printable(text)
        if case .word(let word) = value.content, word.lowercased() == "nan" {
            throw FilterError("nothing compares with nan", at: value.range, hint: "\(name) is nan")
        }
        let hint = FilterDuration.span(text).map { "write seconds: \(Number.text(of: $0))" }
        throw FilterError(
            kind == .numbers ? "\(name) holds numbers, '\(shown)' is none" : "'\(shown)' is no number", at: value.range,
            hint: hint)
    }

    func time(_ value: FilterOperand) throws(FilterError) -> FilterTime {
        guard let time = FilterTime(try text(value), zone: zone) else {
            throw FilterError(
                "not a time", at: value.range, hint: "2026-11-24, 2026-11-24T09:00, or age < 1d")
        }
        return time
    }

    func pattern(_ value: FilterOperand) throws(FilterError) -> FilterPattern {
        let text = try text(value)
        do {
            return try FilterPattern(text)
        } catch {
            guard let offset = error.offset else {
                throw FilterError("the pattern has an error: \(error.text)", at: value.range)
            }
            let isQuoted = if case .text = value.content { true } else { false }
            let start = min(value.range.lowerBound + offset.bytes + (isQuoted ? 1 : 0), value.range.upperBound)
            throw FilterError(
                "the pattern has an error: \(error.text)", at: start..<min(start + 1, value.range.upperBound),
                hint: "inside the pattern, character \(offset.characters + 1)")
        }
    }
}
