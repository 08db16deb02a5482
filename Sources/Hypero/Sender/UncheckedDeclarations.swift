import HyperoSchema

/// The declarations of batteries and searches by this process, until they are compared with those that count.
///
/// The first declaration of a battery counts, and a later one with another objective or direction has no effect. The same holds for a
/// search with another sampler or rule. The queries
/// report it, but the training that made the later declaration would not learn of it.
struct UncheckedDeclarations {
    /// The objective and the directions of a battery, or the settings of a search, that this process has declared.
    struct Declaration {
        let battery: BatteryID
        /// The search; nil for the battery itself.
        var search: SearchID?
        let seq: UInt64
        var name = ""
        var version = ""
        /// The fields that must be equal: `objective`, `direction` and `direction.<channel>`, or all of a search but `trials`.
        var fields: [(name: String, value: String)] = []
    }

    /// Oldest first.
    private var waiting: [Declaration] = []
    /// The hashes of the declarations that were read. Each experiment declares its battery again.
    private var known: Set<UInt64> = []
    private var lastRead: UInt64 = 0

    /// The highest number of different declarations. A process that declares more does not learn of the differences of the others.
    private static let maxDeclarations = 64
    /// The highest number of fields that are compared, one command for each.
    private static let maxFields = 32

    /// Reads a record of the journal. Records that are read again change nothing.
    mutating func read(_ record: Record) {
        guard record.seq > lastRead else { return }
        lastRead = record.seq
        guard record.kind == .battery || record.kind == .search, known.count < Self.maxDeclarations,
            known.insert(Self.hash(record)).inserted,
            let battery = BatteryID(String(decoding: record.batteryID, as: UTF8.self))
        else { return }
        var declaration = Declaration(battery: battery, seq: record.seq)
        record.forEachField { name, value in
            let (name, value) = (String(decoding: name, as: UTF8.self), String(decoding: value, as: UTF8.self))
            switch name {
            case BatteryField.name: declaration.name = value
            case BatteryField.version: declaration.version = value
            case BatteryField.description, SearchField.trials: break
            case EventField.search: declaration.search = SearchID(value)
            default: if declaration.fields.count < Self.maxFields { declaration.fields.append((name, value)) }
            }
        }
        guard !declaration.fields.isEmpty else { return }
        if record.kind == .search, !declaration.fields.contains(where: { $0.name == SearchField.stopping }) {
            declaration.fields.append((SearchField.stopping, SearchField.noValue))
        }
        waiting.append(declaration)
    }

    private static func hash(_ record: Record) -> UInt64 {
        var hash = ExperimentMarks.hash(record.batteryID)
        record.forEachField { name, value in
            hash = hash &* 31 &+ ExperimentMarks.hash(name)
            hash = hash &* 31 &+ ExperimentMarks.hash(value)
        }
        return hash
    }

    /// Returns the first declaration, if it is applied.
    func next(applied: UInt64) -> Declaration? {
        waiting.first.flatMap { $0.seq <= applied ? $0 : nil }
    }

    /// Removes the first declaration, after it was compared.
    mutating func removeFirst() {
        waiting.removeFirst()
    }
}

extension UncheckedDeclarations.Declaration {
    /// Returns the message that this declaration has no effect, because the first one differs; nil if they are equal.
    ///
    /// - Parameter values: the values of ``fields`` in Redis. A field that is missing does not differ, except the rule of a search: the
    ///   battery was deleted, or the field has a default.
    func difference(from values: [String?]) -> String? {
        guard values.contains(where: { $0 != nil }) else { return nil }
        let differences = zip(fields, values).compactMap { field, value in
            (value ?? (field.name == SearchField.stopping ? SearchField.noValue : nil)).flatMap {
                $0.hasSameBytes(as: field.value) ? nil : (field.name, declared: field.value, first: $0)
            }
        }
        guard !differences.isEmpty else { return nil }
        func list(_ texts: [String]) -> String { texts.prefix(4).joined(separator: ", ") }
        let first = list(differences.map { "\(printable($0.0)) '\(printable($0.first))'" })
        let declared = list(differences.map { "'\(printable($0.declared))'" })
        let before =
            "it was declared before with \(first), and this program declares \(declared). The first declaration counts"
        guard let search else {
            return
                "declaration of the battery '\(printable(name))' version \(printable(version)) has no effect: \(before). "
                + "To change it, declare a new version"
        }
        return
            "declaration of the search \(search.text) has no effect: \(before). To change it, use another name or seed"
    }
}
