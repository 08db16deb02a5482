import HyperoSchema

// The values of more than one token.
extension FilterParser {
    /// Parses a list such as `[64, 128]` to text: its JSON.
    mutating func array() throws(FilterError) -> FilterOperand {
        let opening = next
        let json = try arrayText()
        let end = previous?.range.upperBound ?? opening.range.upperBound
        return FilterOperand(
            content: .text(json, isDouble: false), text: json, range: opening.range.lowerBound..<end)
    }

    private mutating func arrayText() throws(FilterError) -> String {
        let opening = next
        advance()
        var elements: [String] = []
        if take(.close(.square)) { return "[]" }
        while true {
            let token = next
            switch token.kind {
            case .open(.square):
                elements.append(try nested(at: token) { parser throws(FilterError) in try parser.arrayText() })
            case .word(let word):
                elements.append(Self.element(word))
                advance()
            case .quoted(let text, let quote) where quote != .backtick:
                elements.append(JSON.quoted(text))
                advance()
            case .end: throw FilterError("the bracket is not closed", at: opening.range, hint: "opened here")
            default: throw missingValue()
            }
            if take(.comma) { continue }
            if take(.close(.square)) { return "[" + elements.joined(separator: ",") + "]" }
            guard case .end = next.kind else {
                throw FilterError("a comma is missing in the list", at: next.range, hint: "for example [1, 2]")
            }
        }
    }

    /// Returns the JSON of a word in a list, also as Python writes it.
    private static func element(_ word: String) -> String {
        switch word.lowercased() {
        case "true": return "true"
        case "false": return "false"
        case "null", "none": return "null"
        default: break
        }
        guard let number = FilterNumber(word), number.value.isFinite else { return JSON.quoted(word) }
        return Value(json: word) == nil ? Number.text(of: number.value) : word
    }

    /// Parses a name that Aim writes with brackets, `run.hparams['lr']` or `run["hparams", "lr"]`; nil if the next tokens are
    /// none.
    mutating func indexedName(_ text: String) throws(FilterError) -> FilterOperand? {
        let token = next
        guard isIndex(self.token(after: 1), after: token) else { return nil }
        var names = [text]
        var written = token.text
        var end = token.range.upperBound
        advance()
        while case .open(.square) = next.kind, next.range.lowerBound == end {
            let opening = next
            written += opening.text
            advance()
            repeat {
                guard case .quoted(let name, let quote) = next.kind, quote != .backtick else {
                    throw FilterError(
                        "an element has no index here", at: opening.range.lowerBound..<next.range.upperBound,
                        hint:
                            "\(printable(text)) = 64 is true for any element, \(printable(text)) = [64, 128] for the list"
                    )
                }
                names.append(name)
                written += (written.hasSuffix("[") ? "" : ",") + next.text
                advance()
            } while take(.comma)
            guard next.kind == .close(.square) else {
                throw FilterError("the bracket is not closed", at: opening.range, hint: "opened here")
            }
            written += next.text
            end = next.range.upperBound
            advance()
        }
        let name = names.joined(separator: ".")
        let isWord = name.unicodeScalars.allSatisfy(FilterLexer.isName)
        return FilterOperand(
            content: isWord ? .word(name) : .name(name), text: written, range: token.range.lowerBound..<end)
    }

    private func isIndex(_ token: FilterToken, after word: FilterToken) -> Bool {
        guard case .open(.square) = token.kind, case .word(let text) = word.kind else { return false }
        return token.range.lowerBound == word.range.upperBound && FilterNumber(text) == nil
    }

    /// Parses `best`, `best - 0.01` and `best * 0.9`.
    mutating func best(_ token: FilterToken, _ text: String) throws(FilterError) -> FilterOperand {
        func result(_ best: FilterBest, _ end: Int) -> FilterOperand {
            FilterOperand(content: .best(best), text: "best", range: token.range.lowerBound..<end)
        }
        let lowered = text.lowercased()
        guard lowered.hasPrefix("best") else {
            return FilterOperand(content: .word(text), text: token.text, range: token.range)
        }
        if lowered != "best" {
            // Without spaces, the number is a part of the word.
            let rest = String(text.dropFirst(4))
            guard rest.hasPrefix("-") || rest.hasPrefix("+"), let number = FilterNumber(rest) else {
                return FilterOperand(content: .word(text), text: token.text, range: token.range)
            }
            return result(.plus(number.value), token.range.upperBound)
        }
        let sign = next
        let isProduct = sign.kind == .times
        guard isProduct || sign.keyword == "-" || sign.keyword == "+" else {
            // -0.01 directly before the number.
            if case .word(let word) = sign.kind, word.hasPrefix("-") || word.hasPrefix("+"),
                let number = FilterNumber(word)
            {
                advance()
                return result(.plus(number.value), sign.range.upperBound)
            }
            return result(.plus(0), token.range.upperBound)
        }
        advance()
        guard case .word(let word) = next.kind, let number = FilterNumber(word) else {
            throw FilterError(
                "a number is missing after best \(sign.text)", at: next.range, hint: "for example best - 0.01")
        }
        let end = next.range.upperBound
        advance()
        if isProduct { return result(.times(number.value), end) }
        return result(.plus(sign.keyword == "-" ? -number.value : number.value), end)
    }
}
