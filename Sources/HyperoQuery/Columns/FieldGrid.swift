import HyperoSchema

/// Fields of experiments' hashes as columns of a table or of CSV, with one row per experiment.
struct FieldGrid {
    /// The fields of one experiment.
    struct Row {
        let fields: [ExactText: String]
        /// Replaces the stored status.
        let liveness: Liveness
    }

    let rows: [Row]
    /// The fields that have ``OwnField/prefix`` in their titles, because the request has it too.
    var prefixedOwnFields: Set<String> = []
    /// The number of significant digits of computed numbers; nil for six, or more where different numbers would look alike.
    var precision: Int?

    /// The highest number of columns that a table has without a request. Ten thousand hyper-parameters of a hundred
    /// experiments would be a table of 16 MB.
    static let maxColumns = 64

    private static let timeFields = [ExperimentField.started, ExperimentField.updated]

    /// Returns the fields that at least one row has: maxima, hyper-parameters and metadata, in that order.
    var presentFields: (maxima: [String], params: [String], meta: [String]) {
        var channels: [String] = []
        var params: [ExactText] = []
        var meta: [ExactText] = []
        for field in rows.reduce(into: Set<ExactText>(), { $0.formUnion($1.fields.keys) }) {
            switch FieldName(field.text) {
            case .maximum(let channel): channels.append(channel)
            case .param: params.append(field)
            case .meta: meta.append(field)
            case .curve, .other: break
            }
        }
        return (
            channels.sorted { ChannelOrder($0) < ChannelOrder($1) }.map { Prefix.max + $0 },
            params.sorted().map(\.text), meta.sorted().map(\.text)
        )
    }

    /// Returns whether fewer than half of the rows have a field.
    func isRare(_ field: String) -> Bool { 2 * rows.count { $0.fields[field] != nil } < rows.count }

    /// Returns whether all rows have the same value of a field.
    func isConstant(_ field: String) -> Bool {
        guard let first = rows.first?.fields[field] else { return false }
        return rows.dropFirst().allSatisfy { $0.fields[field]?.hasSameBytes(as: first) ?? false }
    }

    /// Returns the fields without their prefixes, except for fields whose titles would be equal to each other or to one of
    /// the table's other titles.
    static func titles(of fields: [String], besides fixed: [String]) -> [String] {
        let short = fields.map { field in
            let short = FieldName.unprefixed(field)
            // A hyper-parameter max.valid keeps its prefix, because max.valid is the name of another field.
            let isWhole = FieldName(short) == .other && short.dropping(prefix: OwnField.prefix) == nil
            return isWhole || FieldName(field) == .other ? short : field
        }
        let uses = Dictionary((short + fixed).map { (ExactText($0), 1) }, uniquingKeysWith: +)
        return zip(short, fields).map { short, field in
            guard uses[short] != 1 else { return short }
            return FieldName(field) == .other ? OwnField.prefix + short : field
        }
    }

    /// Returns the column of a field.
    func column(_ field: String, title: String) -> Table.Column {
        let texts = rows.compactMap { $0.fields[field] }
        let isMaximum = if case .maximum = FieldName(field) { true } else { false }
        let isNumeric =
            isMaximum || field == OwnField.lastSeen || Self.timeFields.contains(field)
            || OwnField.spans.contains(field)
            || !texts.isEmpty && texts.allSatisfy(isNumber)
        let isStatus = field == ExperimentField.status
        return Table.Column(title: title, isNumeric: isNumeric, truncation: isStatus ? .never : .late)
    }

    /// Returns the cells of a field for a table, one per row.
    func cells(of field: String, now: Int64) -> [Table.Cell] {
        if field == ExperimentField.status {
            return rows.map { Table.Cell($0.liveness.text(now: now), style: Style($0.liveness.status)) }
        }
        if field == OwnField.lastSeen {
            return rows.map { Table.Cell($0.liveness.lastSeen.map { agoText($0, now: now) }) }
        }
        if OwnField.spans.contains(field) {
            return rows.map { Table.Cell(Self.span(field, in: $0, now: now).map(durationText)) }
        }
        let stored = rows.map { $0.fields[field] }
        if Self.timeFields.contains(field) {
            return stored.map { text in Table.Cell(text.map { Int64($0).map(dateText) ?? $0 }) }
        }
        return texts(of: field, stored: stored).map { Table.Cell($0, style: $0 == "nan" ? .dim : .plain) }
    }

    /// Returns the value of a field for CSV, of a span the seconds; nil if the row has none.
    static func csvText(of field: String, in row: Row, now: Int64) -> String? {
        if OwnField.spans.contains(field) {
            return span(field, in: row, now: now).map { Number.text(of: Double($0) / 1_000) }
        }
        return field == ExperimentField.status ? row.liveness.status?.rawValue : row.fields[field].map(shownText)
    }

    private static func span(_ field: String, in row: Row, now: Int64) -> Int64? {
        OwnField.milliseconds(
            of: field, started: row.fields[ExperimentField.started], updated: row.fields[ExperimentField.updated],
            now: now)
    }

    /// Returns the texts of a field in a table. Numbers that a program computed are shortened as far as they stay different
    /// from all others. Any other value is shown as it was written: a number may be a version or a part of a name.
    private func texts(of field: String, stored: [String?]) -> [String?] {
        var texts = stored.map { $0.map(shownText) }
        let name = FieldName(field)
        let computed = stored.indices.filter { stored[$0].map { isComputed($0, in: name) } ?? false }
        guard !computed.isEmpty else { return texts }
        // The other numbers take part, because a shortened number must not look like one of them.
        let numbers = stored.map { $0.flatMap { isNumber($0) ? Double($0) : nil } ?? .nan }
        let shortened = precision.map { numberTexts(numbers, precision: $0) } ?? numberTexts(numbers)
        for index in computed { texts[index] = shortened[index] }
        return texts
    }

    /// Returns whether a text is a number of the maxima, or a hyper-parameter with the many digits of a draw.
    private func isComputed(_ text: String, in field: FieldName) -> Bool {
        switch field {
        case .maximum: return isNumber(text) && !isShownAsWritten(text)
        case .param:
            guard text.utf8.count > 8, isNumber(text), let value = Double(text) else { return false }
            return value.rounded() != value && Number.text(of: value).hasSameBytes(as: text)
        case .meta, .curve, .other: return false
        }
    }
}

extension Table {
    /// Adds a column per field at the right. The table has the rows of the grid.
    mutating func add(_ grid: FieldGrid, fields: [String], now: Int64) {
        for (short, field) in zip(FieldGrid.titles(of: fields, besides: columns.map(\.title)), fields) {
            let isPrefixed = grid.prefixedOwnFields.contains(field) && short.dropping(prefix: OwnField.prefix) == nil
            let title = isPrefixed ? OwnField.prefix + short : short
            columns.append(grid.column(field, title: title))
            for (index, cell) in grid.cells(of: field, now: now).enumerated() { rows[index].append(cell) }
        }
    }
}

extension Liveness {
    /// Returns the status, with the age of the last sign of life unless the experiment has ended: `running (12 s ago)`.
    func text(now: Int64) -> String? {
        guard let status else { return nil }
        guard status == .running || status == .lost, let lastSeen else { return status.rawValue }
        return "\(status.rawValue) (\(agoText(lastSeen, now: now)))"
    }
}
