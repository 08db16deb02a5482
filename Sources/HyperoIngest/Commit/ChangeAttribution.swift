import HyperoSchema

/// The attribution of changes to the entries of a batch. If Redis rejects a change, its entries become dead letters.
///
/// It is computed from the batch after a failure, so that the fold, which runs for every event, need not track the
/// origin of each change.
struct ChangeAttribution {
    /// A key that entries change, with the index of its subject in the batch.
    private enum Subject {
        case batteries
        case producer(Int)
        case experiment(Int)
        case curve(Int)
        case battery(Int)
        case experiments(Int)
        case columns(Int)
        case space(Int)
        case rank(Int)
        case search(Int)
        case searches(Int)
        case trials(Int)
        case rung
    }

    private let batch: DecodedBatch
    private let keyspace: Keyspace
    /// The keys other than rankings.
    private var subjects: [String: Subject] = [:]
    private var batteryIndexes: [String: Int] = [:]
    private var experimentIndexes: [String: Int] = [:]
    /// The indices of the entries that changed something, ascending, by the index of their subject.
    private var itemsByProducer: [[Int]]
    private var itemsByBattery: [[Int]]
    private var itemsByExperiment: [[Int]]

    /// - Parameter unapplied: the indices of the entries that changed nothing: dead letters, duplicates, and events of
    ///   deleted subjects.
    init(of batch: DecodedBatch, unapplied: Set<Int>, keyspace: Keyspace) {
        self.batch = batch
        self.keyspace = keyspace
        itemsByProducer = Array(repeating: [], count: batch.producers.count)
        itemsByBattery = Array(repeating: [], count: batch.batteries.count)
        itemsByExperiment = Array(repeating: [], count: batch.experiments.count)
        for (index, item) in batch.items.enumerated() where !unapplied.contains(index) {
            WorkCounter.count(1)
            if case .rejected = item.content { continue }
            if item.subjects.producer >= 0 { itemsByProducer[item.subjects.producer].append(index) }
            if item.subjects.battery >= 0 { itemsByBattery[item.subjects.battery].append(index) }
            if item.subjects.experiment >= 0 { itemsByExperiment[item.subjects.experiment].append(index) }
        }
        subjects[keyspace.batteries] = .batteries
        subjects[keyspace.deleted] = .batteries
        for (index, id) in batch.producers.enumerated() { subjects[keyspace.producer(id)] = .producer(index) }
        for (index, id) in batch.experiments.enumerated() {
            subjects[keyspace.experiment(id)] = .experiment(index)
            subjects[keyspace.curve(of: id)] = .curve(index)
            experimentIndexes[id.text] = index
        }
        for (index, id) in batch.batteries.enumerated() {
            subjects[keyspace.battery(id)] = .battery(index)
            subjects[keyspace.experiments(of: id)] = .experiments(index)
            subjects[keyspace.columns(of: id)] = .columns(index)
            subjects[keyspace.space(of: id)] = .space(index)
            subjects[keyspace.searches(of: id)] = .searches(index)
            batteryIndexes[id.text] = index
        }
        for (index, id) in batch.searches.enumerated() {
            subjects[keyspace.search(id)] = .search(index)
            subjects[keyspace.trials(of: id)] = .trials(index)
        }
    }

    init(of result: FoldResult, in batch: DecodedBatch, keyspace: Keyspace) {
        self.init(
            of: batch, unapplied: Set(result.deadLetters.map(\.item)).union(result.skipped), keyspace: keyspace)
    }

    /// Returns the indices of the entries that contribute to a change, ascending.
    func items(changing change: IndexChange) -> [Int] {
        let members = Self.members(of: change)
        WorkCounter.count(members.count + 1)
        switch subject(of: change.key) {
        case .batteries:
            return members.compactMap { batteryIndexes[$0] }.flatMap { itemsByBattery[$0] }
                .filter { batch.items[$0].subjects.experiment < 0 }.sorted()
        case .producer(let index): return itemsByProducer[index]
        case .experiment(let index): return itemsByExperiment[index]
        case .curve(let index): return itemsByExperiment[index].filter { batch.changesRows(batch.items[$0]) }
        case .battery(let index): return itemsByBattery[index]
        case .experiments(let battery): return items(of: members, in: battery)
        case .columns(let battery):
            let members = Set(members.map { ExactText($0) })
            return itemsByBattery[battery].filter { item in
                batch.columns(of: batch.items[item]).contains { members.contains(ExactText($0)) }
            }
        case .space(let battery): return itemsByBattery[battery].filter { batch.hasSpaces(batch.items[$0]) }
        case .rank(let battery): return items(of: members, in: battery).filter { batch.mayRank(batch.items[$0]) }
        case .search(let index): return items(of: index)
        case .trials(let index): return items(of: index).filter { batch.mayEnterHistory(batch.items[$0]) }
        case .rung:
            return members.compactMap { experimentIndexes[$0] }.flatMap { itemsByExperiment[$0] }
                .filter { batch.hasRows(batch.items[$0]) }.sorted()
        case .searches(let battery):
            return itemsByBattery[battery].filter { batch.searchKind(of: batch.items[$0]) == .search }
        case nil: return []
        }
    }

