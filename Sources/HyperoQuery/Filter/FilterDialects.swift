import HyperoSchema

/// The translations of filters of other programs, for hints.
enum FilterDialects {
    /// Returns the translation of `metrics.loss:<0.3, status:running`: `loss < 0.3 and status = running`.
    static func polyaxon(_ scalars: [Unicode.Scalar]) -> String {
        let conditions = scalars.split(separator: ",").prefix(8).map { part in
            let halves = part.split(separator: ":", maxSplits: 1)
            let name = text(halves.first ?? []).split(separator: ".").last.map(String.init) ?? ""
            guard halves.count == 2 else { return text(part) }
            let value = text(halves[1])
            let comparison = value.prefix { "<>=~".contains($0) }
            let rest = value.dropFirst(comparison.count).drop { $0 == " " }
            return "\(name) \(comparison.isEmpty ? "=" : String(comparison)) \(rest)"
        }
        return printable(conditions.joined(separator: " and "), limit: 120)
    }

    /// Returns the message about a colon and what to write.
    static func colon(_ scalars: [Unicode.Scalar], at index: Int) -> (message: String, hint: String) {
        let before = text(ArraySlice(scalars[..<index].reversed().prefix(while: FilterLexer.isName).reversed()))
        let after = text(scalars[(index + 1)...].drop { $0 == " " }.prefix(while: FilterLexer.isName))
        let isTime = [before, after].allSatisfy { $0.utf8.first.map { (0x30...0x39).contains($0) } ?? false }
        if isTime { return ("a time of day needs its date", "2026-11-24T09:30, or 10m for a span of time") }
        if before.lowercased() == "has", !after.isEmpty {
            return ("this is LEET's form", "\(printable(after, limit: 40)) is not null")
        }
        if neptuneTypes.contains(after.lowercased()) {
            let name = before.hasPrefix("sys/") ? before : before.split(separator: "/").last.map(String.init) ?? before
            let counterpart = neptuneNames[name].map { ": \($0)" } ?? ": \(printable(name, limit: 40))"
            return ("this is Neptune's form", "write the name without its type" + counterpart)
        }
        return ("this is Polyaxon's form", polyaxon(scalars))
    }

    private static let neptuneTypes: Set = [
        "bool", "int", "float", "string", "datetime", "floatseries", "stringset", "artifact", "file", "floatset",
    ]

    /// The fields of Neptune's runs, and what to write.
    private static let neptuneNames = [
        "sys/failed": "status = failed", "sys/id": "id", "sys/custom_run_id": "id", "sys/name": "name",
        "sys/creation_time": "started", "sys/modification_time": "updated", "sys/running_time": "duration",
        "sys/state": "status", "sys/tags": "tags", "sys/hostname": "host", "sys/ping_time": "seen",
    ]

    /// Returns the translation of a Mongo query, `{"config.lr": {"$gt": 0.1}}`: `config.lr > 0.1`.
    static func mongo(_ scalars: [Unicode.Scalar]) -> String {
        let example = "write conditions such as lr > 0.1 and opt = 'adam'"
        guard let value = Value(json: text(scalars[...])), let parts = conditions(value),
            let condition = joined(parts, by: " and ", isNested: false), condition.utf8.count <= 280
        else { return example }
        return printable(condition, limit: 280)
    }

    /// Returns the conditions of an object, all of which must be true; nil if one is not understood.
    private static func conditions(_ value: Value) -> [String]? {
        guard case .object(let members) = value else { return nil }
        var parts: [String] = []
        for member in members {
            switch (member.name, member.value) {
            case ("$and", .array(let values)):
                for value in values {
                    guard let inner = conditions(value) else { return nil }
                    parts += inner
                }
            case ("$or", .array(let values)):
                var choices: [String] = []
                for value in values {
                    guard
                        let choice = conditions(value).flatMap({ joined($0, by: " and ", isNested: values.count > 1) })
                    else { return nil }
                    choices.append(choice)
                }
                guard let either = joined(choices, by: " or ", isNested: true) else { return nil }
                parts.append(either)
            case (let name, .object(let comparisons)) where !name.hasPrefix("$"):
                for comparison in comparisons {
                    guard let part = self.comparison(name, comparison) else { return nil }
                    parts.append(part)
                }
            case (let name, let value) where !name.hasPrefix("$"):
                guard let part = comparison(name, Value.Member("$eq", value)) else { return nil }
                parts.append(part)
            default: return nil
            }
        }
        return parts
    }

    private static func joined(_ parts: [String], by word: String, isNested: Bool) -> String? {
        guard !parts.isEmpty else { return nil }
        let text = parts.joined(separator: word)
        return isNested && parts.count > 1 ? "(\(text))" : text
    }

    private static func comparison(_ name: String, _ condition: Value.Member) -> String? {
        let name = FilterResolver.quoted(name)
        switch (condition.name, condition.value) {
        case ("$exists", .bool(let exists)): return "\(name) is \(exists ? "not null" : "null")"
        case ("$eq", .null): return "\(name) is null"
        case ("$ne", .null): return "\(name) is not null"
        default:
            guard let mark = operators[condition.name] else { return nil }
            let isList = if case .array(let values) = condition.value { !values.isEmpty } else { false }
            let value = literal(condition.value)
            guard !value.isEmpty, isList == mark.hasSuffix("in") else { return nil }
            return "\(name) \(mark) \(value)"
        }
    }

    private static let operators = [
        "$gt": ">", "$gte": ">=", "$lt": "<", "$lte": "<=", "$eq": "=", "$ne": "!=", "$in": "in", "$nin": "not in",
        "$regex": "~",
    ]

    private static func literal(_ value: Value) -> String {
        switch value {
        case .string(let text): "'" + text.replacing("'", with: "''") + "'"
        case .array(let values): "(" + values.map(literal).joined(separator: ", ") + ")"
        case .object, .null: ""
        default: value.text
        }
    }

    private static func text(_ scalars: ArraySlice<Unicode.Scalar>) -> String {
        var text = ""
        text.unicodeScalars.append(contentsOf: scalars)
        return String(text.drop { $0 == " " }.reversed().drop { $0 == " " }.reversed())
    }
}
