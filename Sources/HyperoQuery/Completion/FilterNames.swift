import HyperoSchema

/// The names of fields as a filter needs them: in backticks if they are no words, and with a prefix if several kinds of fields
/// have the name.
struct FilterNames {
    private let names: [(kind: FilterCatalogue.Kind, name: String, description: String)]
    private let catalogue: FilterCatalogue

    init(columns: [Candidate], _ catalogue: FilterCatalogue) {
        self.catalogue = catalogue
        let all = columns.compactMap { column -> (kind: FilterCatalogue.Kind, name: String, description: String)? in
            switch FieldName(column.text) {
            case .param(let name): (.param, name, column.description)
            case .maximum(let name): (.channel, name, "channel")
            case .meta(let name): (.meta, name, column.description)
            case .curve, .other: nil
            }
        }
        names = FilterCatalogue.Kind.allCases.flatMap { kind in all.filter { $0.kind == kind } }
    }

    /// Returns the names that begin with a typed text, and those that need quotes if no other one does: a shell would remove the
    /// typed text if a candidate beside others began with another character.
    ///
    /// - Parameter quote: the quote before the typed text, which the names then have; nil for none.
    func words(beginningWith typed: String, quote: Character?) -> [Candidate] {
        if let quote {
            guard quote == "`" || quote == "\"" else { return [] }
            return unique(bare(beginningWith: typed)).map {
                Candidate(Self.quoted($0.text, String(quote)), description: $0.description)
            }
        }
        if let (prefix, text, _) = FilterPrefix.split(typed.hasSuffix(".") ? typed + "x" : typed) {
            let found = prefixed(by: prefix, text + ".", typed: typed)
            if !found.isEmpty { return found }
        }
        let all = bare(beginningWith: typed)
        let words = all.filter { Self.isWord($0.text) }
        let others = all.filter { !Self.isWord($0.text) }.map {
            Candidate(Self.quoted($0.text, "`"), description: $0.description)
        }
        if typed.isEmpty { return unique(words + others) + ambiguous }
        let full = FilterCatalogue.Kind.allCases.flatMap { prefixed(by: .kind($0), $0.prefix, typed: typed) }
        let found = unique(words + full)
        guard found.isEmpty else { return found }
        guard others.isEmpty else { return unique(others) }
        return Self.otherPrefixes.filter { $0.text.begins(with: typed) }.flatMap {
            prefixed(by: .kind($0.kind), $0.text, typed: typed)
        }
    }

    /// The prefixes of other programs that are candidates where no name begins with the typed text.
    private static let otherPrefixes: [(text: String, kind: FilterCatalogue.Kind)] = [
        ("params.", .param), ("config.", .param), ("metrics.", .channel), ("summary.", .channel), ("tags.", .meta),
    ]

    /// Returns the names without prefix and without quotes, also those of the fields of every experiment.
    private func bare(beginningWith typed: String) -> [Candidate] {
        names.filter { $0.name.begins(with: typed) && catalogue.kinds(of: $0.name).count == 1 }.map {
            Candidate($0.name, description: $0.description)
        }
            + FilterAttribute.allCases.map(\.rawValue).filter { $0.begins(with: typed) }.map {
                Candidate($0, description: "of every experiment")
            }
    }

    /// The names that several kinds of fields have, with their prefixes.
    private var ambiguous: [Candidate] {
        names.filter { catalogue.kinds(of: $0.name).count > 1 }.map {
            Candidate($0.kind.prefix + Self.word($0.name), description: $0.description)
        }
    }

    private func prefixed(by prefix: FilterPrefix, _ text: String, typed: String) -> [Candidate] {
        let found: [Candidate]
        switch prefix {
        case .kind(let kind):
            found = names.filter { $0.kind == kind }.map {
                Candidate(text + Self.word($0.name), description: $0.description)
            }
        case .attribute:
            found = FilterAttribute.allCases.map { Candidate(text + $0.rawValue, description: "of every experiment") }
        }
        return found.filter { $0.text.begins(with: typed) }
    }

    private func unique(_ candidates: [Candidate]) -> [Candidate] {
        var seen: Set<ExactText> = []
        return candidates.filter { seen.insert(ExactText($0.text)).inserted }
    }

    private static let keywords: Set = ["and", "or", "not", "in", "between", "like", "ilike", "is", "where"]

    /// Returns whether a filter takes a name without quotes for a field.
    private static func isWord(_ name: String) -> Bool {
        name.unicodeScalars.allSatisfy(FilterLexer.isName) && !keywords.contains(name.lowercased())
            && FilterNumber(name) == nil && FilterTime(name) == nil
    }

    private static func word(_ name: String) -> String { isWord(name) ? name : quoted(name, "`") }

    private static func quoted(_ name: String, _ mark: String) -> String {
        mark + name.replacing(mark, with: mark + mark) + mark
    }
}
