/// The content of one index key.
package enum KeyContent: Sendable, Hashable {
    case hash([String: String])
    case sortedSet([String: Double])
    /// The name of a type that no index has. Only a server's content can have this case.
    case other(String)

    /// Describes the differences from an expected content, with one line per field.
    ///
    /// - Parameter limit: the maximum number of lines, apart from a last line that counts the remaining differences.
    package func differences(fromExpected expected: KeyContent, limit: Int) -> [String] {
        switch (expected, self) {
        case (.hash(let expected), .hash(let found)):
            Self.differences(expected: expected, found: found, limit: limit)
        case (.sortedSet(let expected), .sortedSet(let found)):
            Self.differences(expected: expected, found: found, limit: limit)
        default: self == expected ? [] : ["expected \(expected), found \(self)"]
        }
    }

    private static func differences<Value: Equatable>(
        expected: [String: Value], found: [String: Value], limit: Int
    ) -> [String] {
        let names = Set(expected.keys).union(found.keys).sorted()
        let differing = names.filter { expected[$0] != found[$0] }
        func text(_ value: Value?) -> String { value.map { "'\($0)'" } ?? "nothing" }
        let lines = differing.prefix(limit).map { "\($0): expected \(text(expected[$0])), found \(text(found[$0]))" }
        return differing.count > limit ? lines + ["and \(differing.count - limit) more"] : lines
    }
}
