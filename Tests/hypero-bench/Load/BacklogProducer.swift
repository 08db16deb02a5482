import HyperoSchema

/// Where a producer of a backlog stands.
struct BacklogProducer {
    let id: ProducerID
    /// Experiments that are left, the present one included.
    var experiments: Int
    /// The present experiment's, from 1.
    private(set) var number: UInt64 = 1
    /// Of the present experiment: 0 is the battery's declaration.
    private(set) var step = 0
    private(set) var seq: UInt64 = 1

    init(id: ProducerID, experiments: Int) {
        self.id = id
        self.experiments = experiments
    }

    /// Goes on by one event.
    mutating func advance(steps: Int, skipsDeclaration: Bool) {
        seq += 1
        step += 1
        guard step == steps else { return }
        step = skipsDeclaration ? 1 : 0
        number += 1
        experiments -= 1
    }
}
