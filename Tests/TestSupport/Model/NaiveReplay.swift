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
    /// Channel -> value stated by the user; nil before the first `maxima` event.
    private var stated: [(channel: String, number: Number)]?
    private var statedEpoch: Int?
    private var nonfinite = 0
    /// The time of the event that decides the status.
    private var since = Int64.min
    private var attempt = 0
    private var hasProcess = false
    /// A `start` event that withdrew rows.
    private typealias Resumption = (from: Int, time: Int64, producer: String?, attempt: Int?)

    /// In the order in which the processes have run the experiment.
    private var resumptions: [Resumption] = []
    /// The part of the experiment's id before the last hyphen.
    private let ownProducer: String?

    /// - Parameters:
    ///   - events: all events of the experiment, in stream order.
    ///   - declaration: the declaration of the experiment's battery.
    init(of events: [NaiveEvent], declaration: Event.Declaration) {
        self.declaration = declaration
        let first = events[0]
        ownProducer = first.event.experiment.flatMap { id in
            id.text.lastIndex(of: "-").map { String(id.text[..<$0]) }
        }
        fields = [
            "battery": first.event.battery?.text ?? "", "status": "running", "started": String(first.seen),
            "updated": String(events.map(\.seen).max() ?? 0),
        ]
        for event in events { apply(event) }
        let base = baseEpoch()
        for cell in base.map({ rows[$0]!.cells }) ?? [] { maxima[cell.channel] = cell.number }
        if let stated {
            let names = Set(stated.map(\.channel))
            let isCurve = maxima.keys.contains { !names.contains($0) }
            for (channel, number) in stated { maxima[channel] = number }
            fields["max.source"] = isCurve ? "both" : "user"
            fields["max.epoch"] = (statedEpoch ?? (isCurve ? base : nil)).map { String($0) }
            var row = stated.map { CurveRow.Cell($0.channel, $0.number) }
            if let statedEpoch { row.insert(CurveRow.Cell("epoch", Number(Double(statedEpoch))), at: 0) }
            fields["max.stated"] = CurveRow(row).text
        } else if let base {
            fields["max.epoch"] = String(base)
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
        case .battery, .alive, .search, .claim, .enqueue: break
        case .start(let start): self.start(start, in: event)
        case .param(let entries, _): for entry in entries { set("param." + entry.name, to: entry.value, in: event) }
        case .meta(let entries): for entry in entries { set("meta." + entry.name, to: entry.value, in: event) }
        case .epoch(let epoch, let cells): merge(cells, at: epoch, in: event)
        case .curve(let first, let series):
            for offset in 0..<(series.map(\.numbers.count).max() ?? 0) {
                let present = series.filter { offset < $0.numbers.count }
                merge(present.map { CurveRow.Cell($0.channel, $0.numbers[offset]) }, at: first + offset, in: event)
            }
        case .maxima(let epoch, let cells): state(cells, at: epoch, in: event)
        case .end(let status, let reason, _):
            let producer = event.event.origin?.producer.text
            let isOfRunner = fields["status"] == "running" && producer != nil && producer == runner
            guard event.time >= since || isOfRunner, status != .lost || fields["status"] == "running",
                !isSucceeded(event)
            else { return }
            fields["producer"] = producer == ownProducer ? nil : producer
            since = max(since, event.time)
            fields["status"] = status.rawValue
            fields["since"] = String(since)
            fields["reason"] = reason
        }
    }

    private mutating func state(_ cells: [CurveRow.Cell], at epoch: Int?, in event: NaiveEvent) {
        if let epoch, isWithdrawn(event, at: epoch) { return }
        var stated = stated ?? []
        statedEpoch = epoch ?? statedEpoch
        for cell in cells {
            if let index = stated.firstIndex(where: { $0.channel == cell.channel }) {
                stated[index].number = cell.number
            } else {
                stated.append((cell.channel, cell.number))
            }
            addColumn("max." + cell.channel, of: event)
        }
        self.stated = stated
        addMaximaColumns(of: event)
        nonfinite += cells.count { !$0.number.isFinite }
    }

    /// The process of the event that set the status; nil if it is not known.
    private var runner: String? { fields["producer"] ?? ownProducer }

    /// The resumptions after the last one by a process that has run the experiment; nil for another process.
    private func successors(of producer: String?) -> ArraySlice<Resumption>? {
        guard let producer else { return nil }
        if let last = resumptions.lastIndex(where: { $0.producer == producer }) { return resumptions[(last + 1)...] }
        return producer == ownProducer ? resumptions[...] : nil
    }

    private func isSucceeded(_ event: NaiveEvent) -> Bool {
        successors(of: event.event.origin?.producer.text)?.contains { $0.producer != nil } ?? false
    }

    private func isWithdrawn(_ event: NaiveEvent, at epoch: Int) -> Bool {
        let producer = event.event.origin?.producer.text
        let isEarlier = { (resumption: Resumption) in
            epoch >= resumption.from && event.time < resumption.time
        }
        // The processes before this one have no say.
        if let successors = successors(of: producer) {
            return successors.contains { $0.producer != nil && epoch >= $0.from || isEarlier($0) }
        }
        return resumptions.contains(where: isEarlier)
    }

    private func isLatest(_ start: Event.Start, in event: NaiveEvent) -> Bool {
        let number = start.attempt ?? 1
        let isKnown = successors(of: event.event.origin?.producer.text) != nil
        if number < attempt && (start.attempt != nil || isKnown) { return false }
        let isOfOther = event.event.origin.map { $0.producer.text != runner } ?? false
        if event.time > since || event.time == since && (fields["status"] == "running" || isOfOther) { return true }
        return number > max(attempt, 1) && (runner == nil || successors(of: runner) != nil)
    }

    private mutating func start(_ start: Event.Start, in event: NaiveEvent) {
        let isLatest = isLatest(start, in: event)
        let producer = event.event.origin?.producer.text
        if isLatest {
            if event.time != since || fields["status"] != "running" {
                fields["producer"] = producer == ownProducer ? nil : producer
            }
            since = max(since, event.time)
            fields["status"] = "running"
            fields["since"] = String(since)
            fields["reason"] = nil
        }
        if let number = start.attempt, number > attempt {
            attempt = number
            fields["attempt"] = String(number)
        }
        if isLatest || !hasProcess {
            if let host = start.host { fields["host"] = host }
            if let pid = start.pid { fields["pid"] = pid }
            if let seed = start.seed { fields["seed"] = seed }
            hasProcess = hasProcess || start.host != nil || start.seed != nil
        }
        guard let from = start.from,
            !resumptions.contains(where: { $0.from == from && $0.time == event.time })
        else { return }
        place((from, event.time, producer, start.attempt), isLatest: isLatest)
        fields["resumed"] = resumptions.map { from, time, producer, attempt in
            let words = [producer ?? (attempt == nil ? nil : "?"), attempt.map { String($0) }]
            return (["\(from)", "\(time)"] + words.compactMap { $0 }).joined(separator: " ")
        }.joined(separator: ", ")
        // What was applied before may be of a later process.
        guard isLatest else { return }
        let hadStated = statedEpoch.map { $0 >= from } ?? false
        if hadStated { (stated, statedEpoch) = (nil, nil) }
        guard hadStated || rows.keys.contains(where: { $0 >= from }) else { return }
        rows = rows.filter { $0.key < from }
        addMaximaColumns(of: event)
    }

    /// Adds a resumption behind those of the processes before it. Those that it makes superfluous are removed.
    private mutating func place(_ new: Resumption, isLatest: Bool) {
        var before = resumptions
        if !isLatest {
            before = Array(
                before.prefix { old in
                    if let number = new.attempt, let other = old.attempt, number != other { return other < number }
                    return old.time <= new.time
                })
            // No process resumes behind the process that runs the experiment.
            let last = resumptions.lastIndex { $0.producer != nil && $0.producer == runner }
            if let last { before = Array(before.prefix(last)) }
        }
        let after = resumptions[before.count...]
        func covers(_ one: Resumption, _ other: Resumption) -> Bool {
            guard other.producer == nil || other.producer == one.producer else { return false }
            return one.from <= other.from && one.time >= other.time
        }
        if after.contains(where: { covers($0, new) }) { return }
        resumptions = before.filter { !covers(new, $0) } + [new] + after
    }

    private mutating func set(_ field: String, to value: String, in event: NaiveEvent) {
        fields[field] = value
        addColumn(field, of: event)
    }

    private mutating func addColumn(_ column: String, of event: NaiveEvent) {
        if columns[column] == nil { columns[column] = event }
    }

    private mutating func merge(_ cells: [CurveRow.Cell], at epoch: Int, in event: NaiveEvent) {
        guard !isWithdrawn(event, at: epoch) else { return }
        for cell in cells {
            rows[epoch, default: CurveRow()].set(cell)
            curveColumns.insert("max." + cell.channel)
            addColumn("curve." + cell.channel, of: event)
        }
        nonfinite += cells.count { !$0.number.isFinite }
        addMaximaColumns(of: event)
    }

    /// Adds the columns of the maxima at an event. The row of the maxima is not searched once all columns have appeared.
    private mutating func addMaximaColumns(of event: NaiveEvent) {
        guard curveColumns.contains(where: { columns[$0] == nil }), let base = baseEpoch() else { return }
        for cell in rows[base]!.cells { addColumn("max." + cell.channel, of: event) }
    }

    /// Returns the epoch whose row holds the maxima that the user did not state.
    private func baseEpoch() -> Int? {
        if let statedEpoch, rows[statedEpoch] != nil { return statedEpoch }
        return bestEpoch()
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
