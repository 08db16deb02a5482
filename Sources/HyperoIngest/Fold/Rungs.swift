package import HyperoSchema

/// The scores of the trials of one search in the rungs of its stopping rule.
///
/// About 30 bytes per trial and rung. The rungs of all trials are in memory, because a verdict states the rank.
package struct Rungs: Sendable {
    /// The scores of one rung.
    private struct Rung: Sendable {
        /// The scores by the number of the trial, in parts; nan for a trial that has not entered.
        private var parts: [[Double]] = []
        private var ranked = RankedScores()

        private static let partSize = 256

        var count: Int { ranked.count }

        subscript(trial: Int) -> Double? {
            let (part, offset) = trial.quotientAndRemainder(dividingBy: Self.partSize)
            guard part < parts.count, offset < parts[part].count, !parts[part][offset].isNaN else { return nil }
            return parts[part][offset]
        }

        /// Sets the score of a trial.
        mutating func set(_ score: Double, of trial: Int) {
            let (part, offset) = trial.quotientAndRemainder(dividingBy: Self.partSize)
            while parts.count <= part { parts.append([]) }
            if parts[part].isEmpty { parts[part] = Array(repeating: .nan, count: Self.partSize) }
            let before = parts[part][offset]
            if !before.isNaN { ranked.remove(before) }
            parts[part][offset] = score
            ranked.insert(score)
        }

        /// Returns the number of trials that are better than a score.
        func rank(of score: Double) -> Int { ranked.rank(of: score) }

        /// The approximate memory in bytes.
        var cost: Int { 200 + parts.count * (Self.partSize * 8 + 40) + ranked.count * 20 }
    }

    let rule: StoppingRule
    /// The better direction of the objective.
    let direction: Direction
    /// The epochs of the rungs, ascending.
    package let epochs: [Int]
    /// By the index of the rung. Scores are negative if higher ones are better, so that lower ones are better here.
    private var rungs: [Rung]
    /// False if a key has another type. The rule then stops no trial.
    package var isReadable = true

    package init(_ rule: StoppingRule, direction: Direction) {
        self.rule = rule
        self.direction = direction
        epochs = rule.rungs
        rungs = epochs.map { _ in Rung() }
    }

    /// The approximate memory in bytes.
    var cost: Int { 200 + rungs.reduce(0) { $0 + $1.cost } }

    private func cost(of objective: Double) -> Double { direction == .min ? objective : -objective }

    /// Adds a member of a rung as it is in Redis. One that is no trial of the search is ignored.
    package mutating func add(_ member: Bytes, score: Double, toRung index: Int, of search: SearchID) {
        guard !score.isNaN, let trial = SearchID.trial(of: member), trial.search == search else { return }
        rungs[index].set(cost(of: score), of: trial.number)
    }

    /// Returns the score of a trial in a rung; nil if it has not entered.
    package func score(of trial: Int, inRung index: Int) -> Double? {
        rungs[index][trial].map { direction == .min ? $0 : -$0 }
    }

    /// Records a row.
    ///
    /// - Parameters:
    ///   - objective: the objective of the row; nil if it is not finite.
    ///   - best: the best objective of the rows before; nil without a finite one.
    /// - Returns: the indexes of the rungs whose score of the trial has changed.
    mutating func record(_ objective: Double?, at epoch: Int, of trial: Int, best: Double?) -> [Int] {
        var changed: [Int] = []
        for index in epochs.indices where epochs[index] <= epoch {
            let before = rungs[index][trial]
            // A trial that has skipped the epoch of the rung has the best of its rows before, and one without has this row.
            guard epochs[index] == epoch || before == nil else { continue }
            let known = epochs[index] == epoch ? objective : best ?? objective
            let score = known.map { cost(of: $0) } ?? .infinity
            guard score != before else { continue }
            rungs[index].set(score, of: trial)
            changed.append(index)
        }
        return changed
    }

    /// Returns the reason to stop a trial; nil if it continues.
    func verdict(of trial: Int) -> String? {
        guard let index = epochs.indices.last(where: { rungs[$0][trial] != nil }), let score = rungs[index][trial]
        else { return nil }
        let (count, rank) = (rungs[index].count, rungs[index].rank(of: score) + 1)
        let lastKept = rule.lastKept(of: count)
        guard rank > lastKept else { return nil }
        return "rung \(epochs[index]): \(Self.ordinal(rank)) of \(count), \(rule.kind.rawValue) keeps \(lastKept)"
    }

    private static func ordinal(_ number: Int) -> String {
        let isTeen = (11...13).contains(number % 100)
        let suffix = isTeen ? "th" : [1: "st", 2: "nd", 3: "rd"][number % 10] ?? "th"
        return "\(number)\(suffix)"
    }
}
