import HyperoSchema

/// Says of each entry in turn whether it is applied, a duplicate or a dead letter.
struct NaiveJudge {
    private(set) var counts = PartitionContent.Counts()
    private(set) var dead: [String: String] = [:]
    private(set) var applied: [NaiveEvent] = []
    private(set) var ledgers: [ProducerID: NaiveLedger] = [:]
    private var position = 0
    private var declared: Set<BatteryID> = []
    private var home: [ExperimentID: BatteryID] = [:]

    mutating func take(_ entry: StreamEntry) {
        defer { position += 1 }
        let event: Event
        do {
            event = try entry.decoded()
        } catch {
            let moment = Int64(clamping: entry.id.milliseconds)
            if let origin = origin(of: entry), !takeNumber(origin, moment) { return }
            return bury(entry, error.description)
        }
        let when = event.time ?? Int64(clamping: entry.id.milliseconds)
        if let origin = event.origin, !takeNumber(origin, when) { return }
        if case .battery = event.body {
            declared.insert(event.battery)
        } else if !declared.contains(event.battery) {
            return bury(entry, "battery not found: \(event.battery.text) was never declared in this partition")
        } else if let experiment = event.experiment {
            let battery = home[experiment] ?? event.battery
            guard battery == event.battery else {
                return bury(
                    entry,
                    "wrong battery: \(event.battery.text), experiment \(experiment.text) belongs to \(battery.text)")
            }
            home[experiment] = battery
        }
        counts.applied += 1
        applied.append(NaiveEvent(event: event, position: position, when: when))
    }

    /// The producer and the number of an entry that is wrong otherwise; nil unless each is there once and can be.
    private func origin(of entry: StreamEntry) -> Event.Origin? {
        func text(_ name: String) -> String? {
            let found = entry.fields.prefix(1_024).filter { $0.name == Array(name.utf8) }
            return found.count == 1 ? String(validating: found[0].value, as: UTF8.self) : nil
        }
        guard let producer = text("producer").flatMap({ ProducerID($0) }),
            let seq = text("seq").flatMap({ UInt64($0) }),
            seq > 0, String(seq) == text("seq"), seq < 1 << 53
        else { return nil }
        return Event.Origin(producer: producer, seq: seq)
    }

    /// Whether the number came for the first time.
    private mutating func takeNumber(_ origin: Event.Origin, _ when: Int64) -> Bool {
        guard let change = ledgers[origin.producer, default: NaiveLedger()].take(origin.seq, when) else {
            counts.duplicates += 1
            return false
        }
        counts.gaps += change
        return true
    }

    private mutating func bury(_ entry: StreamEntry, _ reason: String) {
        counts.dead += 1
        dead[entry.id.description] = reason
    }
}

/// Which numbers of a producer have come.
struct NaiveLedger {
    private var highest: UInt64 = 0
    /// Ascending; ranges and not numbers, because a leap may be of 2^53.
    private var missing: [ClosedRange<UInt64>] = []
    private var time: Int64 = 0

    /// How `gaps` changes; nil for a duplicate.
    mutating func take(_ seq: UInt64, _ when: Int64) -> Int? {
        var change = 0
        if seq > highest {
            if seq > highest + 1 {
                missing.append(highest + 1...seq - 1)
                change = Int(seq - 1 - highest)
            }
            highest = seq
        } else {
            guard let index = missing.firstIndex(where: { $0.contains(seq) }) else { return nil }
            let range = missing.remove(at: index)
            if seq < range.upperBound { missing.insert(seq + 1...range.upperBound, at: index) }
            if seq > range.lowerBound { missing.insert(range.lowerBound...seq - 1, at: index) }
            change = -1
        }
        missing.removeFirst(max(0, missing.count - 64))
        time = max(time, when)
        return change
    }

    var fields: [String: String] {
        var fields = ["seq": String(highest), "time": String(time)]
        if !missing.isEmpty {
            fields["missing"] = missing.map {
                $0.count == 1 ? "\($0.lowerBound)" : "\($0.lowerBound)-\($0.upperBound)"
            }.joined(separator: " ")
        }
        return fields
    }
}
