import HyperoSchema

/// The words that may stand at the end of an unfinished filter: names of fields, comparisons, a few values, `and` and `or`, each
/// only in its place.
///
///     FilterCompletion(of: "lr < 0.1 and va", columns: columns).words    // valid
///     FilterCompletion(of: "lr < 0.1 ", columns: columns).words          // and, or
package struct FilterCompletion {
    /// A word for the end of a filter.
    package struct Word: Sendable, Hashable {
        /// The whole filter with the word.
        package var text: String
        package var description = ""
        /// True if the filter is not complete with the word.
        package var isOpen = false
    }

    package private(set) var words: [Word] = []
    private let names: FilterNames
    private let resolver: FilterResolver

    /// - Parameters:
    ///   - filter: the text up to the cursor.
    ///   - columns: the fields of the experiments, such as `param.lr`.
    package init(of filter: String, columns: [Candidate]) {
        let catalogue = FilterCatalogue(columns: columns.map(\.text))
        self.init(
            of: filter, names: FilterNames(columns: columns, catalogue),
            resolver: FilterResolver(catalogue: catalogue, isLenient: true), follows: true)
    }

    private init(of filter: String, names: FilterNames, resolver: FilterResolver, follows: Bool) {
        (self.names, self.resolver) = (names, resolver)
        guard filter.utf8.count <= FilterParser.maxSize else { return }
        var (tokens, failure) = FilterLexer.tokens(of: filter)
        tokens.removeLast()
        var typed = ""
        var quote: Character?
        var kept = filter
        let bytes = Array(filter.utf8)
        if let failure {
            guard failure.topic == .openQuote, let place = FilterPlace(after: tokens) else { return }
            let open = String(decoding: bytes[failure.from...], as: UTF8.self)
            kept = String(decoding: bytes[..<failure.from], as: UTF8.self)
            quote = open.unicodeScalars.first.map(Character.init)
            typed = String(open.unicodeScalars.dropFirst())
            add(to: kept, place, typed: typed, quote: quote)
            if follows { follow() }
            return
        }
        if let last = tokens.last, last.range.upperBound == bytes.count {
            switch last.kind {
            case .word(let word):
                typed = word
                kept = String(decoding: bytes[..<last.range.lowerBound], as: UTF8.self)
                tokens.removeLast()
            case .quoted, .close: kept += " "
            default: break
            }
        }
        guard let place = FilterPlace(after: tokens) else { return }
        add(to: kept, place, typed: typed, quote: nil)
        if follows { follow() }
    }

    /// Replaces the only word by those that may follow it: a shell closes the quote after the only candidate.
    private mutating func follow() {
        guard words.count == 1, words[0].isOpen else { return }
        let start = words[0].text.hasSuffix("(") ? words[0].text : words[0].text + " "
        let next = FilterCompletion(of: start, names: names, resolver: resolver, follows: false).words
        if !next.isEmpty { words = next }
    }

    private mutating func add(to kept: String, _ place: FilterPlace, typed: String, quote: Character?) {
        let kind = place.field.map(kind(of:)) ?? .any
        func add(_ texts: [String], isOpen: Bool = false) {
            guard quote == nil else { return }
            words += texts.filter { $0.begins(with: typed) }.map { Word(text: kept + $0, isOpen: isOpen) }
        }
        switch place.kind {
        case .condition:
            addNames(to: kept, typed: typed, quote: quote)
            add(["not"], isOpen: true)
        case .comparison: add(Self.comparisons(of: kind) + ["not in", "is"], isOpen: true)
        case .negatedComparison: add(["in", "between", "like"], isOpen: true)
        case .value(let comparison):
            if let field = place.field, !resolver.mayBeField(field) {
                // 0.9 < valid
                addNames(to: kept, typed: typed, quote: quote, isOpen: false)
            } else if kind == .status {
                addStatuses(to: kept, typed: typed, quote: quote)
            } else if kind == .numbers, comparison != .matches, comparison != .matchesNot, isChannel(place.field) {
                add(["best"])
            }
        case .listValue where kind == .status: addStatuses(to: kept, typed: typed, quote: quote)
        case .list: add(["("], isOpen: true)
        case .listEnd: add([")"])
        case .elementEnd: add(["]"])
        case .boundsMiddle: add(["and"], isOpen: true)
        case .state: add(Self.states(of: kind) + ["not null"])
        case .negatedState: add(Self.states(of: kind))
        case .end:
            add(["and", "or"], isOpen: true)
            if place.depth > 0 { add([")"]) }
        case .listValue, .lowBound, .highBound, .pattern, .offset, .arrayStart, .element: break
        }
    }

    private mutating func addNames(to kept: String, typed: String, quote: Character?, isOpen: Bool = true) {
        words += names.words(beginningWith: typed, quote: quote).map {
            Word(text: kept + $0.text, description: $0.description, isOpen: isOpen)
        }
    }

    private mutating func addStatuses(to kept: String, typed: String, quote: Character?) {
        let mark = quote.map(String.init) ?? ""
        words += ExperimentStatus.allCases.map(\.rawValue).filter { $0.begins(with: typed) }.map {
            Word(text: kept + mark + $0 + mark)
        }
    }

    private func kind(of field: FilterOperand) -> FilterField.Kind { (try? resolver.field(field))?.kind ?? .any }

    private func isChannel(_ field: FilterOperand?) -> Bool {
        field.flatMap { try? resolver.field($0) }?.channel != nil
    }

    private static func comparisons(of kind: FilterField.Kind) -> [String] {
        let equality = ["=", "!="]
        let order = ["<", "<=", ">", ">="]
        return switch kind {
        case .numbers, .times, .spans: equality + order + ["in", "between"]
        case .words, .status: equality + ["in", "like", "~"]
        case .any: equality + order + ["in", "between", "like", "~"]
        }
    }

    private static func states(of kind: FilterField.Kind) -> [String] {
        switch kind {
        case .numbers, .spans: ["null", "nan", "finite", "inf"]
        case .words, .status, .times: ["null"]
        case .any: ["null", "nan", "finite", "inf", "true", "false"]
        }
    }
}
