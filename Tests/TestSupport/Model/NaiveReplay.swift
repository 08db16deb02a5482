import HyperoSchema

/// The hash, curve and maxima of one experiment, computed from all its events.
struct NaiveReplay {
    /// The fields of the experiment's hash.
    private(set) var fields: [String: String]
    /// Channel -> value at the best epoch, or value stated by the user.
    private(set) var maxima: [String: Number] = [:]
    /// Column -> the event in which the column appeared first.
    private(set) var columns: [String: NaiveEvent] = [:]

    private let declaration: Event.Declaration
    private var rows: [Int: CurveRow] = [:]
    /// The maxima columns of all channels seen in curves.
    private var curveColumns: Set<String> = []
    private var hasUserMaxima = false
    private var nonfinite = 0
    /// The time of the latest event so far.
    private var latest = Int64.min

    /// - Parameters:
    ///   - events: all events of the experiment, in stream order.
    ///   - declaration: the declaration of the experiment's battery.
    init(of events: [NaiveEvent], declaration: Event.Declaration) {
        self.declaration = declaration
        let first = events[0]
        fields = [
            "battery": first.event.battery.text, "status": "running", "started": String(first.time),
            "updated": String(events.map(\.time).max() ?? 0),
        ]
        for event in events { apply(event) }
        if !hasUserMaxima, let best = bestEpoch() {
            for cell in rows[best]!.cells { maxima[cell.channel] = cell.number }
            fields["max.epoch"] = String(best)
            fields["max.source"] = "curve"
        }
        for (channel, number) in maxima { fields["max." + channel] = number.text }
        if let highest = rows.keys.max() { fields["epochs"] = String(highest) }
        if nonfinite > 0 { fields["nonfinite"] = String(nonfinite) }
    }

    /// Epoch -> row as text.
    var curve: [String: String] {
        Dictionary(uniqueKeysWithValues: rows.map { (String($0.key), $0.value.text) })
    }

    private mutating func apply(_ event: NaiveEvent) {
        defer { latest = max(latest, event.time) }
        switch event.event.body {
        case .battery: break
        case .start(let start):
            // A late start does not reopen the experiment.
            if event.time > latest {
                fields["status"] = "running"
                fields["reason"] = nil
            }
            if let host = start.host { fields["host"] = host }
            if let pid = start.pid { fields["pid"] = pid }
            if let seed = start.seed { fields["seed"] = seed }
        case .param(let entries): for entry in entries { set("param." + entry.name, to: entry.value, in: event) }
        case .meta(let entries): for entry in entries { set("meta." + entry.name, to: entry.value, in: event) }
        case .epoch(let epoch, let cells): merge(cells, at: epoch, in: event)
        case .curve(let first, let series):
            for offset in 0..<(series.map(\.numbers.count).max() ?? 0) {
                let present = series.filter { offset < $0.numbers.count }
                merge(present.map { CurveRow.Cell($0.channel, $0.numbers[offset]) }, at: first + offset, in: event)
            }
        case .maxima(let epoch, let cells):
            hasUserMaxima = true
            fields["max.source"] = "user"
            if let epoch { fields["max.epoch"] = String(epoch) }
            for cell in cells {
                maxima[cell.channel] = cell.number
                addColumn("max." + cell.channel, of: event)
            }
            nonfinite += cells.count { !$0.number.isFinite }
        case .end(let status, let reason):
            fields["status"] = status.rawValue
            fields["reason"] = reason
        }
    }

    private mutating func set(_ field: String, to value: String, in event: NaiveEvent) {
        fields[field] = value
        addColumn(field, of: event)
    }

    private mutating func addColumn(_ column: String, of event: NaiveEvent) {
        if columns[column] == nil { columns[column] = event }
    }

    private mutating func merge(_ cells: [CurveRow.Cell], at epoch: Int, in event: NaiveEvent) {
        for cell in cells {
            rows[epoch, default: CurveRow()].set(cell)
            curveColumns.insert("max." + cell.channel)
        }
        nonfinite += cells.count { !$0.number.isFinite }
        // The best row at this event determines only when a maxima column appears. The search is skipped once all columns
        // have appeared.
        guard !hasUserMaxima, curveColumns.contains(where: { columns[$0] == nil }), let best = bestEpoch() else {
            return
        }
        for cell in rows[best]!.cells { addColumn("max." + cell.channel, of: event) }
    }

    /// Returns the epoch with the best finite objective, the lowest epoch on a tie; nil if no objective is finite.
    private func bestEpoch() -> Int? {
        var best: (epoch: Int, value: Double)?
        for (epoch, row) in rows {
            guard let value = row[declaration.objective]?.value, value.isFinite else { continue }
            guard let leader = best else {
                best = (epoch, value)
                continue
            }
            let isBetter = declaration.direction == .max ? value > leader.value : value < leader.value
            if isBetter || (value == leader.value && epoch < leader.epoch) { best = (epoch, value) }
        }
        return best?.epoch
    }
}
