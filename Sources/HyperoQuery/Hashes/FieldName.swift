import HyperoSchema

/// What a field of an experiment's hash is, by its name.
enum FieldName: Hashable {
    case param(String)
    case meta(String)
    case maximum(String)
    /// One of ``ExperimentField``, or what is not ours.
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
}

/// Channels as people think of them: train, valid, test, then the others by name.
func channelsComeInOrder(_ left: String, _ right: String) -> Bool {
    let usual = ["train", "valid", "test"]
    let places = (usual.firstIndex(of: left) ?? usual.count, usual.firstIndex(of: right) ?? usual.count)
    return places.0 == places.1 ? ExactText(left) < ExactText(right) : places.0 < places.1
}
