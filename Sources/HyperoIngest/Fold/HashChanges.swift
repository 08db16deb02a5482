/// Fields of a hash to set and to remove.
struct HashChanges {
    var set: [IndexChange.Field] = []
    var removed: [String] = []

    mutating func set(_ name: String, _ value: String) {
        set.append(IndexChange.Field(name, value))
    }
}
