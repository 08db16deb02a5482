import HyperoSchema

/// The fields of the experiments that a filter is for.
package struct FilterCatalogue: Sendable {
    /// The kinds of logged fields, in the order in which messages name them.
    enum Kind: CaseIterable {
        case param
        case channel
        case meta

        var prefix: String {
            switch self {
            case .param: Prefix.param
            case .channel: Prefix.max
            case .meta: Prefix.meta
            }
        }

        var noun: String {
            switch self {
            case .param: "a parameter"
            case .channel: "a channel"
            case .meta: "metadata"
            }
        }
    }

    private var names: [Kind: Set<ExactText>] = [:]
    /// The channels of learning curves.
    private var curves: Set<ExactText> = []
    /// - Parameter columns: the fields of the experiments, such as `param.lr`, and `curve.valid` for channels of learning curves.
    package init(columns: [String]) {
        for column in columns {
            switch FieldName(column) {
            case .param(let name): names[.param, default: []].insert(ExactText(name))
            case .meta(let name): names[.meta, default: []].insert(ExactText(name))
            case .maximum(let name): names[.channel, default: []].insert(ExactText(name))
            case .curve(let name): curves.insert(ExactText(name))
            case .other: break
            }
        }
    }

    /// The number of logged fields.
    var count: Int {
        Kind.allCases.reduce(0) { $0 + ($1 == .channel ? curves.union(names[$1] ?? []) : names[$1] ?? []).count }
    }

    /// True if no experiment has logged anything yet.
    var isEmpty: Bool { names.isEmpty && curves.isEmpty }

    func has(_ kind: Kind, _ name: String) -> Bool { names[kind]?.contains(ExactText(name)) ?? false }

    /// Returns whether a channel is in learning curves and in no maxima.
    func isOnlyInCurves(_ name: String) -> Bool { curves.contains(ExactText(name)) && !has(.channel, name) }

    /// Returns the kinds that have a name.
    func kinds(of name: String) -> [Kind] { Kind.allCases.filter { has($0, name) } }

    /// All names without prefixes, and those of the attributes, sorted.
    var allNames: [String] {
        let logged = Set(names.values.joined())
        return logged.sorted().map(\.text) + FilterAttribute.allCases.map(\.rawValue) + ["name"]
    }
}

/// The names that prefixes of other programs denote.
enum FilterPrefix {
    case kind(FilterCatalogue.Kind)
    case attribute

    private static let prefixes: [String: FilterPrefix] = [
        "param": .kind(.param), "params": .kind(.param), "parameter": .kind(.param), "parameters": .kind(.param),
        "config": .kind(.param), "hparams": .kind(.param), "hyperparameters": .kind(.param),
        "run.hparams": .kind(.param), "run.config": .kind(.param), "run.params": .kind(.param),
        "max": .kind(.channel), "metric": .kind(.channel), "metrics": .kind(.channel), "summary": .kind(.channel),
        "summary_metrics": .kind(.channel), "summarymetrics": .kind(.channel), "run.metrics": .kind(.channel),
        "run.summary": .kind(.channel),
        "meta": .kind(.meta), "tag": .kind(.meta), "tags": .kind(.meta), "run.tags": .kind(.meta),
        "attribute": .attribute, "attributes": .attribute, "attr": .attribute, "hypero": .attribute, "run": .attribute,
    ]

    /// Splits a name after a known prefix, the longest one first; nil if it has none.
    static func split(_ name: String) -> (prefix: FilterPrefix, text: String, rest: String)? {
        // A point and a combining character after it are one Character.
        let bytes = name.utf8
        let dots = bytes.indices.filter { bytes[$0] == UInt8(ascii: ".") }.prefix(3)
        for dot in dots.reversed() {
            let text = String(Substring(bytes[..<dot]))
            let rest = String(Substring(bytes[bytes.index(after: dot)...]))
            if !rest.isEmpty, let prefix = prefixes[text.lowercased()] { return (prefix, text, rest) }
        }
        return nil
    }
}
