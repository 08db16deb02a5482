import HyperoSchema

/// The search for the fields that column names denote: `lr` denotes `param.lr` if the batteries have that
/// hyper-parameter.
///
/// A name has few candidates, so ZSCORE looks each of them up in the round trip of the rankings. The list of all columns
/// may be long, and is read only to suggest names for an unknown one.
struct ColumnSearch {
    private struct Candidate {
        let field: String
        /// One reply per battery and partition, true if the field exists there.
        let exists: [PendingReply<Bool>]
    }

    /// The columns that every result has anyway, by their names in JSON and CSV. A request for them adds no column.
    private static let resultColumns: Set = ["rank", "experiment", "name", "version", "value"]

    /// The candidates of a name without those of ``ColumnAlternatives``.
    private static let ownCandidateCount = 4

    private let batteries: [StoredBattery]
    private let names: [String]
    /// The candidates of each name: the name as a whole field first.
    private var candidates: [[Candidate]] = []

    init(_ names: [String], in batteries: [StoredBattery]) {
        self.batteries = batteries
        self.names = names
    }

    /// Returns the fields of every experiment among requested columns that were named with their prefix, such as `hypero.seed`. A
    /// table names them so too.
    static func prefixedOwnFields(in names: [String]?) -> Set<String> {
        Set((names ?? []).filter { $0.dropping(prefix: OwnField.prefix) != nil }.compactMap(OwnField.field(named:)))
    }

    /// True if a name may be a pattern. ``fields(among:warnings:)`` then needs the columns of the batteries.
    var hasPatterns: Bool { names.contains { ColumnPattern($0) != nil } }

    /// Appends a ZSCORE per candidate, battery and partition.
    mutating func append(to pipeline: inout CommandPipeline) {
        for name in names {
            let fields = [name, Prefix.param + name, Prefix.meta + name, Prefix.max + name]
            let others = ColumnAlternatives(of: name).fields.filter { !fields.contains($0) }
            candidates.append(
                (fields + others).map { field in
                    var exists: [PendingReply<Bool>] = []
                    for battery in batteries {
                        for keyspace in battery.keyspaces {
                            exists.append(
                                pipeline.append(
                                    "ZSCORE", keyspace.columns(of: battery.id), field, in: keyspace, as: .isNotNull))
                        }
                    }
                    return Candidate(field: field, exists: exists)
                })
        }
    }

    /// Returns the fields of the names in order and without duplicates and ``resultColumns``, or the first name that denotes no field.
    ///
    /// A name with a prefix denotes one field. A name without prefix denotes all fields that have it: a hyper-parameter and
    /// a piece of metadata of one name are both shown. Only a name that no program has logged denotes one of the fields
    /// that every experiment has, because a hyper-parameter `seed` means more to its user than the seed of the client. A name
    /// that denotes no field and has `*` or `?` is a ``ColumnPattern``.
    ///
    /// - Parameter columns: the columns of the batteries, if the search ``hasPatterns``.
    func fields(
        among columns: [String] = [], warnings: inout [String]
    ) throws(QueryError) -> Result<[String], UnknownColumn> {
        var fields: [String] = []
        var seen: Set<ExactText> = []
        for (name, candidates) in zip(names, candidates) {
            var matches: [String] = []
            // The names with prefixes of other programs count only if no field has the name as it is.
            for (index, candidate) in candidates.enumerated()
            where matches.isEmpty || matches != [name] && index < Self.ownCandidateCount {
                var exists = false
                for reply in candidate.exists where try reply.value(or: false, warnings: &warnings) { exists = true }
                // The list of columns also has the channels of the curves, which are no fields of the hash.
                if case .curve = FieldName(candidate.field) { continue }
                if exists { matches.append(candidate.field) }
            }
            let alternatives = matches.isEmpty ? ColumnAlternatives(of: name) : nil
            for own in [name] + (alternatives?.ownNames ?? []) where matches.isEmpty {
                matches += [OwnField.field(named: own)].compactMap(\.self)
            }
            for pattern in [name] + (alternatives?.fields ?? []) where matches.isEmpty {
                matches += ColumnPattern(pattern)?.fields(among: columns) ?? []
            }
            guard !matches.isEmpty || Self.resultColumns.contains(name) else {
                return .failure(UnknownColumn(name: name))
            }
            for match in matches where seen.insert(ExactText(match)).inserted { fields.append(match) }
        }
        return .success(fields)
    }

    /// A column name that denotes no field.
    struct UnknownColumn: Error {
        let name: String
    }
}

/// The list of column names that a user writes: names separated by commas, with spaces around them ignored.
///
///     lr, max.test            the columns lr and max.test
///     "union(pca,ica)__n"     one column, because its name is in quotes; "" is a quote in it
package enum ColumnList {
    /// Returns the names of a list. Empty names are left out.
    package static func names(in list: String) -> [String] {
        var names: [String] = []
        var name = ""
        // The length of the name up to its last character in quotes, after which only spaces are removed.
        var kept = 0
        var isQuoted = false
        func end() {
            while name.unicodeScalars.count > kept, name.unicodeScalars.last == " " { name.unicodeScalars.removeLast() }
            if !name.isEmpty { names.append(name) }
            name = ""
            kept = 0
        }
        var scalars = list.unicodeScalars[...]
        while let scalar = scalars.popFirst() {
            switch scalar {
            case "\"" where isQuoted && scalars.first == "\"":
                _ = scalars.popFirst()
                name.unicodeScalars.append(scalar)
                kept = name.unicodeScalars.count
            case "\"" where isQuoted: isQuoted = false
            // A quote within a name, such as 5"disk, is a part of it.
            case "\"" where name.isEmpty: isQuoted = true
            case "," where !isQuoted: end()
            case " " where !isQuoted && name.isEmpty: break
            default:
                name.unicodeScalars.append(scalar)
                if isQuoted { kept = name.unicodeScalars.count }
            }
        }
        end()
        return names
    }
}
