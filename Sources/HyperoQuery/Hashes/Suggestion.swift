import HyperoSchema

/// The end of a sentence about something that does not exist: the names that come nearest, or else the first few.
///
///     ": did you mean 'mnist' or 'mnist-2'?"
///
/// - Parameter orElse: what to say when there is no name at all.
func nearest(to name: String, among names: [String], orElse nothing: String) -> String {
    var seen: Set<ExactText> = []
    let names = names.filter { seen.insert(ExactText($0)).inserted }
    guard !names.isEmpty else { return ": \(nothing)" }
    let wanted = name.lowercased()
    let near = names.enumerated()
        .map { (distance: distance(of: $1.lowercased(), from: wanted), place: $0, name: $1) }
        .filter { $0.distance <= max(2, wanted.count / 3) && $0.distance < max(wanted.count, $0.name.count) }
        .sorted { ($0.distance, $0.place) < ($1.distance, $1.place) }
        .prefix(3).map { quoted($0.name) }
    guard near.isEmpty else { return ": did you mean \(listed(near, "or"))?" }
    let few = names.prefix(5).map(quoted)
    return ": there \(names.count == 1 ? "is" : "are") "
        + (names.count > few.count
            ? "\(few.joined(separator: ", ")) and \(names.count - few.count) more" : listed(few, "and"))
}

private func quoted(_ name: String) -> String { "'\(printable(name))'" }

private func listed(_ names: [String], _ word: String) -> String {
    guard let last = names.last, names.count > 1 else { return names.first ?? "" }
    return names.dropLast().joined(separator: ", ") + " \(word) " + last
}

/// Whoever wrote a part of a name is near it, however long the name.
private func distance(of name: String, from wanted: String) -> Int {
    let distance = editDistance(Array(wanted.unicodeScalars), Array(name.unicodeScalars))
    return wanted.count > 2 && name.contains(wanted) ? min(distance, 2) : distance
}

/// How many characters must be added, taken away or replaced (Levenshtein, by Wagner and Fischer's table, two rows of it).
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
