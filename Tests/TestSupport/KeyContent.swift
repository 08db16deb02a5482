/// What one key of the indexes holds.
package enum KeyContent: Sendable, Hashable {
    case hash([String: String])
    case sortedSet([String: Double])
    /// A type that no index has; only a server can answer it.
    case other(String)

    /// What differs, a line a field, at most so many.
    package func differences(fromExpected expected: KeyContent, limit: Int) -> [String] {
        switch (expected, self) {
        case (.hash(let expected), .hash(let found)):
            Self.differences(expected, found, limit)
        case (.sortedSet(let expected), .sortedSet(let found)):
            Self.differences(expected, found, limit)
        default: self == expected ? [] : ["expected \(expected), found \(self)"]
        }
    }

    private static func differences<Value: Equatable>(
        _ expected: [String: Value], _ found: [String: Value], _ limit: Int
    ) -> [String] {
        let names = Set(expected.keys).union(found.keys).sorted()
        let differing = names.filter { expected[$0] != found[$0] }
        func text(_ value: Value?) -> String { value.map { "'\($0)'" } ?? "nothing" }
        let lines = differing.prefix(limit).map { "\($0): expected \(text(expected[$0])), found \(text(found[$0]))" }
        return differing.count > limit ? lines + ["and \(differing.count - limit) more"] : lines
    }
}
