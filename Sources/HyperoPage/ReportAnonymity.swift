package import HyperoQuery
import HyperoSchema
import HyperoSearch

extension BatteryReport {
    /// The attributes that name a machine or a process.
    private static let machines = ["host", "pid"]
    /// The parts of names of metadata and hyper-parameters that are about a person or a machine.
    private static let persons = ["host", "user", "login", "mail", "author", "owner", "ip", "address", "machine"]
    /// The parts of names that are about a place in a file system or a command, unless all values are numbers: `drop_path 0.1`.
    private static let places = [
        "path", "dir", "folder", "file", "cwd", "home", "node", "url", "uri", "command", "argv", "cmd",
    ]

    /// Returns the report without hosts, process ids, users, paths and its condition, to give to others.
    ///
    /// Leaves out the columns of machines, and metadata whose names say that they have users, hosts, addresses or paths: `user`,
    /// `data_dir`, `hostName`. Such hyper-parameters are called `hidden 1`, `hidden 2`, …, because which experiments repeat each other
    /// depends on them. In other texts, parts that look like paths, addresses of mail and URLs are replaced by `…`. Different values
    /// of a column stay different: `…`, `… (2)`. The condition, which can name all of them, is a selection without a name.
    package var anonymous: BatteryReport {
        var report = self
        var names: [ExactText: String] = [:]
        report.columns = columns.compactMap { column in
            var column = column
            if column.kind == .attribute {
                guard !Self.machines.contains(column.name) else { return nil }
                // Reasons that differ in paths are one.
                if column.name == "reason" { column.values = column.values.map { $0.map(Self.withoutPlaces) } }
                return column
            }
            let isTelling = column.kind != .maximum && Self.isTelling(column)
            if isTelling, column.kind == .meta { return nil }
            if isTelling {
                let name = "hidden \(names.count + 1)"
                names[ExactText(column.label)] = name
                column.name = Prefix.param + name
            }
            column.values = Self.distinctTexts(column.values) { isTelling ? "…" : Self.withoutPlaces($0) }
            return column
        }
        report.isSelection = filter.map { !$0.isEmpty } ?? isSelection
        report.filter = nil
        report.importance?.namesFilter = false
        report.description = Self.withoutPlaces(description)
        report.warnings = warnings.map(Self.withoutPlaces)
        report.searches = searches.map { $0.anonymous(Self.withoutPlaces) }
        if let importance {
            report.importance?.importance = importance.importance.renamed { names[ExactText($0)] ?? $0 }
        }
        return report
    }

    /// Replaces the texts of a column. Different ones that would become equal get a number.
    private static func distinctTexts(_ texts: [String?], replace: (String) -> String) -> [String?] {
        var replaced: [ExactText: String] = [:]
        var counts: [ExactText: Int] = [:]
        return texts.map { text in
            guard let text else { return nil }
            if let known = replaced[ExactText(text)] { return known }
            var result = replace(text)
            if !result.hasSameBytes(as: text) {
                let count = counts[ExactText(result), default: 0] + 1
                counts[ExactText(result)] = count
                if count > 1 { result += " (\(count))" }
            }
            replaced[ExactText(text)] = result
            return result
        }
    }

    /// Returns whether the name of a column is about a person or a machine, or about a place if a value is no number.
    private static func isTelling(_ column: BatteryReport.Column) -> Bool {
        let words = words(of: column.label)
        func has(_ parts: [String]) -> Bool {
            words.contains {
                parts.contains($0) || $0.hasSuffix("s") && parts.contains(String($0.dropLast()))
                    || $0.hasSuffix("name") && parts.contains(String($0.dropLast(4)))
            }
        }
        return has(persons) || has(places) && column.values.contains { $0.map { Number(text: $0) == nil } ?? false }
    }

    /// Returns the words of a name in lower case: those of `dataDir` are `data` and `dir`.
    private static func words(of name: String) -> [String] {
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
        return words + [word.lowercased()]
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
