package import HyperoSchema

/// The past trials of a search, of which it keeps those that a suggestion needs.
///
/// A suggestion compares the best tenth of the ended trials, at most ``maxGood``, with the newest ``maxBad`` of the others. The history
/// keeps the best ``maxGood`` trials, the newest ``maxBad`` + ``maxGood``, and ``maxBad`` that are running, so its size is bounded for
/// any number of trials. Older bad trials have no effect on a suggestion: the papers give them a low weight.
///
/// The first end of a trial counts. A trial that ends again, for example because its event was sent again, changes nothing. A trial
/// without hyper-parameters teaches nothing, and is not counted. The order in which the ends are recorded has no effect.
package struct SearchHistory: Sendable {
    /// The highest number of good trials.
    package static let maxGood = 25
    /// The highest number of bad trials, and of running trials that are kept.
    package static let maxBad = 1_000

    /// The direction of the objective.
    package let direction: Direction
    /// The number of trials that have ended.
    package private(set) var endedCount = 0
    /// The number of trials that have ended with a finite value.
    package private(set) var finiteCount = 0

    /// The hyper-parameters of the trials that are kept.
    private(set) var table = ParameterTable()
    /// The size of the table at which those that no kept trial has are removed.
    private var tableLimit = 1_024
    private var endedNumbers = TrialNumbers()
    /// The best trials, the best one first.
    private var best: [(order: TrialOrder, trial: KeptTrial)] = []
    /// The newest trials that have ended, in the order of their numbers.
    private var newest: [KeptTrial] = []
    /// The newest trials that are running, in the order of their numbers.
    private var running: [KeptTrial] = []
    /// The indexes of the hyper-parameters that all ended trials have, in order; nil before the first end.
    private var common: [Int]?

    package init(direction: Direction) {
        self.direction = direction
    }

    /// Records a trial that runs or has ended.
    package mutating func record(_ trial: PastTrial) {
        guard !trial.parameters.isEmpty else { return }
        if let order = TrialOrder(of: trial, direction: direction) {
            guard endedNumbers.insert(trial.number) else { return }
            running.removeAll { $0.number == trial.number }
            recordEnd(of: KeptTrial(trial, &table), order)
        } else if !endedNumbers.contains(trial.number) {
            Self.insert(KeptTrial(trial, &table), into: &running, limit: Self.maxBad)
        }
        if table.count > tableLimit { compactTable() }
    }

    private mutating func recordEnd(of trial: KeptTrial, _ order: TrialOrder) {
        endedCount += 1
        if order.isFinite { finiteCount += 1 }
        let parameters = trial.points.map(\.parameter)
        common = common?.filter(parameters.contains) ?? parameters
        let place = best.firstIndex { order < $0.order } ?? best.count
        if place < Self.maxGood {
            best.insert((order, trial), at: place)
            if best.count > Self.maxGood { best.removeLast() }
        }
        Self.insert(trial, into: &newest, limit: Self.maxBad + Self.maxGood)
    }

    /// Inserts a trial into trials that are in the order of their numbers, of which it replaces one with the same number. Above the
    /// limit, the trial with the lowest number is removed.
    private static func insert(_ trial: KeptTrial, into trials: inout [KeptTrial], limit: Int) {
        var place = trials.count
        while place > 0, trials[place - 1].number > trial.number { place -= 1 }
        if place > 0, trials[place - 1].number == trial.number {
            trials[place - 1] = trial
            return
        }
        if trials.count == limit {
            guard place > 0 else { return }
            trials.removeFirst()
            place -= 1
        }
        trials.insert(trial, at: place)
    }

    /// Removes the hyper-parameters that no kept trial has.
    private mutating func compactTable() {
        var compact = ParameterTable()
        for place in best.indices { best[place].trial.renumber(from: table, to: &compact) }
        for place in newest.indices { newest[place].renumber(from: table, to: &compact) }
        for place in running.indices { running[place].renumber(from: table, to: &compact) }
        common = common.map { $0.map { compact.index(of: table.parameters[$0]) }.sorted() }
        table = compact
        tableLimit = max(1_024, 2 * compact.count)
    }
}

// The data of a suggestion.
extension SearchHistory {
    /// The number of good trials: the best tenth, but only those with a finite value.
    private var goodCount: Int { min((endedCount + 9) / 10, Self.maxGood, finiteCount) }

    /// The good trials, in the order of their numbers.
    var good: [KeptTrial] { best.prefix(goodCount).map(\.trial).sorted { $0.number < $1.number } }

    /// Returns the bad trials, in the order of their numbers.
    ///
    /// - Parameter includesRunning: true to regard trials that are running as bad.
    func bad(includesRunning: Bool) -> [KeptTrial] {
        let good = best.prefix(goodCount).map(\.trial.number)
        var bad = newest.filter { !good.contains($0.number) }
        if includesRunning { bad = (bad + running).sorted { $0.number < $1.number } }
        return Array(bad.suffix(Self.maxBad))
    }

    /// The indexes of the hyper-parameters that all ended trials have with equal distributions, and that have an axis.
    var commonParameters: [Int] { (common ?? []).filter { table.axes[$0] != nil } }
}
