import HyperoSchema

/// The name of a field of an experiment's hash, by its prefix.
enum FieldName: Hashable {
    /// A hyper-parameter.
    case param(String)
    /// Metadata.
    case meta(String)
    /// The maxima value of a channel.
    case maximum(String)
    /// An ``ExperimentField``, or a field of another client.
    case other

    init(_ field: String) {
        if field.hasPrefix(Prefix.param) {
            self = .param(String(field.dropFirst(Prefix.param.count)))
        } else if field.hasPrefix(Prefix.meta) {
            self = .meta(String(field.dropFirst(Prefix.meta.count)))
        } else if field.hasPrefix(Prefix.max), field != ExperimentField.maxEpoch, field != ExperimentField.maxSource {
            self = .maximum(String(field.dropFirst(Prefix.max.count)))
        } else {
            self = .other
        }
    }

    /// Returns the field without its prefix, for example `lr` for `param.lr`.
    static func unprefixed(_ field: String) -> String {
        switch FieldName(field) {
        case .param(let name), .meta(let name), .maximum(let name): name
        case .other: field
        }
    }
}
