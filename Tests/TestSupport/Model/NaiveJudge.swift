import HyperoSchema

/// Decides for each entry in stream order: applied, duplicate or dead letter.
struct NaiveJudge {
    private(set) var counts = PartitionContent.Counts()
    /// Stream id of a dead letter's entry -> reason.
    private(set) var dead: [String: String] = [:]
    private(set) var applied: [NaiveEvent] = []
    private(set) var ledgers: [ProducerID: NaiveLedger] = [:]
    private var position = 0
    private var declaredBatteries: Set<BatteryID> = []
    private var batteryOfExperiment: [ExperimentID: BatteryID] = [:]
    private var deletedExperiments: Set<ExperimentID> = []
    /// Battery -> experiments with an event that was dropped while the battery was deleted.
    private var withheld: [BatteryID: Set<ExperimentID>] = [:]
    /// Deleted battery -> time of its deletion.
    private var deletedBatteries: [BatteryID: Int64] = [:]
    /// Battery that was declared again after a deletion -> time of the deletion.
    private(set) var revived: [BatteryID: Int64] = [:]
    /// Id of a deleted experiment or battery -> time of its deletion.
    private(set) var tombstones: [String: Double] = [:]

    /// Carries out a command of an operator.
    mutating func process(_ deletion: NaiveModel.Deletion) {
        switch deletion.event {
        // Not modelled: the tests of thinning compare what stays.
        case .thinCurve: break
        case .deleteExperiment(let experiment, _):
            delete(experiment, at: deletion.time)
            // The columns and the time of the battery stay.
            for index in applied.indices where applied[index].event.experiment == experiment {
                applied[index].isOfDeletedExperiment = true
            }
        case .deleteBattery(let battery):
            let events = applied.filter { $0.event.battery == battery && !$0.isOfDeletedExperiment }
            for (experiment, events) in Dictionary(grouping: events, by: \.event.experiment) {
                guard let experiment else { continue }
                batteryOfExperiment[experiment] = nil
                let declaration = Event.Declaration(name: "", version: 0, description: "")
                let status = NaiveReplay(of: events, declaration: declaration).fields["status"]
                if status == "running" || status == "lost" { delete(experiment, at: deletion.time) }
            }
            applied.removeAll { $0.event.battery == battery }
            declaredBatteries.remove(battery)
            deletedBatteries[battery] = deletion.time
            revived[battery] = nil
            tombstones[battery.text] = Double(deletion.time)
        case .rebuild: break
        }
    }

    private mutating func delete(_ experiment: ExperimentID, at time: Int64) {
        batteryOfExperiment[experiment] = nil
        deletedExperiments.insert(experiment)
        tombstones[experiment.text] = Double(time)
    }

    /// Returns whether an event is dropped because its battery or experiment was deleted.
    ///
    /// - Parameter time: the time of the entry's id.
    private mutating func isDropped(_ event: Event, of battery: BatteryID, at time: Int64) -> Bool {
        if let deleted = deletedBatteries[battery] {
            guard case .battery = event.body, time > deleted else {
                // It would come back without what was dropped.
                let experiment = event.experiment.flatMap { batteryOfExperiment[$0] == nil ? $0 : nil }
                if let experiment, !deletedExperiments.contains(experiment),
                    withheld[battery, default: []].insert(experiment).inserted
                {
                    tombstones["\(battery.text):\(experiment.text)"] = Double(deleted)
                }
                return true
            }
            deletedBatteries[battery] = nil
            revived[battery] = deleted
            tombstones[battery.text] = nil
        }
        guard let experiment = event.experiment else { return false }
        if deletedExperiments.contains(experiment) { return true }
        return batteryOfExperiment[experiment] == nil && withheld[battery]?.contains(experiment) == true
    }

    /// Returns whether an event is older than the deletion of its battery, and would begin an experiment without its start.
    private func isGhost(_ event: Event, of battery: BatteryID, at time: Int64) -> Bool {
        guard let deleted = revived[battery], time < deleted, let experiment = event.experiment,
            batteryOfExperiment[experiment] == nil, event.requeued == nil
        else { return false }
        if case .start = event.body { return false }
        return true
    }

    mutating func process(_ entry: StreamEntry) {
        defer { position += 1 }
        let event: Event
        do {
            event = try entry.decoded()
        } catch {
            let time = Int64(clamping: entry.id.milliseconds)
            if let origin = origin(of: entry), !accept(origin, time: time) { return }
            return deadLetter(entry, of: origin(of: entry), reason: error.description)
        }
        let time = Self.time(of: event, in: entry)
        // The clock of a host may be fast, and that of Redis cannot be as long as it is set.
        let added = Int64(clamping: entry.id.milliseconds)
        let seen = added < Self.start2000 ? time : min(time, added)
        if case .alive(let producer) = event.body {
            ledgers[producer, default: NaiveLedger()].touch(time: added < Self.start2000 ? time : added)
            counts.applied += 1
            return
        }
        guard let eventBattery = event.battery else { return }
        if let origin = event.origin, !accept(origin, time: seen) { return }
        guard !isDropped(event, of: eventBattery, at: Int64(clamping: entry.id.milliseconds)),
            !isGhost(event, of: eventBattery, at: time)
        else {
            counts.deleted += 1
            if let origin = event.origin { ledgers[origin.producer, default: NaiveLedger()].deleted += 1 }
            return
        }
        if case .battery = event.body {
            declaredBatteries.insert(eventBattery)
        } else if !declaredBatteries.contains(eventBattery) {
            return deadLetter(
                entry, of: event.origin,
                reason: "battery not found: \(eventBattery.text) was never declared in this partition")
        } else if let experiment = event.experiment {
            let battery = batteryOfExperiment[experiment] ?? eventBattery
            guard battery == eventBattery else {
                return deadLetter(
                    entry, of: event.origin,
                    reason:
                        "wrong battery: \(eventBattery.text), experiment \(experiment.text) belongs to \(battery.text)"
                )
            }
            batteryOfExperiment[experiment] = battery
        }
        counts.applied += 1
        applied.append(NaiveEvent(event: event, position: position, time: time, seen: seen))
    }

