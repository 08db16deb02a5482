import HyperoSchema

/// The columns of an export: the names that a request gives, found among the columns of the batteries.
struct ExportSelection {
    /// The kind of columns that a list of names selects.
    enum Kind {
        case param, meta, maximum, curve

        /// The prefix of the fields.
        var prefix: String {
            switch self {
            case .param: Prefix.param
            case .meta: Prefix.meta
            case .maximum: Prefix.max
            case .curve: Prefix.curve
            }
        }

        /// Returns the name of a column of this kind; nil if it is of another kind.
        func name(of column: String) -> String? {
            switch (self, FieldName(column)) {
            case (.param, .param(let name)), (.meta, .meta(let name)), (.maximum, .maximum(let name)),
                (.curve, .curve(let name)):
                name
            default: nil
            }
        }
    }

    /// The columns of the batteries.
    let columns: [String]
    /// The patterns that no column matches, one sentence each.
    private(set) var warnings: [String] = []

    init(among columns: [String]) {
        self.columns = columns
    }

    /// Returns the names of columns of a kind, without prefix, in the order of the request.
    ///
    /// The columns of a pattern, and all columns without a request, are in the order of results: channels `train`, `valid`, `test`,
    /// then by name.
    ///
    /// - Parameter request: names with or without the prefix, and patterns; nil for all.
    /// - Throws: ``QueryError/Code/columnNotFound(_:suggestion:)`` for a name that no column has.
    mutating func names(_ kind: Kind, _ request: [String]?) throws(QueryError) -> [String] {
        let all = columns.compactMap { kind.name(of: $0) }.sorted { left, right in
            switch kind {
            case .param, .meta: ExactText(left) < ExactText(right)
            case .maximum, .curve: ChannelOrder(left) < ChannelOrder(right)
            }
        }
        guard let request else { return all }
        let known = Set(all.map(ExactText.init))
        var seen: Set<ExactText> = []
        var names: [String] = []
        for text in request {
            let short =
                text.dropping(prefix: kind.prefix) ?? (kind == .curve ? text.dropping(prefix: Prefix.max) : nil) ?? text
            var found: [String] = []
            if known.contains(ExactText(text)) {
                found = [text]
            } else if known.contains(ExactText(short)) {
                found = [short]
            } else if let pattern = ColumnPattern(short) {
                found = all.filter(pattern.matches)
                if found.isEmpty { warnings.append("no \(kind.noun) matches '\(printable(text))'") }
            } else {
                throw QueryError(.columnNotFound(text, suggestion: Suggestion(for: short, among: all)))
            }
            names += found.filter { seen.insert(ExactText($0)).inserted }
        }
        return names
    }

    /// The columns of an export that are not fields of an experiment's hash.
    private static let computedColumns: Set = ["experiment", "name", "version", OwnField.lastSeen]

    /// Returns the field that a name denotes: a column with its prefix, or the only one that has the name without it, or a field of
    /// every experiment.
    ///
    /// - Throws: ``QueryError/Code/columnNotFound(_:suggestion:)``, or ``QueryError/Code/invalidArgument(reason:)`` if several
    ///   columns have the name.
    func field(named name: String) throws(QueryError) -> String {
        let candidates = [Prefix.max + name, Prefix.param + name, Prefix.meta + name]
        let usable = columns.filter { if case .curve = FieldName($0) { false } else { true } }
        if usable.contains(where: { $0.hasSameBytes(as: name) }) { return name }
        let matches = candidates.filter { candidate in usable.contains { $0.hasSameBytes(as: candidate) } }
        if matches.count > 1 {
            throw QueryError(
                .invalidArgument(
                    reason: "column is ambiguous: '\(printable(name))', it is one of "
                        + matches.map { printable($0) }.joined(separator: ", ")))
        }
        if let match = matches.first { return match }
        if let own = OwnField.field(named: name), own != OwnField.lastSeen, !OwnField.spans.contains(own) { return own }
        if Self.computedColumns.contains(name) {
            throw QueryError(
                .invalidArgument(
                    reason:
                        "an export cannot be ordered by '\(name)', which no experiment stores. The columns started, updated, "
                        + "epochs, status and battery are stored"))
        }
        let names = usable.map(FieldName.unprefixed) + OwnField.names.filter { $0 != OwnField.lastSeen }
        throw QueryError(.columnNotFound(name, suggestion: Suggestion(for: name, among: names)))
    }
}

extension ExportSelection.Kind {
    fileprivate var noun: String {
        switch self {
        case .param: "hyper-parameter"
        case .meta: "metadata"
        case .maximum, .curve: "channel"
        }
    }
}
