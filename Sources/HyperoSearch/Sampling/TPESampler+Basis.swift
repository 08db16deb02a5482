package import HyperoSchema

// The reasons of a suggestion, for people.
extension TPESampler {
    /// The data that a value depends on.
    package enum Basis: Sendable, Hashable {
        /// The distribution alone: too few trials have ended, none of them has the hyper-parameter, or it has one value only.
        case distribution
        /// The good and the bad trials, together with the other hyper-parameters that all of them have.
        case together
        /// The trials that have the hyper-parameter, so many good and bad ones.
        case alone(good: Int, bad: Int)
    }

    /// The numbers of good and of bad trials; nil while there are too few for a suggestion.
    package var trialCounts: (good: Int, bad: Int)? { trials.map { ($0.good.count, $0.bad.count) } }

    /// Returns the data that the value of a hyper-parameter depends on.
    package func basis(of name: String, from distribution: Distribution) -> Basis {
        switch choice(of: name, from: distribution) {
        case .prior: .distribution
        case .planned: .together
        case .alone(_, let good, let bad): .alone(good: good.count, bad: bad.count)
        }
    }

    /// Returns the values of a hyper-parameter in the good trials, in the order of their numbers. Those that the distribution cannot
    /// draw are left out.
    package func goodValues(of name: String, from distribution: Distribution) -> [DrawnValue] {
        guard let trials else { return [] }
        let parameters = table.indexes(of: ExactText(name))
        let axis = ParameterAxis(distribution)
        return trials.good.compactMap { trial in
            guard let point = trial.point(ofAny: parameters) else { return nil }
            let source = table.parameters[point.parameter].distribution
            if source == distribution { return point.value }
            // The place of a choice among others depends on the distribution.
            return axis.flatMap { axis in axis.coordinate(of: point.value, from: source).map(axis.value) }
        }
    }
}