    private static let start2000 = Int64(946_684_800_000)

    /// Returns the time of an event. The time of the entry replaces one before the year 2000, or more than a day later.
    private static func time(of event: Event, in entry: StreamEntry) -> Int64 {
        let added = Int64(clamping: entry.id.milliseconds)
        guard let time = event.time else { return added }
        if time > added + 24 * 3_600_000 { return added }
        return time < 0 || time < start2000 && added >= start2000 ? added : time
    }

    /// Returns the origin of an invalid entry; nil unless producer and sequence number each occur once and are valid.
    private func origin(of entry: StreamEntry) -> Event.Origin? {
        func text(_ name: String) -> String? {
            let values = entry.fields.prefix(1_024).filter { $0.name == Array(name.utf8) }
            return values.count == 1 ? String(validating: values[0].value, as: UTF8.self) : nil
        }
        guard let producer = text("producer").flatMap({ ProducerID($0) }),
            let seq = text("seq").flatMap({ UInt64($0) }),
            seq > 0, String(seq) == text("seq"), seq < 1 << 53
        else { return nil }
        return Event.Origin(producer: producer, seq: seq)
    }

    /// Consumes a sequence number, and counts a duplicate.
    ///
    /// - Returns: whether the number arrived for the first time.
    private mutating func accept(_ origin: Event.Origin, time: Int64) -> Bool {
        guard let gaps = ledgers[origin.producer, default: NaiveLedger()].accept(seq: origin.seq, time: time) else {
            counts.duplicates += 1
            return false
        }
        counts.gaps += gaps
        return true
    }

    private mutating func deadLetter(_ entry: StreamEntry, of origin: Event.Origin?, reason: String) {
        counts.dead += 1
        if let origin { ledgers[origin.producer, default: NaiveLedger()].dead += 1 }
        dead[entry.id.description] = reason
    }
}

/// The sequence numbers of a producer that have arrived.
struct NaiveLedger {
    private var highest: UInt64 = 0
    /// Missing numbers below `highest`, ascending. Ranges, because a gap can have 2^53 numbers.
    private var missing: [ClosedRange<UInt64>] = []
    private var time: Int64 = 0
    /// The number of dead letters.
    fileprivate(set) var dead = 0
    /// The number of events that were dropped because of a deletion.
    fileprivate(set) var deleted = 0

    /// Records the arrival of a number.
    ///
    /// - Returns: the change of the `gaps` count; nil for a duplicate.
    mutating func accept(seq: UInt64, time eventTime: Int64) -> Int? {
        let before = gaps
        if seq > highest {
            if seq > highest + 1 { missing.append(highest + 1...seq - 1) }
            highest = seq
        } else {
            guard let index = missing.firstIndex(where: { $0.contains(seq) }) else { return nil }
            let range = missing.remove(at: index)
            if seq < range.upperBound { missing.insert(seq + 1...range.upperBound, at: index) }
            if seq > range.lowerBound { missing.insert(range.lowerBound...seq - 1, at: index) }
        }
        // Of more than 64 ranges, the first two with the smallest distance become one.
        while missing.count > 64 {
            var closest = 0
            for index in 1..<missing.count - 1
            where missing[index + 1].lowerBound - missing[index].upperBound
                < missing[closest + 1].lowerBound - missing[closest].upperBound
            {
                closest = index
            }
            let upper = missing.remove(at: closest + 1).upperBound
            missing[closest] = missing[closest].lowerBound...upper
        }
        time = max(time, eventTime)
        return gaps - before
    }

    mutating func touch(time eventTime: Int64) {
        time = max(time, eventTime)
    }

    /// The number of missing numbers, at most 2^32.
    private var gaps: Int { missing.reduce(0) { min($0 + $1.count, 1 << 32) } }

    /// The fields of the producer's hash.
    var fields: [String: String] {
        var fields = ["time": String(time)]
        if highest > 0 { fields["seq"] = String(highest) }
        if dead > 0 { fields["dead"] = String(dead) }
        if deleted > 0 { fields["deleted"] = String(deleted) }
        if !missing.isEmpty {
            fields["missing"] = missing.map {
                $0.count == 1 ? "\($0.lowerBound)" : "\($0.lowerBound)-\($0.upperBound)"
            }.joined(separator: " ")
        }
        return fields
    }
}
