package import HyperoSchema

/// A trial of a search, as another trial sees it: its hyper-parameters and its result so far.
package struct PastTrial: Sendable, Hashable {
    /// The result of a trial.
    package enum Outcome: Sendable, Hashable {
        /// The training is complete. `value` is that of the objective.
        case finished(value: Double)
        /// The search has stopped the training after `epoch`, with a value of the objective.
        case stopped(epoch: Int, value: Double)
        /// The training is not complete.
        case running
    }

    /// A hyper-parameter with the distribution that it was drawn from.
    package struct Parameter: Sendable, Hashable {
        package var name: ExactText
        package var distribution: Distribution
        package var value: DrawnValue

        package init(_ name: String, _ distribution: Distribution, _ value: DrawnValue) {
            self.name = ExactText(name)
            self.distribution = distribution
            self.value = value
        }
    }

    /// The number of the trial in its search.
    package var number: Int
    package var outcome: Outcome
    /// The hyper-parameters. Of two with one name, the first one counts.
    package var parameters: [Parameter]

    package init(number: Int, _ outcome: Outcome, _ parameters: [Parameter]) {
        self.number = number
        self.outcome = outcome
        self.parameters = parameters
    }
}
