package import HyperoSchema

/// An experiment or a battery whose hash another client has removed, for example by DEL or because Redis evicts keys.
///
/// The owner finds this out if an HSET of a subject that existed adds every field, or if it reads a hash without the
/// fields that are written first. What is left is no whole experiment, and is removed.
package enum VanishedSubject: Sendable, Hashable {
    /// An experiment, with the battery that its events name.
    case experiment(ExperimentID, BatteryID)
    /// A battery, with the changes that declare it if it was declared again at the same time, and the experiments with events
    /// at that time.
    case battery(BatteryID, redeclaration: [IndexChange], experiments: [ExperimentID])
}
