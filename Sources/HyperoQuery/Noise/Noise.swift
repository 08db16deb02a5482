/// The part of the differences between experiments that is luck: an estimate of the standard deviation of a result if its
/// training is repeated.
public struct Noise: Sendable, Hashable {
    /// The data from which the standard deviation was estimated.
    public enum Source: Sendable, Hashable {
        /// Experiments of equal hyper-parameters that are done: the pooled standard deviation within groups of two or more. If
        /// possible, only those that had finite values: the result of a training that diverged is far from the others, and would hide
        /// their differences.
        case replicas(groupCount: Int)
        /// The changes of the objective between the epochs of the last quarter of the best experiment. A lower bound, because the epochs
        /// of one training differ less than trainings.
        case curve(experiment: String, epochCount: Int)
    }

    /// The standard deviation of a result.
    public let standardDeviation: Double
    /// The data from which it was estimated.
    public let source: Source

    /// The number of standard deviations below which a difference counts as luck.
    static let factor = 2.0

    /// Estimates the noise from the groups of equal hyper-parameters.
    ///
    /// - Returns: nil if no group has two members, or if those of each group are equal: a deviation of 0 is no estimate.
    init?(replicas groups: some Collection<Spread>) {
        guard let pooled = Spread.pooled(groups), pooled > 0 else { return nil }
        standardDeviation = pooled
        source = .replicas(groupCount: groups.count { $0.count > 1 })
    }

    /// Estimates the noise from the last quarter of a learning curve: from the differences between its epochs, whose variance is
    /// twice that of a value. The slope of a curve that still rises is no noise, so that their mean is taken away.
    ///
    /// Source: von Neumann, Kent, Bellinson, Hart, The mean square successive difference, Annals of Mathematical Statistics 12 (1941).
    ///
    /// - Parameters:
    ///   - values: the values of the objective in the order of the epochs; nil or not finite for none.
    ///   - experiment: the id of the experiment.
    /// - Returns: nil if the last quarter has fewer than four finite values, or only equal differences, as a converged training has.
    init?(curve values: [Double?], of experiment: String) {
        let last = values.suffix((values.count + 3) / 4).compactMap(\.self).filter(\.isFinite)
        let differences = zip(last, last.dropFirst()).map { $1 - $0 }.filter(\.isFinite)
        guard differences.count > 2, let deviation = Spread(differences).standardDeviation else { return nil }
        standardDeviation = deviation / 2.0.squareRoot()
        // Differences that are equal but for their rounding are a straight line.
        let largest = last.reduce(0) { max($0, abs($1)) }
        guard standardDeviation > largest * 1e-14 else { return nil }
        source = .curve(experiment: experiment, epochCount: last.count)
    }

    /// Returns whether the difference of two means may be luck.
    ///
    /// The limit is two standard deviations for single results, and decreases with the numbers of results of which the means
    /// are taken: the variance of a mean of n is 1/n of that of a result.
    ///
    /// - Parameters:
    ///   - difference: the difference of the means.
    ///   - counts: the number of results in each mean, at least 1.
    func covers(_ difference: Double, counts: (Int, Int) = (1, 1)) -> Bool {
        let share = ((1 / Double(max(counts.0, 1)) + 1 / Double(max(counts.1, 1))) / 2).squareRoot()
        return abs(difference) <= Self.factor * standardDeviation * share
    }
}
