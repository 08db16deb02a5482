import HyperoSchema

/// One experiment, from all its events.
struct NaiveReplay {
    /// Its hash.
    private(set) var fields: [String: String]
    /// Channel -> value at the best point.
    private(set) var maxima: [String: Number] = [:]
    /// Column -> the first event that brought it.
    private(set) var columns: [String: NaiveEvent] = [:]

    private let declaration: Event.Declaration
    private var rows: [Int: CurveRow] = [:]
    private var channels: Set<String> = []
    private var saidByUser = false
    private var nonfinite = 0

    init(of events: [NaiveEvent], _ declaration: Event.Declaration) {
        self.declaration = declaration
        let first = events[0]
        fields = [
            "battery": first.event.battery.text, "status": "running", "started": String(first.when),
            "updated": String(events.map(\.when).max() ?? 0),
        ]
        for event in events { apply(event) }
        if !saidByUser, let best = bestEpoch() {
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
        switch event.event.body {
        case .battery: break
        case .start(let start):
            fields["status"] = "running"
            fields["reason"] = nil
            if let host = start.host { fields["host"] = host }
            if let pid = start.pid { fields["pid"] = pid }
            if let seed = start.seed { fields["seed"] = seed }
        case .param(let entries): for entry in entries { set("param." + entry.name, entry.value, event) }
        case .meta(let entries): for entry in entries { set("meta." + entry.name, entry.value, event) }
        case .epoch(let epoch, let cells): merge(cells, at: epoch, event)
        case .curve(let first, let series):
            for offset in 0..<(series.map(\.numbers.count).max() ?? 0) {
                let present = series.filter { offset < $0.numbers.count }
                merge(present.map { CurveRow.Cell($0.channel, $0.numbers[offset]) }, at: first + offset, event)
            }
        case .maxima(let epoch, let cells):
            saidByUser = true
            fields["max.source"] = "user"
            if let epoch { fields["max.epoch"] = String(epoch) }
            for cell in cells {
                maxima[cell.channel] = cell.number
                see("max." + cell.channel, event)
            }
            nonfinite += cells.count { !$0.number.isFinite }
        case .end(let status, let reason):
            fields["status"] = status.rawValue
            fields["reason"] = reason
        }
    }

    private mutating func set(_ field: String, _ value: String, _ event: NaiveEvent) {
        fields[field] = value
        see(field, event)
    }

    private mutating func see(_ column: String, _ event: NaiveEvent) {
        if columns[column] == nil { columns[column] = event }
    }

    private mutating func merge(_ cells: [CurveRow.Cell], at epoch: Int, _ event: NaiveEvent) {
        for cell in cells {
            rows[epoch, default: CurveRow()].set(cell)
            channels.insert("max." + cell.channel)
        }
        nonfinite += cells.count { !$0.number.isFinite }
        // Which row is best at this moment matters only for when a column came, and only until all of them have come.
        guard !saidByUser, channels.contains(where: { columns[$0] == nil }), let best = bestEpoch() else { return }
        for cell in rows[best]!.cells { see("max." + cell.channel, event) }
    }

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
