/// The rule by which the ingest stops bad trials of a search.
///
/// A trial enters each rung whose epoch it has reached. Its score there is its objective at that epoch. The rule
/// compares it with the scores of the other trials in the highest rung that it has entered.
///
/// Source of ``Kind/halving``: Li et al., "A System for Massively Parallel Hyperparameter Tuning", MLSys 2020. Source of
/// ``Kind/median``: Golovin et al., "Google Vizier: A Service for Black-Box Optimization", KDD 2017.
package struct StoppingRule: Sendable, Hashable {
    /// The share of the trials in a rung that continue.
    package enum Kind: String, Sendable, Hashable, CaseIterable {
        /// One out of ``StoppingRule/factor`` continues, and one at least.
        case halving
        /// Those continue that are not worse than the median. All continue while fewer than five are in the rung.
        case median
    }

    package var kind: Kind
    /// The epochs of a full training.
    package var epochs: Int
    /// The epoch of the first rung.
    package var first: Int
    /// The ratio of the epochs of two rungs.
    package var factor: Int

    package static let defaultFactor = 3

    /// - Parameter first: the epoch of the first rung; nil for a 27th of the epochs, and 3 at least. After fewer epochs, the order of
    ///   the trials says little about their ends.
    package init(_ kind: Kind, epochs: Int, first: Int? = nil, factor: Int = defaultFactor) {
        self.kind = kind
        self.epochs = epochs
        self.first = first ?? max(min(max(3, epochs / 27), max(epochs, 1) - 1), 1)
        self.factor = factor
    }

    /// The epochs of the rungs, ascending. All are below ``epochs``.
    package var rungs: [Int] {
        guard violation == nil else { return [] }
        return Array(sequence(first: first) { $0 * factor }.prefix { $0 < epochs })
    }

    /// Returns the highest rank in a rung of a number of trials that continues.
    package func lastKept(of count: Int) -> Int {
        switch kind {
        case .halving: max(1, count / factor)
        case .median: count < 5 ? count : count / 2 + 1
        }
    }

    /// A sentence about the first number that is out of its range; nil if there is none.
    package var violation: String? {
        guard Limits.stoppingEpochs.contains(epochs) else {
            return
                "the epochs of the stopping rule must be between \(Limits.stoppingEpochs.lowerBound) and "
                + "\(Limits.stoppingEpochs.upperBound), not \(epochs)"
        }
        guard (1..<epochs).contains(first) else {
            return "the first rung of the stopping rule must be between 1 and \(epochs - 1), not \(first)"
        }
        guard Limits.stoppingFactor.contains(factor) else {
            return
                "the factor of the stopping rule must be between \(Limits.stoppingFactor.lowerBound) and "
                + "\(Limits.stoppingFactor.upperBound), not \(factor)"
        }
        return nil
    }

    /// The names and values of its fields in an event and in the hash of a search.
    package var fields: [(name: String, value: String)] {
        [
            (EventField.stopping, kind.rawValue), (EventField.stoppingEpochs, String(epochs)),
            (EventField.stoppingFirst, String(first)), (EventField.stoppingFactor, String(factor)),
        ]
    }

    /// Creates a rule from the values of the fields; nil if one is absent or malformed.
    package init?(kind: String?, epochs: String?, first: String?, factor: String?) {
        guard let kind = kind.flatMap({ Kind(rawValue: $0) }), let epochs = epochs.flatMap({ Int($0) }),
            let first = first.flatMap({ Int($0) }), let factor = factor.flatMap({ Int($0) })
        else { return nil }
        self.init(kind, epochs: epochs, first: first, factor: factor)
        guard violation == nil else { return nil }
    }
}
