/// The fields of a hash to set and to remove.
struct HashChanges {
    var set: [IndexChange.Field] = []
    var removed: [String] = []

    mutating func set(_ name: String, to value: String) {
        set.append(IndexChange.Field(name, value))
    }

    mutating func set(_ name: String, to value: Int64) {
        set.append(IndexChange.Field(name, value))
    }
}

/// The latest change of each field of a hash, in order of the first appearance of each name.
struct FieldChanges {
    private var interner = NameInterner()
    private var values: [String?] = []

    /// Sets or removes a field.
    ///
    /// - Parameter value: the new value; nil to remove the field.
    mutating func set(_ name: String, to value: String?) {
        let index = interner.intern(name)
        if index == values.count { values.append(value) } else { values[index] = value }
    }

    func add(to hash: inout HashChanges) {
        for (name, value) in zip(interner.names, values) {
            if let value { hash.set(name, to: value) } else { hash.removed.append(name) }
        }
    }
}
