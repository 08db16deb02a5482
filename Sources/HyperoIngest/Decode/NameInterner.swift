import HyperoSchema

/// Distinct names in the order of their first appearance, and where each stands among them.
struct NameInterner {
    private(set) var names: [String] = []
    /// Only for many: a few are looked through faster than they are hashed.
    private var places: [ExactText: Int] = [:]

    private static let few = 12

    /// The place of a name, which is added when it is new; then it is the last one.
    mutating func place(of name: String) -> Int {
        if names.count <= Self.few {
            if let place = names.firstIndex(where: { $0.hasSameBytes(as: name) }) { return place }
            if names.count == Self.few {
                for (place, name) in names.enumerated() { places[ExactText(name)] = place }
            }
        } else if let place = places[ExactText(name)] {
            return place
        }
        if names.count >= Self.few { places[ExactText(name)] = names.count }
        names.append(name)
        return names.count - 1
    }
}
