package import HyperoSchema

extension Search {
    /// The source of the hyper-parameters of a search's trials.
    public enum Sampler: String, Sendable, Hashable, CaseIterable {
        /// The tree-structured Parzen estimator, which learns from the trials that have ended: it prefers values that are frequent
        /// among the best tenth and rare among the others. The first ten trials are drawn at random.
        ///
        /// Source: Bergstra, Bardenet, Bengio, Kégl, "Algorithms for Hyper-Parameter Optimization", NIPS 2011.
        case tpe
        /// Each hyper-parameter from its distribution, whatever other trials have found.
        case random
    }

    /// The rule by which a search stops bad trainings early.
    ///
    /// The objective of a training is compared with those of the others at the epochs `first`, 3 · `first`, 9 · `first`, …, the rungs.
    public struct Stopping: Sendable, Hashable {
        /// The epochs of a whole training.
        public let epochs: Int
        let kind: StoppingRule.Kind
        let first: Int?
        let factor: Int?

        /// Goes on with the best third at each rung, and looks again at every epoch: asynchronous successive halving.
        ///
        /// Source: Li et al., "A System for Massively Parallel Hyperparameter Tuning", MLSys 2020.
        ///
        /// - Parameters:
        ///   - epochs: The epochs of a whole training, 2 to 1,000,000.
        ///   - first: The first rung, from 1 and below `epochs`. The default is the larger of 3 and `epochs` / 27. After fewer epochs, the order of
        ///     trainings says little about their results.
        ///   - factor: The number by which rungs grow, and the trainings that go on become fewer, 2 to 100.
        public static func halving(epochs: Int, first: Int? = nil, factor: Int? = nil) -> Stopping {
            Stopping(epochs: epochs, kind: .halving, first: first, factor: factor)
        }

        /// Goes on with the better half at each rung, from five trainings on.
        ///
        /// - Parameters:
        ///   - epochs: The epochs of a whole training, 2 to 1,000,000.
        ///   - first: The first rung, as in ``halving(epochs:first:factor:)``.
        public static func median(epochs: Int, first: Int? = nil) -> Stopping {
            Stopping(epochs: epochs, kind: .median, first: first, factor: nil)
        }

        /// The rule in the declaration of the search.
        package var declared: StoppingRule {
            StoppingRule(kind, epochs: epochs, first: first, factor: factor ?? StoppingRule.defaultFactor)
        }
    }
}
