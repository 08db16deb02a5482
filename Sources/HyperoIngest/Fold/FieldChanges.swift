import HyperoSchema

/// Fields of a hash to set or to remove: of each name the latest, names in the order of first appearance.
struct FieldChanges {
    private var names: [String] = []
    private var values: [String?] = []
    private var places: [ExactText: Int] = [:]

    /// - Parameter value: nil removes the field.
    mutating func set(_ name: String, _ value: String?) {
        if let place = places[ExactText(name)] {
            values[place] = value
        } else {
            places[ExactText(name)] = names.count
            names.append(name)
            values.append(value)
        }
    }

    func add(to hash: inout HashChanges) {
        for (name, value) in zip(names, values) {
            if let value { hash.set(name, value) } else { hash.removed.append(name) }
        }
    }
}
