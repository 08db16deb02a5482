import HyperoSchema

/// The attribution of changes to the entries of a batch. If Redis rejects a change, its entries become dead letters.
///
/// It is computed from the batch after a failure, so that the fold, which runs for every event, need not track the
/// origin of each change.
struct ChangeAttribution {
    private typealias Predicate = (DecodedBatch.Item) -> Bool

    private let batch: DecodedBatch
    private let keyspace: Keyspace
    /// The indices of the entries that changed nothing: dead letters and duplicates.
    private let unapplied: Set<Int>

    init(of result: FoldResult, in batch: DecodedBatch, keyspace: Keyspace) {
        self.batch = batch
        self.keyspace = keyspace
        unapplied = Set(result.deadLetters.map(\.item)).union(result.duplicates)
    }

    /// Returns the indices of the entries that contribute to a change, ascending.
    func items(changing change: IndexChange) -> [Int] {
        guard let contributes = predicate(for: change) else { return [] }
        return batch.items.indices.filter { index in
            guard !unapplied.contains(index) else { return false }
            switch batch.items[index].content {
            case .row, .event: return contributes(batch.items[index])
            case .rejected: return false
            }
        }
    }

    private func predicate(for change: IndexChange) -> Predicate? {
        let key = change.key
        if key == keyspace.batteries {
            let members = members(of: change)
            return { item in
                item.subjects.experiment < 0 && members.contains(batch.batteries[item.subjects.battery].text)
            }
        }
        if let index = batch.producers.firstIndex(where: { keyspace.producer($0) == key }) {
            return { $0.subjects.producer == index }
        }
        for (index, experiment) in batch.experiments.enumerated() {
            if key == keyspace.experiment(experiment) { return { $0.subjects.experiment == index } }
            guard key == keyspace.curve(of: experiment) else { continue }
            return { $0.subjects.experiment == index && batch.hasRows($0) }
        }
        for (index, battery) in batch.batteries.enumerated() where key.hasPrefix(keyspace.battery(battery)) {
            if let predicate = predicate(for: change, of: battery, at: index) { return predicate }
        }
        return nil
    }

    private func predicate(for change: IndexChange, of battery: BatteryID, at index: Int) -> Predicate? {
        let members = members(of: change)
        switch change.key {
        case keyspace.battery(battery): return { $0.subjects.battery == index }
        case keyspace.experiments(of: battery):
            return { $0.subjects.battery == index && batch.isExperiment(of: $0, in: members) }
        case keyspace.columns(of: battery):
            return { item in
                item.subjects.battery == index && batch.columns(of: item).contains { members.contains($0) }
            }
        case let key where key.hasPrefix(keyspace.rank(of: battery, by: "")):
            return { item in
                item.subjects.battery == index && batch.isExperiment(of: item, in: members) && batch.mayRank(item)
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
    /// Returns whether an entry writes rows of the curve.
    fileprivate func hasRows(_ item: Item) -> Bool {
        switch item.content {
        case .row: true
        case .event(let index): events[index].body.kind == .epoch || events[index].body.kind == .curve
        case .rejected: false
        }
    }

    /// Returns whether an entry may change rankings.
    fileprivate func mayRank(_ item: Item) -> Bool {
        if case .event(let index) = item.content, events[index].body.kind == .maxima { return true }
        return hasRows(item)
    }

    fileprivate func isExperiment(of item: Item, in ids: Set<String>) -> Bool {
        item.subjects.experiment >= 0 && ids.contains(experiments[item.subjects.experiment].text)
    }

    /// Returns the columns that an entry may add.
    fileprivate func columns(of item: Item) -> [String] {
        switch item.content {
        case .row(_, let row): rows.channels(of: row).map { Prefix.max + $0 }
        case .event(let index): events[index].columns
        case .rejected: []
        }
    }
}

extension Event {
    /// The columns that the event may add.
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
