import HyperoRedis
import HyperoSchema

extension Store {
    /// Returns the fields that a search found. The pipeline of the search must have run.
    ///
    /// - Throws: ``QueryError/Code/columnNotFound(_:suggestion:)``, ``QueryError/Code/columnOnlyInCurves(_:channel:)`` or
    ///   ``QueryError/Code/columnIsCurve(_:channel:)``.
    func fields(
        of search: ColumnSearch, in batteries: [StoredBattery], warnings: inout [String]
    ) throws(QueryError) -> [String] {
        var columns = search.hasPatterns ? try columns(of: batteries, warnings: &warnings) : []
        switch try search.fields(among: columns, warnings: &warnings) {
        case .success(let fields): return fields
        case .failure(let unknown):
            if columns.isEmpty { columns = try self.columns(of: batteries, warnings: &warnings) }
            let all = columns
            let bare = ColumnAlternatives(of: unknown.name).bareName
            let isUnprefixed = FieldName(unknown.name) == .other
            let channel = isUnprefixed ? bare : FieldName.unprefixed(unknown.name)
            let mayBeChannel =
                switch FieldName(unknown.name) {
                case .param, .meta: false
                case .maximum, .curve, .other: true
                }
            if case .curve = FieldName(unknown.name), all.contains(where: { $0.hasSameBytes(as: Prefix.max + channel) })
            {
                throw QueryError(.columnIsCurve(unknown.name, channel: channel), warnings: warnings)
            }
            guard !mayBeChannel || !all.contains(where: { $0.hasSameBytes(as: Prefix.curve + channel) }) else {
                throw QueryError(.columnOnlyInCurves(unknown.name, channel: channel), warnings: warnings)
            }
            let fields = all.filter { if case .curve = FieldName($0) { false } else { true } }
            // The suggestions for a name without prefix are names without prefix. For max.nope, they are maxima first.
            let names =
                (isUnprefixed
                    ? fields.map(FieldName.unprefixed)
                    : fields.filter { Self.haveEqualPrefix($0, unknown.name) }
                        + fields.filter { !Self.haveEqualPrefix($0, unknown.name) }) + OwnField.names.sorted()
            let suggestion = Suggestion(for: isUnprefixed ? bare : unknown.name, among: names)
            throw QueryError(.columnNotFound(unknown.name, suggestion: suggestion), warnings: warnings)
        }
    }

    private static func haveEqualPrefix(_ left: String, _ right: String) -> Bool {
        [Prefix.param, Prefix.meta, Prefix.max].contains {
            left.dropping(prefix: $0) != nil && right.dropping(prefix: $0) != nil
        }
    }

    /// Appends the ZSCORE of a column in the lists of the batteries.
    func appendLookup(
        of column: String, in batteries: [StoredBattery], to pipeline: inout CommandPipeline
    ) -> [PendingReply<Bool>] {
        batteries.flatMap { battery in
            battery.keyspaces.map { keyspace in
                pipeline.append("ZSCORE", keyspace.columns(of: battery.id), column, in: keyspace, as: .isNotNull)
            }
        }
    }

    /// Returns all columns of the batteries, without duplicates. One round trip.
    func columns(of batteries: [StoredBattery], warnings: inout [String]) throws(QueryError) -> [String] {
        var pipeline = CommandPipeline()
        let replies = batteries.flatMap { battery in
            battery.keyspaces.map { keyspace in
                pipeline.append("ZRANGE", keyspace.columns(of: battery.id), "0", "-1", in: keyspace, as: .strings)
            }
        }
        try connections.run(pipeline)
        var seen: Set<ExactText> = []
        var columns: [String] = []
        for reply in replies {
            columns += try reply.value(or: [], warnings: &warnings).filter { seen.insert(ExactText($0)).inserted }
        }
        return columns
    }
}
