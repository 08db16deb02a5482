import Foundation

/// Takes the rows as the sections make them, and prints those of a section when it is through.
///
/// By section, and not all at the end: the whole takes many minutes, and what was measured is not to get lost when a
/// later section fails.
final class Report {
    private let isJSON: Bool
    private let facts: MachineFacts
    private var rows: [Row] = []

    init(_ facts: MachineFacts, asJSON isJSON: Bool) {
        self.facts = facts
        self.isJSON = isJSON
        emit(isJSON ? Self.json(facts) : facts.text)
    }

    func add(_ row: Row) { rows.append(row) }

    /// Says on standard error what is being done.
    func progress(_ text: String) {
        FileHandle.standardError.write(Data("hypero-bench: \(text)\n".utf8))
    }

    /// Prints what was added since the last time.
    func flush() {
        guard !rows.isEmpty else { return }
        if isJSON {
            for row in rows { emit(Self.json(row)) }
        } else {
            emit(SectionTable(rows).text)
        }
        rows.removeAll()
    }

    private static func json(_ value: some Encodable) -> String {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        // Nothing that is encoded here can fail but a nan, and no figure is one.
        guard let data = try? encoder.encode(value) else { fatalError("\(value) cannot be written as JSON") }
        return String(decoding: data, as: UTF8.self)
    }

    private func emit(_ text: String) {
        FileHandle.standardOutput.write(Data((text + "\n").utf8))
    }
}
