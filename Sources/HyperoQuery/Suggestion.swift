import HyperoSchema

/// The existing names that a message shows for a name that was not found.
public struct Suggestion: Sendable, Hashable {
    /// The names most similar to the wanted one, nearest first, at most 3.
    public let similar: [String]
    /// The first existing names, at most 5.
    public let first: [String]
    /// The number of existing names.
    public let count: Int

    /// Selects the names to show for a wanted one.
    ///
    /// A name is similar within an edit distance of 2, or of a third of the wanted name if that is more. The comparison
    /// ignores case.
    ///
    /// - Parameters:
    ///   - wanted: the name that was not found.
    ///   - names: the existing names, possibly with duplicates.
    package init(for wanted: String, among names: [String]) {
        var seen: Set<ExactText> = []
        let names = names.filter { seen.insert(ExactText($0)).inserted }
        let lowered = wanted.lowercased()
        similar =
            names.enumerated()
            .map { (distance: suggestionDistance(of: $1.lowercased(), from: lowered), index: $0, name: $1) }
            .filter { $0.distance <= max(2, lowered.count / 3) && $0.distance < max(lowered.count, $0.name.count) }
            .sorted { ($0.distance, $0.index) < ($1.distance, $1.index) }
            .prefix(3).map(\.name)
        first = Array(names.prefix(5))
        count = names.count
    }

    /// Returns the end of a message: the wanted name in quotes, followed by the names to show.
    ///
    ///     'mnits'. Did you mean 'mnist' or 'mnist-2'?
    ///     'cifar'. Available: 'mnist', 'mnist-2'
    ///     'mnist', no battery is declared yet
    package func text(for wanted: String, ifNoneExists reason: String) -> String {
        if count == 0 { return "\(quoted(wanted)), \(reason)" }
        guard similar.isEmpty else {
            return "\(quoted(wanted)). Did you mean \(similar.map(quoted).joined(separator: " or "))?"
        }
        let more = count > first.count ? " and \(count - first.count) more" : ""
        return "\(quoted(wanted)). Available: \(first.map(quoted).joined(separator: ", "))\(more)"
    }
}

/// Returns the name in quotes, so that it can be copied into a shell: a quote within it is written `'\''`.
private func quoted(_ name: String) -> String {
    "'" + printable(name, limit: 256).split(separator: "'", omittingEmptySubsequences: false).joined(separator: "'\\''")
        + "'"
}

/// Returns the edit distance, but at most 2 if the wanted text is a part of the name: a user may type only a part of a
/// long name.
private func suggestionDistance(of name: String, from wanted: String) -> Int {
    let distance = editDistance(Array(wanted.unicodeScalars), Array(name.unicodeScalars))
    return wanted.count > 2 && name.contains(wanted) ? min(distance, 2) : distance
}

/// Returns the Levenshtein distance: the insertions, deletions and replacements that turn one sequence into the other.
///
/// Uses the algorithm of Wagner and Fischer, and keeps only one row of its table.
func editDistance<Element: Equatable>(_ left: [Element], _ right: [Element]) -> Int {
    var row = Array(0...right.count)
    for (i, element) in left.enumerated() {
        var diagonal = row[0]
        row[0] = i + 1
        for (j, other) in right.enumerated() {
            let replaced = diagonal + (element == other ? 0 : 1)
            diagonal = row[j + 1]
            row[j + 1] = min(replaced, diagonal + 1, row[j] + 1)
        }
    }
    return row[right.count]
}
