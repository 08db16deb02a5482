/// Fields of a hash to set or to remove: of each name the latest, names in the order of first appearance.
struct FieldChanges {
    private var table = NameInterner()
    private var values: [String?] = []

    /// - Parameter value: nil removes the field.
    mutating func set(_ name: String, _ value: String?) {
        let place = table.place(of: name)
        if place == values.count { values.append(value) } else { values[place] = value }
    }

    func add(to hash: inout HashChanges) {
        for (name, value) in zip(table.names, values) {
            if let value { hash.set(name, value) } else { hash.removed.append(name) }
        }
    }
}
