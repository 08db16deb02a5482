import HyperoSchema

/// Resolves names to fields.
struct FilterResolver {
    let catalogue: FilterCatalogue
    /// True to treat a field that no experiment has as missing.
    let isLenient: Bool

    /// Returns whether an operand may name a field: no number, time, or text in single quotes.
    func mayBeField(_ operand: FilterOperand) -> Bool {
        switch operand.content {
        case .word(let word): FilterNumber(word) == nil && FilterTime(word) == nil
        case .name: true
        case .text(_, let isDouble): isDouble
        case .best: false
        }
    }

    /// Returns whether an operand names a field that exists.
    func isKnown(_ operand: FilterOperand) -> Bool {
        guard mayBeField(operand), let name = name(operand) else { return false }
        return isAmbiguous(name) || (try? found(name, operand)) != nil
    }

    private func isAmbiguous(_ name: String) -> Bool { catalogue.kinds(of: name).count > 1 }

    private func name(_ operand: FilterOperand) -> String? {
        switch operand.content {
        case .word(let name), .name(let name), .text(let name, _): name
        case .best: nil
        }
    }

    /// Returns the field that an operand names.
    func field(_ operand: FilterOperand) throws(FilterError) -> FilterField {
        guard mayBeField(operand), let name = name(operand) else {
            throw missingField(operand)
        }
        if let field = try found(name, operand) { return field }
        if isLenient || catalogue.isEmpty { return .absent }
        throw unknown(name, operand)
    }

    /// Returns the error about an operand in the place of a field.
    func missingField(_ operand: FilterOperand) -> FilterError {
        if case .word(let word) = operand.content, let kind = catalogue.kinds(of: word).first {
            return FilterError(
                "\(printable(word)) is a value here", at: operand.range,
                hint: "the field is \(printable(kind.prefix + word))")
        }
        return FilterError("a field is missing", at: operand.range, hint: "for example valid > 0.9")
    }

    /// Returns the field of a name; nil if there is none. A name that an experiment has logged precedes an attribute.
    private func found(_ name: String, _ operand: FilterOperand) throws(FilterError) -> FilterField? {
        switch FieldName(name) {
        case .param(let rest) where catalogue.has(.param, rest): return .logged(name)
        case .meta(let rest) where catalogue.has(.meta, rest): return .logged(name)
        case .maximum(let rest) where catalogue.has(.channel, rest): return .logged(name)
        default: break
        }
        // The longest known name: the dots of config.lr may belong to it.
        if let field = try bare(name, operand) { return field }
        if let (prefix, _, rest) = FilterPrefix.split(name) {
            switch prefix {
            case .kind(let kind):
                if catalogue.has(kind, rest) { return .logged(kind.prefix + rest) }
                // W&B stores config.lr.value.
                if kind == .param, rest.hasSuffix(".value"), catalogue.has(kind, String(rest.dropLast(6))) {
                    return .logged(kind.prefix + rest.dropLast(6))
                }
            case .attribute:
                if let attribute = FilterAttribute(named: rest) { return .attribute(attribute) }
                if let field = try bare(rest, operand) { return field }
            }
        }
        return FilterAttribute(named: name).map { .attribute($0) }
    }

    private func bare(_ name: String, _ operand: FilterOperand) throws(FilterError) -> FilterField? {
        let kinds = catalogue.kinds(of: name)
        guard kinds.count < 2 else {
            let shown = printable(name)
            let choices = kinds.map { printable($0.prefix + Self.quoted(name)) }
            throw FilterError(
                "\(shown) is \(kinds.map(\.noun).joined(separator: " and "))", at: operand.range,
                hint: choices.joined(separator: " or "))
        }
        if let kind = kinds.first { return .logged(kind.prefix + name) }
        // The name that a program gave to an experiment.
        return ["name", "run_name", "display_name", "displayName"].contains(name) ? .logged(Prefix.meta + "name") : nil
    }

