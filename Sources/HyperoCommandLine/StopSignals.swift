package import HyperoCore

/// The signals that end a program: the first one finishes the present work, a later one ends the program at once.
///
/// Two signals within a moment are one request. `timeout` of coreutils sends SIGTERM to the program and to its process group, and
/// service managers may do the same.
package struct StopSignals {
    /// The reaction to a signal.
    package enum Action {
        /// Finishes the present work.
        case finish
        /// Changes nothing.
        case ignore
        /// Ends the program at once.
        case exitAtOnce
    }

    /// The time after the first signal in which another one is the same request.
    package static let moment: Duration = .milliseconds(500)

    private var first: MonotonicTime?

    package init() {}

    /// Returns the reaction to a signal that arrives at a time.
    package mutating func action(at time: MonotonicTime) -> Action {
        guard let first else {
            first = time
            return .finish
        }
        return time < first + Self.moment ? .ignore : .exitAtOnce
    }
}
