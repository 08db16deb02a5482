package import HyperoSchema

/// A source of hyper-parameters that learns from the past trials of a search: the tree-structured Parzen estimator.
///
/// The past trials are divided into the good ones, which are the best tenth and at most ``SearchHistory/maxGood``, and the bad ones.
/// The density l is that of the good trials, and g that of the bad ones. Of ``candidateCount`` candidates drawn from l, the one with
/// the highest l / g is the suggestion: it is where good trials are frequent and bad ones rare.
///
/// The hyper-parameters that all ended trials have, with equal distributions, are drawn together: see ``ParzenEstimator``. Any other
/// one, such as that of a branch or one whose bounds were changed, is drawn alone, from the trials that have it. It is drawn from its
/// distribution if none has it. So are all hyper-parameters until ``startCount`` trials have ended.
///
/// A value depends only on the seed, the number of the trial, the past trials, the name and the distribution. The same name with the
/// same distribution has the same value again. Between machines whose math libraries differ in the last bits, another candidate may
/// win, so record the values for a trial that is repeated.
///
/// Invalid bounds are a programming error and trap with a message that names the parameter.
///
/// Sources: Bergstra, Bardenet, Bengio, Kégl, "Algorithms for Hyper-Parameter Optimization", NIPS 2011. Watanabe, "Tree-Structured
/// Parzen Estimator: Understanding Its Algorithm Components", arXiv 2304.11127. The number of good trials and the choice of the
/// hyper-parameters that are drawn together are those of optuna 5.
package struct TPESampler: Sendable {
    /// The number of trials that end before the first suggestion.
    package static let startCount = 10
    /// The number of candidates for a suggestion. More would repeat the best trials, and find fewer new ones.
    package static let candidateCount = 24

    let prior: PriorSampler
    let table: ParameterTable
    /// The good and the bad trials; nil while there are too few.
    let trials: (good: [KeptTrial], bad: [KeptTrial])?
    /// The values of the hyper-parameters that are drawn together, by their index.
    private var planned: [Int: DrawnValue] = [:]

    /// Creates the sampler of a trial.
    ///
    /// - Parameters:
    ///   - seed: The seed of the search.
    ///   - trial: The number of the trial in its search.
    ///   - history: The past trials.
    ///   - avoidsRunning: true to regard trials that are running as bad, so that many trials in parallel differ.
    package init(seed: UInt64, trial: UInt64, history: SearchHistory, avoidsRunning: Bool = false) {
        prior = PriorSampler(seed: seed, trial: trial)
        table = history.table
        guard history.endedCount >= Self.startCount, history.finiteCount > 0 else {
            trials = nil
            return
        }
        let trials = (good: history.good, bad: history.bad(includesRunning: avoidsRunning))
        self.trials = trials
        planned = plan(history.commonParameters, good: trials.good, bad: trials.bad)
    }

    /// Returns the value of a hyper-parameter.
    package func value(of name: String, from distribution: Distribution) -> DrawnValue {
        switch choice(of: name, from: distribution) {
        case .prior: return prior.value(of: name, from: distribution)
        case .planned(let value): return value
        case .alone(let axis, let good, let bad):
            let seed = DrawSeed(seed: prior.seed, trial: prior.trial, name: name, purpose: .candidates)
            return axis.value(at: Self.suggestion(good: [good], bad: [bad], on: [axis], seed)[0])
        }
    }

    /// The way in which a value is chosen, with the data that it needs.
    enum Choice {
        /// A draw from the distribution.
        case prior
        /// The part of a suggestion of all hyper-parameters that the ended trials have.
        case planned(DrawnValue)
        /// A suggestion from the coordinates of the trials that have the hyper-parameter.
        case alone(ParameterAxis, good: [Double], bad: [Double])
    }

    /// Returns the way in which the value of a hyper-parameter is chosen.
    func choice(of name: String, from distribution: Distribution) -> Choice {
        guard let trials else { return .prior }
        let parameters = table.indexes(of: ExactText(name))
        if let planned = parameters.first(where: { table.parameters[$0].distribution == distribution })
            .flatMap({ planned[$0] })
        {
            return .planned(planned)
        }
        guard let axis = ParameterAxis(distribution) else { return .prior }
        let (good, bad) = (
            coordinates(on: axis, of: parameters, in: trials.good),
            coordinates(on: axis, of: parameters, in: trials.bad)
        )
        return good.isEmpty && bad.isEmpty ? .prior : .alone(axis, good: good, bad: bad)
    }

    /// Returns the coordinates of the trials that have one of the hyper-parameters of a name.
    private func coordinates(on axis: ParameterAxis, of parameters: [Int], in trials: [KeptTrial]) -> [Double] {
        trials.compactMap { trial in
            guard let point = trial.point(ofAny: parameters) else { return nil }
            let distribution = table.parameters[point.parameter].distribution
            guard distribution != axis.distribution else { return point.coordinate.isNaN ? nil : point.coordinate }
            return axis.coordinate(of: point.value, from: distribution)
        }
    }

    /// Draws the hyper-parameters that all trials have.
    private func plan(_ common: [Int], good: [KeptTrial], bad: [KeptTrial]) -> [Int: DrawnValue] {
        guard !common.isEmpty else { return [:] }
        func coordinates(in trials: [KeptTrial]) -> [[Double]] {
            var lists = common.map { _ in [Double]() }
            for trial in trials { trial.appendCoordinates(of: common, to: &lists) }
            return lists
        }
        // In the order of the names, because the indexes depend on the order in which the trials were recorded.
        let order = common.indices.sorted { table.parameters[common[$0]].name < table.parameters[common[$1]].name }
        let axes = order.compactMap { table.axes[common[$0]] }
        let (good, bad) = (coordinates(in: good), coordinates(in: bad))
        let suggestion = Self.suggestion(
            good: order.map { good[$0] }, bad: order.map { bad[$0] }, on: axes,
            DrawSeed(seed: prior.seed, trial: prior.trial, name: "", purpose: .jointCandidates))
        var values: [Int: DrawnValue] = [:]
        for (place, axis) in axes.enumerated() { values[common[order[place]]] = axis.value(at: suggestion[place]) }
        return values
    }

    /// Returns the coordinates of the best candidate, one per axis.
    ///
    /// - Parameters:
    ///   - good: The coordinates of the good trials, a list per axis.
    ///   - bad: Those of the bad trials.
    private static func suggestion(
        good: [[Double]], bad: [[Double]], on axes: [ParameterAxis], _ seed: DrawSeed
    ) -> [Double] {
        var generator = Xoshiro256(seed: seed)
        let (good, bad) = (ParzenEstimator(good, on: axes), ParzenEstimator(bad, on: axes))
        let candidates = good.candidates(candidateCount, using: &generator)
        let scores = zip(good.logDensities(of: candidates), bad.logDensities(of: candidates)).map { $0 - $1 }
        var best = 0
        for (index, score) in scores.enumerated() where score > scores[best] { best = index }
        return candidates.map { $0[best] }
    }
}
