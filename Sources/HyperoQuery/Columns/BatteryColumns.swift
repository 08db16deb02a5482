import HyperoSchema

/// The columns of a battery: the hyper-parameters, the metadata and the channels that its experiments have.
public struct BatteryColumns: Sendable, Hashable {
    /// The kind of a column.
    public enum Kind: String, Sendable, Hashable, CaseIterable {
        /// A hyper-parameter.
        case param
        /// Metadata.
        case meta
        /// A channel: a learning curve, a value at the best epoch, or both.
        case channel
    }

    /// One column.
    public struct Column: Sendable, Hashable {
        /// The name with its prefix: `param.lr`, `meta.dataset`, `max.valid`, or `curve.loss` for a channel without a value at any
        /// best epoch.
        public let column: String
        /// The kind.
        public let kind: Kind
        /// The name without its prefix.
        public let name: String
        /// The number of experiments that have the column; nil if it is not known. A channel counts experiments with a finite
        /// value at the best epoch.
        public internal(set) var experimentCount: Int?
        /// The different distributions from which a hyper-parameter was drawn, by the versions of the batteries.
        public internal(set) var distributions: [String]
        /// The time of the first value in Unix milliseconds; nil if it is malformed.
        public let firstSeen: Int64?
    }

    /// The battery's name.
    public let name: String
    /// The batteries.
    package let source: BatterySource
    /// The ids of the batteries, sorted by version. Batteries of one version differ in their descriptions.
    public var batteries: [String] { source.batteries.map(\.id) }
    /// The number of experiments of the batteries.
    public let experimentCount: Int
    /// The columns: hyper-parameters and metadata by name, then the channels `train`, `valid`, `test`, then the others by name.
    public let columns: [Column]
    /// The malformed values that were left out and the declarations without effect, one sentence each.
    public let warnings: [String]
}

extension BatteryColumns: Rendering {
    package var notes: [Note] {
        columns.isEmpty && experimentCount == 0 ? [.noExperiments] : source.notes(of: name)
    }

    package func writeTable(to page: inout Page) {
        page.paragraph([
            Page.Span(name, style: .bold),
            Page.Span(
                ", \(source.versionsText): \(counted(columns.count, noun: "column")) of "
                    + counted(experimentCount, noun: "experiment"), style: .dim),
        ])
        if !columns.isEmpty {
            page.line()
            var table = Table(columns: [
                Table.Column(title: "name", leastWidth: 20), Table.Column(title: "kind"),
                Table.Column(title: "experiments", isNumeric: true),
                Table.Column(title: "distribution", truncation: .early),
                Table.Column(title: "first seen", isNumeric: true),
            ])
            table.rows = columns.map { column in
                [
                    Table.Cell(column.name, style: .bold), Table.Cell(column.kind.rawValue),
                    Table.Cell(column.experimentCount.map(String.init)),
                    Table.Cell(column.distributions.isEmpty ? nil : column.distributions.joined(separator: "; ")),
                    Table.Cell(column.firstSeen.map { agoText($0, now: page.now) }),
                ]
            }
            table.writeWithFooter(to: &page)
        }
        page.write(notes)
    }

    /// Writes one object per column: `column kind name experiments distributions first_seen`.
    package func writeJSON(to page: inout Page) {
        for column in columns {
            var object = JSONObject()
            object.add("column", value: column.column)
            object.add("kind", value: column.kind.rawValue)
            object.add("name", value: column.name)
            object.add("experiments", value: column.experimentCount)
            object.add("distributions", array: column.distributions.map(JSON.quoted))
            object.add("first_seen", value: column.firstSeen)
            page.line(object.text)
        }
    }

    package func writeCSV(to page: inout Page) {
        CSV.write(["column", "kind", "name", "experiments", "distribution", "first_seen"], to: &page)
        for column in columns {
            CSV.write(
                [
                    column.column, column.kind.rawValue, column.name, column.experimentCount.map(String.init),
                    column.distributions.isEmpty ? nil : column.distributions.joined(separator: "; "),
                    column.firstSeen.map { String($0) },
                ], to: &page)
        }
    }
}
