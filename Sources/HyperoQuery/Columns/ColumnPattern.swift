import HyperoSchema

/// A pattern of column names, such as `param.*`: `*` matches any text, `?` one Unicode scalar.
struct ColumnPattern {
    private let text: String
    private let elements: [Unicode.Scalar]

    /// - Parameter text: the name of a request. Returns nil if it has no `*` and no `?`.
    init?(_ text: String) {
        guard text.unicodeScalars.contains(where: { $0 == "*" || $0 == "?" }) else { return nil }
        self.text = text
        elements = Array(text.unicodeScalars)
    }

    /// Returns whether the pattern matches the whole name.
    ///
    /// Takes at most as many steps as the product of both lengths: after a mismatch, only the latest `*` is extended.
    func matches(_ name: String) -> Bool {
        let scalars = Array(name.unicodeScalars)
        var (index, element) = (0, 0)
        // The place after the latest `*`, and the end of the text that it matches.
        var retry: (index: Int, element: Int)?
        while index < scalars.count {
            if element < elements.count, elements[element] == "*" {
                element += 1
                retry = (index, element)
            } else if element < elements.count, elements[element] == "?" || elements[element] == scalars[index] {
                index += 1
                element += 1
            } else if let last = retry {
                (index, element) = (last.index + 1, last.element)
                retry = (index, element)
            } else {
                return false
            }
        }
        return elements[element...].allSatisfy { $0 == "*" }
    }

    /// Returns the matching fields in the order of a table: maxima, hyper-parameters, metadata, then the fields of every
    /// experiment, which only a pattern that begins with `hypero.` matches.
    ///
    /// A pattern with a prefix is compared with the whole field. Any other one is compared with the name without its prefix
    /// too.
    ///
    /// - Parameter columns: the columns of the batteries.
    func fields(among columns: [String]) -> [String] {
        let isOwn = text.dropping(prefix: OwnField.prefix) != nil
        let isPrefixed = isOwn || [Prefix.param, Prefix.meta, Prefix.max].contains { text.dropping(prefix: $0) != nil }
        var maxima: [String] = []
        var params: [ExactText] = []
        var meta: [ExactText] = []
        for column in columns where matches(column) || !isPrefixed && matches(FieldName.unprefixed(column)) {
            switch FieldName(column) {
            case .maximum(let channel): maxima.append(channel)
            case .param: params.append(ExactText(column))
            case .meta: meta.append(ExactText(column))
            case .curve, .other: break
            }
        }
        let own = isOwn ? OwnField.names.filter { matches(OwnField.prefix + $0) } : []
        return maxima.sorted { ChannelOrder($0) < ChannelOrder($1) }.map { Prefix.max + $0 }
            + params.sorted().map(\.text)
            + meta.sorted().map(\.text) + own.compactMap(OwnField.field(named:))
    }
}
