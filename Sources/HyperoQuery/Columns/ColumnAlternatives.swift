import HyperoSchema

/// The fields that a name with a prefix of a filter denotes: `metrics.loss` the maxima of `loss`, `params.lr` the hyper-parameter
/// `lr`, and `attributes.started` a field of every experiment.
struct ColumnAlternatives {
    /// The fields, the most likely one first.
    private(set) var fields: [String] = []
    /// The names of fields of every experiment.
    private(set) var ownNames: [String] = []
    /// The name without its prefixes.
    private(set) var bareName: String

    init(of name: String) {
        bareName = name
        var found: FilterCatalogue.Kind?
        // max.metrics.loss has the prefix twice.
        while let (prefix, text, rest) = FilterPrefix.split(bareName) {
            switch prefix {
            case .kind(let kind):
                guard found == nil || found == kind else { return }
                found = kind
                fields.append(kind.prefix + rest)
                bareName = rest
            case .attribute:
                guard found == nil, text.lowercased() + "." != OwnField.prefix else { return }
                fields += FilterCatalogue.Kind.allCases.map { $0.prefix + rest }
                ownNames.append(rest)
                bareName = rest
                return
            }
        }
    }
}
