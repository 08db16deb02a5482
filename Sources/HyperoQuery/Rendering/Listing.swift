import HyperoSchema

/// Rows that a program has collected elsewhere, such as the journals of a node, in every form of output.
package struct Listing: Rendering {
    /// A column of all rows.
    package struct Column: Sendable {
        let key: String
        let title: String?

        /// - Parameters:
        ///   - key: The key in JSON and the name in CSV.
        ///   - title: The title in the table; nil for a column that the table does not have.
        package init(_ key: String, title: String?) {
            self.key = key
            self.title = title
        }
    }

    /// A value of a row. Nil is an absent one.
    package enum Value: Sendable, Hashable {
        case text(String?)
        case number(Int?)
        /// A number of bytes, in the table in its largest unit.
        case bytes(Int?)
        /// A time in Unix milliseconds, in the table its age.
        case time(Int64?)
        case texts([String])
    }

    private let columns: [Column]
    private let rows: [[Value]]
    private let absence: String

    /// - Parameters:
    ///   - columns: The columns, the most important ones first.
    ///   - rows: The rows, each with a value per column.
    ///   - absence: The text of a table without rows.
    package init(_ columns: [Column], rows: [[Value]], absence: String) {
        self.columns = columns
        self.rows = rows
        self.absence = absence
    }

    package func writeTable(to page: inout Page) {
        guard !rows.isEmpty else { return page.line(absence) }
        let shown = columns.indices.filter { columns[$0].title != nil }
        var table = Table(
            columns: shown.map { index in
                let isNumeric = rows.allSatisfy { $0[index].isNumeric }
                return Table.Column(title: columns[index].title ?? "", isNumeric: isNumeric)
            })
        table.rows = rows.map { row in shown.map { Table.Cell(row[$0].tableText(now: page.now)) } }
        table.writeWithFooter(to: &page)
    }

    package func writeJSON(to page: inout Page) {
        for row in rows {
            var object = JSONObject()
            for (column, value) in zip(columns, row) {
                switch value {
                case .text(let text): object.add(column.key, value: text)
                case .number(let number), .bytes(let number): object.add(column.key, value: number)
                case .time(let time): object.add(column.key, value: time)
                case .texts(let texts): object.add(column.key, array: texts.map(JSON.quoted))
                }
            }
            page.line(object.text)
        }
    }

    package func writeCSV(to page: inout Page) {
        CSV.write(columns.map(\.key), to: &page)
        for row in rows { CSV.write(row.map(\.text), to: &page) }
    }
}

extension Listing.Value {
    fileprivate var isNumeric: Bool {
        switch self {
        case .number, .bytes, .time: true
        case .text, .texts: false
        }
    }

    fileprivate var text: String? {
        switch self {
        case .text(let text): text
        case .number(let number), .bytes(let number): number.map { String($0) }
        case .time(let time): time.map { String($0) }
        case .texts(let texts): texts.joined(separator: "; ")
        }
    }

    fileprivate func tableText(now: Int64) -> String? {
        switch self {
        case .bytes(let bytes): bytes.map(bytesText)
        case .time(let time): time.map { agoText($0, now: now) }
        case .texts(let texts): texts.isEmpty ? nil : texts.joined(separator: "; ")
        case .text, .number: text
        }
    }
}