    private func subject(of key: String) -> Subject? {
        if let subject = subjects[key] { return subject }
        // All other keys of searches are in `subjects`.
        if key.dropping(prefix: keyspace.searchPrefix) != nil { return .rung }
        // A ranking: the id of a battery contains no colon.
        let prefix = keyspace.batteryPrefix
        guard let id = key.dropping(prefix: prefix)?.prefix(while: { $0 != ":" }) else { return nil }
        guard let index = batteryIndexes[String(id)],
            key.dropping(prefix: keyspace.rank(of: batch.batteries[index], by: "")) != nil
        else { return nil }
        return .rank(index)
    }

    private func items(of experiments: [String], in battery: Int) -> [Int] {
        experiments.compactMap { experimentIndexes[$0] }.flatMap { itemsByExperiment[$0] }
            .filter { batch.items[$0].subjects.battery == battery }.sorted()
    }

    /// Returns the indices of the entries of a search and of its trials, ascending.
    private func items(of search: Int) -> [Int] {
        itemsByBattery.joined().filter { index in
            let item = batch.items[index]
            WorkCounter.count(1)
            if item.subjects.experiment >= 0 { return batch.trials[item.subjects.experiment]?.search == search }
            guard case .event(let event) = item.content else { return false }
            return batch.search(of: batch.events[event]) == search
        }.sorted()
    }

    private static func members(of change: IndexChange) -> [String] {
        switch change {
        case .addScores(_, let scored, _): scored.map(\.member)
        case .removeMembers(_, let members): members
        default: []
        }
    }
}

extension DecodedBatch {
    /// Returns the kind of an event of a search; nil for any other entry.
    func searchKind(of item: Item) -> EventKind? {
        guard case .event(let index) = item.content, events[index].body.search != nil else { return nil }
        return events[index].body.kind
    }

    /// Returns whether an entry of a trial may add an entry to the history of its search. A claim may end a trial.
    func mayEnterHistory(_ item: Item) -> Bool {
        if case .event(let index) = item.content, [.end, .claim].contains(events[index].body.kind) { return true }
        return hasRows(item)
    }

    /// Returns whether an entry writes rows of the curve.
    func hasRows(_ item: Item) -> Bool {
        switch item.content {
        case .row: true
        case .event(let index): events[index].body.kind == .epoch || events[index].body.kind == .curve
        case .rejected, .alive: false
        }
    }

    /// Returns whether an entry writes or withdraws rows of the curve.
    func changesRows(_ item: Item) -> Bool { hasRows(item) || isResumption(item) }

    /// Returns whether an entry withdraws rows.
    private func isResumption(_ item: Item) -> Bool {
        guard case .event(let index) = item.content, case .start(let start) = events[index].body else { return false }
        return start.from != nil
    }

    /// Returns whether an entry has distributions of hyper-parameters.
    func hasSpaces(_ item: Item) -> Bool {
        guard case .event(let index) = item.content, case .param(_, let spaces) = events[index].body else {
            return false
        }
        return !spaces.isEmpty
    }

    /// Returns whether an entry may change rankings.
    func mayRank(_ item: Item) -> Bool {
        if case .event(let index) = item.content, events[index].body.kind == .maxima { return true }
        return changesRows(item)
    }

    /// Returns the columns that an entry may add.
    func columns(of item: Item) -> [String] {
        switch item.content {
        case .row(_, let row): Event.columns(ofChannels: rows.channels(of: row))
        case .event(let index): events[index].columns
        case .rejected, .alive: []
        }
    }
}

extension Event {
    /// The columns that the event may add.
    fileprivate var columns: [String] {
        switch body {
        case .param(let entries, _): entries.map { Prefix.param + $0.name }
        case .meta(let entries): entries.map { Prefix.meta + $0.name }
        case .epoch(_, let cells), .maxima(_, let cells): Self.columns(ofChannels: cells.map(\.channel))
        case .curve(_, let series): Self.columns(ofChannels: series.map(\.channel))
        case .battery, .start, .end, .alive, .search, .claim, .enqueue: []
        }
    }

    /// Returns the columns that a row or maxima with some channels may add.
    fileprivate static func columns(ofChannels channels: [String]) -> [String] {
        channels.map { Prefix.max + $0 } + channels.map { Prefix.curve + $0 }
    }
}
