import Foundation

/// The rows of a section, which are printed after the section.
///
/// The rows are not printed only at the end of the run, because a run takes many minutes and a later section may fail.
final class Report {
    private let isJSON: Bool
    private let facts: MachineFacts
    private var rows: [Row] = []

    init(_ facts: MachineFacts, asJSON isJSON: Bool) {
        self.facts = facts
        self.isJSON = isJSON
        emit(isJSON ? Self.json(facts) : facts.text)
    }

    /// Returns the rows of one subject, to add figures to.
    func rows(of subject: String, in section: SectionName) -> SubjectRows {
        SubjectRows(report: self, section: section, subject: subject)
    }

    fileprivate func add(_ row: Row) { rows.append(row) }

    /// Prints a progress message to standard error.
    func progress(_ text: String) {
        FileHandle.standardError.write(Data("hypero-bench: \(text)\n".utf8))
    }

    /// Prints the rows added since the last call.
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
        // Encoding fails only for a number that is not finite, and all figures are finite.
        guard let data = try? encoder.encode(value) else { fatalError("cannot encode as JSON: \(value)") }
        return String(decoding: data, as: UTF8.self)
    }

    private func emit(_ text: String) {
        FileHandle.standardOutput.write(Data((text + "\n").utf8))
    }
}

/// The rows of one subject in a report.
struct SubjectRows {
    fileprivate let report: Report
    fileprivate let section: SectionName
    fileprivate let subject: String

    /// Adds a figure. See ``Row`` for the parameters.
    func add(
        _ figure: String, value: Double?, unit: Unit, peer: Row.Peer? = nil, targets: [Target] = [],
        note: String? = nil
    ) {
        report.add(
            Row(
                section: section, subject: subject, figure: figure, value: value, unit: unit, peer: peer,
                targets: targets, note: note))
    }
}