    /// Returns a name as an expression needs it: in backticks if it has other characters than those of words.
    static func quoted(_ name: String) -> String {
        name.unicodeScalars.allSatisfy(FilterLexer.isName) ? name : "`\(name)`"
    }

    /// Returns the error about a name of another program that has no counterpart; nil for any other.
    func foreign(_ operand: FilterOperand) -> FilterError? {
        guard case .word(let name) = operand.content else { return nil }
        let hint: String
        switch name.lowercased() {
        case "metric.name": hint = "write the channel itself: valid > 0.9"
        case "run.active": hint = "status = running"
        case "run.archived", "run.is_archived": hint = "leave this condition out"
        case let name where name.hasPrefix("metric.context"): hint = "leave this condition out"
        default: return nil
        }
        guard !isKnown(operand) else { return nil }
        return FilterError("\(printable(name)) of Aim has no counterpart", at: operand.range, hint: hint)
    }

    private func unknown(_ name: String, _ operand: FilterOperand) -> FilterError {
        let topic = FilterError.Topic.unknownField(count: catalogue.count)
        let split = FilterPrefix.split(name)
        if split == nil, let dot = name.firstIndex(of: "."), dot != name.startIndex {
            let prefix = String(name[..<dot])
            let rest = String(name[name.index(after: dot)...])
            if !catalogue.kinds(of: rest).isEmpty || suggestion(for: name) == nil {
                let end = operand.range.lowerBound + prefix.utf8.count
                return FilterError(
                    "\(printable(prefix)) is not known as a prefix", at: operand.range.lowerBound..<end,
                    hint: "param. meta. max.  (also params. metrics. tags. …)")
            }
        }
        let bare = split?.rest ?? name
        if catalogue.isOnlyInCurves(bare) {
            return FilterError(
                "no experiment has \(printable(bare)) at its best epoch", at: operand.range,
                hint: "it is in learning curves only", topic: topic)
        }
        let kinds = split == nil ? [] : catalogue.kinds(of: bare)
        let hint =
            kinds.first.map { "do you mean \(printable($0.prefix + Self.quoted(bare)))?" }
            ?? suggestion(for: bare).map { "do you mean \(printable(Self.quoted($0)))?" }
        return FilterError("no field is called \(printable(name))", at: operand.range, hint: hint, topic: topic)
    }

    /// Returns the most similar name: equal but for case, within a distance of 2 (of 1 below 5 letters), or the only one that
    /// begins with the wanted one.
    private func suggestion(for wanted: String) -> String? {
        let names = catalogue.allNames
        let lowered = wanted.lowercased()
        if let same = names.first(where: { $0.lowercased() == lowered }) { return same }
        let limit = lowered.unicodeScalars.count < 5 ? 1 : 2
        let pattern = Array(lowered.unicodeScalars)
        var best: (name: String, distance: Int)?
        // A wanted name has at most 4 KiB, and the distance of two long names is the product of their lengths.
        for name in names where abs(name.unicodeScalars.count - pattern.count) <= limit {
            let distance = Self.distance(pattern, Array(name.lowercased().unicodeScalars))
            if distance <= limit, distance < best?.distance ?? .max { best = (name, distance) }
        }
        if let best { return best.name }
        let beginning = names.filter { $0.lowercased().hasPrefix(lowered) }
        return beginning.count == 1 ? beginning[0] : nil
    }

    /// Returns the distance of Damerau and Levenshtein with adjacent transpositions.
    private static func distance(_ left: [Unicode.Scalar], _ right: [Unicode.Scalar]) -> Int {
        var older: [Int] = []
        var last = Array(0...right.count)
        for i in left.indices {
            var row = [i + 1]
            for j in right.indices {
                var cost = min(last[j] + (left[i] == right[j] ? 0 : 1), last[j + 1] + 1, row[j] + 1)
                if i > 0, j > 0, left[i] == right[j - 1], left[i - 1] == right[j] { cost = min(cost, older[j - 1] + 1) }
                row.append(cost)
            }
            older = last
            last = row
        }
        return last[right.count]
    }
}
