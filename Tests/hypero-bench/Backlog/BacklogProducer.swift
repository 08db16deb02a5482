import HyperoSchema

/// A producer of a backlog, and its next event.
struct BacklogProducer {
    let id: ProducerID
    /// The number of remaining experiments, including the current one.
    var experiments: Int
    /// The number of the current experiment, from 1.
    private(set) var number: UInt64 = 1
    /// The index of the next event in the current experiment. 0 is the declaration of the battery.
    private(set) var step = 0
    private(set) var seq: UInt64 = 1

    init(id: ProducerID, experiments: Int) {
        self.id = id
        self.experiments = experiments
    }

    /// Advances by one event.
    ///
    /// - Parameters:
    ///   - eventsPerExperiment: the number of events per experiment, including the declaration.
    ///   - skipsDeclaration: true if later experiments start without a declaration.
    mutating func advance(eventsPerExperiment: Int, skipsDeclaration: Bool) {
        seq += 1
        step += 1
        guard step == eventsPerExperiment else { return }
        step = skipsDeclaration ? 1 : 0
        number += 1
        experiments -= 1
    }
}
