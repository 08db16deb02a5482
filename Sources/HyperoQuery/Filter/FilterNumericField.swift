import HyperoSchema

/// A hyper-parameter or metadata that a filter compares as a number: `opt < 0.5`.
///
/// Such a comparison is an error if all values are words. Only the values tell.
package struct FilterNumericField: Sendable, Hashable {
    /// The field of the hash.
    package let field: String
    /// The name in the expression.
    let name: String
    /// The comparison, and its place.
    let mark: String
    let range: Range<Int>
}

/// The check that no field with only words is compared as a number.
package struct FilterTypeCheck {
    private struct Entry {
        let field: FilterNumericField
        var words: [ExactText] = []
        var isSettled = false
    }

    private var entries: [Entry]
    /// The number of different words that the error lists.
    private static let maxWords = 4

    package init(_ filter: BoundFilter) { entries = filter.numericFields.map { Entry(field: $0) } }

    /// The fields whose values decide.
    package var fields: [String] { entries.map(\.field.field) }

    /// True if the values of further experiments decide nothing.
    package var isSettled: Bool { entries.allSatisfy(\.isSettled) }

    /// Adds an experiment's values of ``fields``.
    package mutating func add(_ values: [String?]) {
        for (index, value) in values.prefix(entries.count).enumerated() where !entries[index].isSettled {
            guard let value else { continue }
            FilterScalar.forEach(in: value) { scalar in
                guard scalar.number == nil else {
                    entries[index].isSettled = true
                    return
                }
                let word = ExactText(scalar.text)
                if entries[index].words.count <= Self.maxWords, !entries[index].words.contains(word) {
                    entries[index].words.append(word)
                }
            }
        }
    }

    /// Settles the fields that had no value so far: an absent value is no error.
    package mutating func settleAbsent() {
        for index in entries.indices where entries[index].words.isEmpty { entries[index].isSettled = true }
    }

    /// The error about the first field with only words; nil if there is none.
    package var error: FilterError? {
        guard let entry = entries.first(where: { !$0.isSettled && !$0.words.isEmpty }) else { return nil }
        let name = printable(entry.field.name)
        var words = entry.words.sorted().map { printable($0.text, limit: 24) }
        if words.count > Self.maxWords { words = words.prefix(Self.maxWords) + ["others"] }
        let list =
            words.count < 2
            ? words.joined() : words.dropLast().joined(separator: ", ") + " or " + words[words.count - 1]
        return FilterError(
            "\(name) holds words, and \(entry.field.mark) is for numbers", at: entry.field.range,
            hint: "\(name) is \(list)")
    }
}
