package import HyperoQuery
import HyperoSchema
import HyperoSearch

extension BatteryReport {
    /// The attributes that name a machine or a process.
    private static let machines = ["host", "pid"]
    /// The parts of names of metadata and hyper-parameters that are about a person, a machine or a place in a file system.
    private static let telling = [
        "host", "user", "login", "mail", "author", "owner", "path", "dir", "folder", "file", "cwd", "home", "node",
        "ip",
        "address", "machine", "url", "uri", "command", "argv", "cmd",
    ]

    /// Returns the report without hosts, process ids, users, paths and its condition, to give to others.
    ///
    /// Leaves out the columns of machines, and those whose names say that they have users, hosts, addresses or paths: `user`,
    /// `data_dir`, `hostName`. In other texts, parts that look like paths, addresses of mail and URLs are replaced by `…`. The condition, which
    /// can name all of them, is a selection without a name.
    package var anonymous: BatteryReport {
        var report = self
        report.columns = columns.compactMap { column in
            if column.kind == .attribute {
                guard !Self.machines.contains(column.name) else { return nil }
                guard column.name == "reason" else { return column }
            }
            if column.kind == .param || column.kind == .meta, Self.isTelling(column.label) { return nil }
            var column = column
            column.values = column.values.map { $0.map(Self.withoutPlaces) }
            return column
        }
        report.isSelection = filter.map { !$0.isEmpty } ?? isSelection
        report.filter = nil
        report.importance?.namesFilter = false
        report.description = Self.withoutPlaces(description)
        report.warnings = warnings.map(Self.withoutPlaces)
        if let importance, importance.importance.parameters.contains(where: { Self.isTelling($0.name) }) {
            report.importance = nil
        }
        return report
    }

    /// Returns whether one of the words of a name is about a person, a machine or a place.
    private static func isTelling(_ name: String) -> Bool {
        var words: [String] = []
        var word = ""
        var isLower = false
        for scalar in name.unicodeScalars {
            let isLetter = scalar.properties.isAlphabetic
            // The next word of dataDir begins with its capital, and USER is one word.
            if !isLetter || isLower && scalar.properties.isUppercase, !word.isEmpty {
                words.append(word.lowercased())
                word = ""
            }
            if isLetter { word.unicodeScalars.append(scalar) }
            isLower = scalar.properties.isLowercase
        }
        words.append(word.lowercased())
        return words.contains {
            telling.contains($0) || telling.contains($0 + "s")
                || $0.hasSuffix("name") && telling.contains(String($0.dropLast(4)))
        }
    }

    /// Returns a text with `…` in place of words that are paths, URLs or addresses of mail.
    static func withoutPlaces(_ text: String) -> String {
        var result = ""
        var word = ""
        func shown(_ word: String) -> String {
            let isPath = word.hasPrefix("/") && word.utf8.count > 1 || word.hasPrefix("~") || word.contains("://")
            let hasSeparators = word.contains("\\") || word.utf8.count { $0 == UInt8(ascii: "/") } > 1
            guard isPath || hasSeparators || word.contains("@") else { return word }
            return "…" + (word.last.map { ":.!?".contains($0) ? String($0) : "" } ?? "")
        }
        for character in text {
            if character.isWhitespace || "\"'`(),;[]{}=<>|".contains(character) {
                result += shown(word)
                result.append(character)
                word = ""
            } else {
                word.append(character)
            }
        }
        return result + shown(word)
    }
}
