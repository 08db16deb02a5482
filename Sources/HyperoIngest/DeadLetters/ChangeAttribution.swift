import HyperoSchema

/// Finds the entries of a batch whose changes are in a command: when Redis does not run it, they become dead letters.
///
/// It looks at the events again, so that the fold, which runs for every event, need not remember what it was told by whom.
struct ChangeAttribution {
    private let batch: DecodedBatch
    private let keys: Keyspace
    /// Entries that changed nothing: dead ones and duplicates.
    private let idle: Set<Int>

    init(_ batch: DecodedBatch, _ folded: FoldResult, in keys: Keyspace) {
        self.batch = batch
        self.keys = keys
        idle = Set(folded.deadLetters.map(\.item)).union(folded.duplicates)
    }

    /// The places of the entries behind a change, ascending.
    func items(behind change: IndexChange) -> [Int] {
        guard let isBehind = test(of: change) else { return [] }
        return batch.items.indices.filter { place in
            guard !idle.contains(place) else { return false }
            switch batch.items[place].content {
            case .row, .event: return isBehind(batch.items[place])
            case .rejected: return false
            }
        }
    }

    private typealias Test = (DecodedBatch.Item) -> Bool

    private func test(of change: IndexChange) -> Test? {
        let key = change.key
        if key == keys.batteries {
            let members = members(of: change)
            return { item in
                item.subjects.experiment < 0 && members.contains(batch.batteries[item.subjects.battery].text)
            }
        }
        if let place = batch.producers.firstIndex(where: { keys.producer($0) == key }) {
            return { $0.subjects.producer == place }
        }
        for (place, experiment) in batch.experiments.enumerated() {
            if key == keys.experiment(experiment) { return { $0.subjects.experiment == place } }
            guard key == keys.curve(of: experiment) else { continue }
            return { $0.subjects.experiment == place && batch.hasRows($0) }
        }
        for (place, battery) in batch.batteries.enumerated() where key.hasPrefix(keys.battery(battery)) {
            if let test = test(of: change, to: battery, at: place) { return test }
        }
        return nil
    }

    private func test(of change: IndexChange, to battery: BatteryID, at place: Int) -> Test? {
        let members = members(of: change)
        switch change.key {
        case keys.battery(battery): return { $0.subjects.battery == place }
        case keys.experiments(of: battery):
            return { $0.subjects.battery == place && batch.isOf(members, $0) }
        case keys.columns(of: battery):
            return { item in
                item.subjects.battery == place && batch.columns(of: item).contains { members.contains($0) }
            }
        case let key where key.hasPrefix(keys.rank(of: battery, by: "")):
            return { item in
                item.subjects.battery == place && batch.isOf(members, item) && batch.mayRank(item)
            }
        default: return nil
        }
    }

    private func members(of change: IndexChange) -> Set<String> {
        switch change {
        case .addScores(_, let scored, _): Set(scored.map(\.member))
        case .removeMembers(_, let members): Set(members)
        default: []
        }
    }
}

extension DecodedBatch {
    /// Whether the entry writes rows of the curve.
    fileprivate func hasRows(_ item: Item) -> Bool {
        switch item.content {
        case .row: true
        case .event(let place): events[place].body.kind == .epoch || events[place].body.kind == .curve
        case .rejected: false
        }
    }

    fileprivate func mayRank(_ item: Item) -> Bool {
        if case .event(let place) = item.content, events[place].body.kind == .maxima { return true }
        return hasRows(item)
    }

    fileprivate func isOf(_ ids: Set<String>, _ item: Item) -> Bool {
        item.subjects.experiment >= 0 && ids.contains(experiments[item.subjects.experiment].text)
    }

    /// The columns that the entry may have brought.
    fileprivate func columns(of item: Item) -> [String] {
        switch item.content {
        case .row(_, let row): rows.channels(of: row).map { Prefix.max + $0 }
        case .event(let place): events[place].columns
        case .rejected: []
        }
    }
}

extension Event {
    /// The columns that it may have brought.
    fileprivate var columns: [String] {
        switch body {
        case .param(let entries): entries.map { Prefix.param + $0.name }
        case .meta(let entries): entries.map { Prefix.meta + $0.name }
        case .epoch(_, let cells), .maxima(_, let cells): cells.map { Prefix.max + $0.channel }
        case .curve(_, let series): series.map { Prefix.max + $0.channel }
        case .battery, .start, .end: []
        }
    }
}
