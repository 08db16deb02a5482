import HyperoSchema

/// Distinct names in order of first appearance, each with an index.
struct NameInterner {
    private(set) var names: [String] = []
    /// Indexes by name, used only above ``linearLimit``.
    private var indexes: [ExactText: Int] = [:]

    /// The number of names up to which a linear search is faster than hashing.
    private static let linearLimit = 12

    func contains(_ name: String) -> Bool {
        guard names.count <= Self.linearLimit else { return indexes[ExactText(name)] != nil }
        return names.contains { $0.hasSameBytes(as: name) }
    }

    /// Returns the index of a name, which is appended if it is new.
    mutating func intern(_ name: String) -> Int {
        WorkCounter.count(min(names.count, Self.linearLimit) + 1)
        if names.count <= Self.linearLimit {
            if let index = names.firstIndex(where: { $0.hasSameBytes(as: name) }) { return index }
            if names.count == Self.linearLimit {
                for (index, name) in names.enumerated() { indexes[ExactText(name)] = index }
            }
        } else if let index = indexes[ExactText(name)] {
            return index
        }
        if names.count >= Self.linearLimit { indexes[ExactText(name)] = names.count }
        names.append(name)
        return names.count - 1
    }
}
