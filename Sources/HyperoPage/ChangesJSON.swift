package import HyperoQuery

extension ReportJSON {
    /// Returns changed experiments as one line of JSON. Each row has all values of its experiment, and a column that is not there is one
    /// without values.
    package static func text(of changes: ExperimentChanges) -> String {
        let rows = changes.ids.indices.map { row in
            array([quoted(changes.ids[row])] + changes.columns.map { value($0.values[row]) })
        }
        let lines = changes.lines.map { line in
            "{\"id\":\(quoted(changes.lineIDs[line.row])),\"channel\":\(quoted(changes.channels[line.channel])),"
                + points(line.points) + "}"
        }
        return "{\"now\":\(changes.now),\"total\":\(changes.total)"
            + ",\"columns\":\(array(changes.columns.map { quoted($0.name) }))"
            + ",\"rows\":\(array(rows)),\"lines\":\(array(lines))}"
    }

    /// Returns a value as a number if a script writes it with the same digits, else as a text.
    private static func value(_ text: String?) -> String {
        guard let text else { return "null" }
        return isCanonicalNumber(text) && !isSpecial(text) ? text : quoted(text)
    }
}
