/// The rows of one section as a text table.
struct SectionTable {
    private let rows: [Row]

    init(_ rows: [Row]) {
        self.rows = rows
    }

    private static let titles = ["", "figure", "", "beside", "", "ratio", "target", ""]
    /// The indexes of the right-aligned columns, which contain numbers.
    private static let alignedRight: Set<Int> = [1, 4, 5]

    var text: String {
        var lines = [Self.titles]
        var notes: [String] = []
        var subject = ""
        for row in rows {
            if row.subject != subject {
                subject = row.subject
                lines.append([subject])
            }
            let value = row.value.map { (NumberText.text(of: $0), row.unit.rawValue) } ?? ("", "")
            var cells = ["  " + row.figure, value.0, value.1]
            cells += [row.peer?.name ?? "", row.peer.map { NumberText.text(of: $0.value) } ?? ""]
            cells += [row.ratio.map { NumberText.text(of: $0) } ?? ""]
            cells += [row.targets.map { Self.text(of: $0, in: row.unit) }.joined(separator: ", ")]
            var verdict = row.targets.isEmpty ? "" : row.targets.allSatisfy { row.isMet($0) } ? "met" : "NOT MET"
            if let note = row.note {
                if !notes.contains(note) { notes.append(note) }
                verdict += (verdict.isEmpty ? "" : " ") + "(\((notes.firstIndex(of: note) ?? 0) + 1))"
            }
            lines.append(cells + [verdict])
        }
        let section = rows[0].section.rawValue
        let table = Self.aligned(lines).joined(separator: "\n")
        let footnotes = notes.enumerated().map { "  (\($0 + 1)) \($1)" }
        return (["", "== \(section)", table] + footnotes).joined(separator: "\n")
    }

    private static func text(of target: Target, in unit: Unit) -> String {
        let unit = target.subject == .value ? " " + unit.rawValue : " of it"
        return switch target.bound {
        case .atLeast(let number): ">= \(NumberText.text(of: number))\(unit)"
        case .atMost(let number): "<= \(NumberText.text(of: number))\(unit)"
        }
    }

    private static func aligned(_ lines: [[String]]) -> [String] {
        // A line with a subject has one cell, which may be wider than the column.
        let widths = titles.indices.map { column in
            lines.filter { $0.count > 1 }.map { $0[column].count }.max() ?? 0
        }
        return lines.map { cells in
            var line = ""
            for (column, cell) in cells.enumerated() {
                let gap = String(repeating: " ", count: max(0, widths[column] - cell.count))
                line += alignedRight.contains(column) ? gap + cell : cell + gap
                line += column == 1 || column == 4 ? " " : "  "
            }
            return String(line.reversed().drop { $0 == " " }.reversed())
        }
    }
}
