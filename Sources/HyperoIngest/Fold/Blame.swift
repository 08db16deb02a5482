import HyperoSchema

/// Finds the entries of a batch whose changes are in a command: when Redis does not run it, they become dead letters.
///
/// It looks at the events again, so that the fold, which runs for every event, need not remember what it was told by whom.
struct Blame {
    private let batch: Batch
    private let keys: Keyspace
    /// Entries that changed nothing: dead ones and duplicates.
    private let idle: Set<Int>

    init(_ batch: Batch, _ folded: Folded, in keys: Keyspace) {
        self.batch = batch
        self.keys = keys
        idle = Set(folded.deadLetters.map(\.item)).union(folded.duplicates)
    }

    /// The places of the entries behind a change, ascending.
    func items(behind change: IndexChange) -> [Int] {
        guard let isBehind = test(of: change) else { return [] }
        return batch.items.indices.filter { place in
            guard !idle.contains(place), case .event(let event, let subjects) = batch.items[place].content else {
                return false
            }
            return isBehind(event, subjects)
        }
    }

    private typealias Test = (Event, Batch.Subjects) -> Bool

    private func test(of change: IndexChange) -> Test? {
        let key = change.key
        if key == keys.batteries {
            let members = members(of: change)
            return { event, _ in event.body.kind == .battery && members.contains(event.battery.text) }
        }
        if let place = batch.producers.firstIndex(where: { keys.producer($0) == key }) {
            return { _, subjects in subjects.producer == place }
        }
        for (place, experiment) in batch.experiments.enumerated() {
            if key == keys.experiment(experiment) { return { _, subjects in subjects.experiment == place } }
            guard key == keys.curve(of: experiment) else { continue }
            return { event, subjects in subjects.experiment == place && event.hasRows }
        }
        for (place, battery) in batch.batteries.enumerated() where key.hasPrefix(keys.battery(battery)) {
            if let test = test(of: change, to: battery, at: place) { return test }
        }
        return nil
    }

    private func test(of change: IndexChange, to battery: BatteryID, at place: Int) -> Test? {
        let members = members(of: change)
        switch change.key {
        case keys.battery(battery): return { _, subjects in subjects.battery == place }
        case keys.experiments(of: battery):
            return { event, subjects in subjects.battery == place && event.isOf(members) }
        case keys.columns(of: battery):
            return { event, subjects in
                subjects.battery == place && event.columns.contains { members.contains($0) }
            }
        case let key where key.hasPrefix(keys.rank(of: battery, by: "")):
            return { event, subjects in
                subjects.battery == place && event.isOf(members) && (event.hasRows || event.body.kind == .maxima)
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

extension Event {
    /// Whether it writes rows of the curve.
    fileprivate var hasRows: Bool { body.kind == .epoch || body.kind == .curve }

    fileprivate func isOf(_ experiments: Set<String>) -> Bool {
        experiment.map { experiments.contains($0.text) } ?? false
    }

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
