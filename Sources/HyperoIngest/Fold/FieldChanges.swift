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

    /// Adds the changes to those of the next hash.
    func add(to changes: inout IndexChanges) {
        for (name, value) in zip(interner.names, values) {
            if let value { changes.set(name, to: value) } else { changes.remove(name) }
        }
    }

    /// The names of the fields to remove.
    var removedNames: [String] { zip(interner.names, values).compactMap { $1 == nil ? $0 : nil } }

    /// The fields to set.
    var fields: [IndexChange.Field] {
        zip(interner.names, values).compactMap { name, value in value.map { IndexChange.Field(name, $0) } }
    }
}
