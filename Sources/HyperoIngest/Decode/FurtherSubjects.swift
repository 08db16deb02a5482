import HyperoSchema

/// Producers and experiments that no entry of a batch names, and on which its fold depends: those of silent trials.
struct FurtherSubjects: Hashable {
    private(set) var producers: Set<ProducerID> = []
    /// The experiments, with the batteries of their searches as indexes in ``DecodedBatch/batteries``.
    private(set) var experiments: [ExperimentID: Int] = [:]

    var isEmpty: Bool { producers.isEmpty && experiments.isEmpty }

    mutating func insert(_ producer: ProducerID) { producers.insert(producer) }

    mutating func insert(_ experiment: ExperimentID, in battery: Int) { experiments[experiment] = battery }

    mutating func formUnion(_ other: FurtherSubjects) {
        producers.formUnion(other.producers)
        experiments.merge(other.experiments) { $1 }
    }
}
