import HyperoSchema

/// The batteries whose experiments a result contains: those of one name, and of one version if the query gives it.
///
/// Batteries of one name and version differ in their descriptions. They are told apart by their ids.
package struct BatterySource: Sendable, Hashable {
    /// A battery of the result.
    struct Battery: Sendable, Hashable {
        let id: String
        let version: Int
        let description: String
    }

    /// The batteries, sorted by version.
    let batteries: [Battery]

    init(_ batteries: [StoredBattery]) {
        self.batteries = batteries.map { Battery(id: $0.id.text, version: $0.version, description: $0.description) }
    }

    /// The versions, ascending.
    var versions: [Int] { Set(batteries.map(\.version)).sorted() }

    /// True if only the ids tell some of the batteries apart.
    package var hasSeveralDescriptions: Bool { versions.count < batteries.count }

    /// The versions in a header: `version 3`, `versions 1, 2` or `version 1 (2 batteries)`.
    var versionsText: String {
        let versions = versions
        let list = (versions.count == 1 ? "version " : "versions ") + versions.map(String.init).joined(separator: ", ")
        return hasSeveralDescriptions ? "\(list) (\(batteries.count) batteries)" : list
    }

    /// The column that tells the experiments of the batteries apart; nil for one battery.
    var column: Table.Column? {
        if hasSeveralDescriptions { return Table.Column(title: "battery", truncation: .never) }
        return versions.count > 1 ? Table.Column(title: "version", isNumeric: true) : nil
    }

    /// Returns the cell of ``column``.
    func cell(battery: String, version: Int) -> Table.Cell {
        Table.Cell(hasSeveralDescriptions ? battery : "\(version)")
    }

    private static let maxNamed = 4

    /// The remark that the result contains batteries of other descriptions.
    func notes(of name: String) -> [Note] {
        guard hasSeveralDescriptions else { return [] }
        let counts = Dictionary(batteries.map { ($0.version, 1) }, uniquingKeysWith: +)
        let batteries = batteries.filter { counts[$0.version] ?? 0 > 1 }
        let named = batteries.prefix(Self.maxNamed).map { battery in
            let description = battery.description.isEmpty ? "" : ", \(printable(battery.description, limit: 60))"
            return "\(battery.id) (version \(battery.version)\(description))"
        }
        let more = batteries.count > Self.maxNamed ? " and \(batteries.count - Self.maxNamed) more" : ""
        return [
            Note(
                topic: .severalBatteries,
                text: "\(batteries.count) batteries of the name '\(name)' differ only in their descriptions: "
                    + named.joined(separator: ", ") + more)
        ]
    }
}

extension Table.Column {
    /// The column of statuses with the age of the last sign of life, which is never cut.
    static let status = Table.Column(title: "status", truncation: .never)
}
