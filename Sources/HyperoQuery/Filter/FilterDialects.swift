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

    /// Returns the translation of a Mongo query with one key, `{"config.lr": {"$gt": 0.1}}`: `config.lr > 0.1`.
    static func mongo(_ scalars: [Unicode.Scalar]) -> String {
        let example = "write conditions such as lr > 0.1 and opt = 'adam'"
        guard case .object(let members)? = Value(json: text(scalars[...])), members.count == 1,
            let member = members.first
        else { return example }
        let name = "\(member.name) "
        switch member.value {
        case .object(let conditions):
            guard conditions.count == 1, let condition = conditions.first, let mark = operators[condition.name] else {
                return example
            }
            let value = literal(condition.value)
            return printable(value.isEmpty ? example : "\(name)\(mark) \(value)", limit: 120)
        case let value:
            let value = literal(value)
            return printable(value.isEmpty ? example : "\(name)= \(value)", limit: 120)
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
