package import HyperoSchema

/// Entries of the stream in their order, decoded, with the producers, batteries and experiments they speak of.
///
/// Each distinct id stands once in a list, and items name it by its place there. What is known of the subjects lies in
/// lists of the same order (``Known``), so that the fold looks up no id twice.
package struct Batch {
    /// One entry of the stream.
    package struct Item {
        package let id: StreamID
        package let content: Content
    }

    package enum Content {
        case event(Event, Subjects)
        /// It cannot be understood; with the place of its producer, when that can.
        case rejected(Rejection, producer: Int?)
    }

    /// Places in ``Batch/producers``, ``Batch/batteries`` and ``Batch/experiments``.
    package struct Subjects {
        package let producer: Int?
        package let battery: Int
        package let experiment: Int?
    }

    package private(set) var items: [Item] = []
    package private(set) var producers: [ProducerID] = []
    package private(set) var batteries: [BatteryID] = []
    package private(set) var experiments: [ExperimentID] = []

    private var producerPlaces: [ProducerID: Int] = [:]
    private var batteryPlaces: [BatteryID: Int] = [:]
    private var experimentPlaces: [ExperimentID: Int] = [:]
    // Neighbours mostly come from the same producer and battery: comparing is cheaper than hashing.
    private var latestProducer = 0
    private var latestBattery = 0

    package init(capacity: Int = 0) {
        items.reserveCapacity(capacity)
    }

    package var isEmpty: Bool { items.isEmpty }

    /// Adds the next entry.
    package mutating func append(_ id: StreamID, _ entry: Result<Event, Rejection>) {
        switch entry {
        case .success(let event): items.append(Item(id: id, content: .event(event, subjects(of: event))))
        case .failure(let rejection):
            let producer = rejection.origin.map { place(of: $0.producer) }
            items.append(Item(id: id, content: .rejected(rejection, producer: producer)))
        }
    }

    private mutating func subjects(of event: Event) -> Subjects {
        Subjects(
            producer: event.origin.map { place(of: $0.producer) }, battery: place(of: event.battery),
            experiment: event.experiment.map { place(of: $0) })
    }

    private mutating func place(of producer: ProducerID) -> Int {
        if latestProducer < producers.count, producers[latestProducer] == producer { return latestProducer }
        latestProducer = Self.place(of: producer, in: &producers, &producerPlaces)
        return latestProducer
    }

    private mutating func place(of battery: BatteryID) -> Int {
        if latestBattery < batteries.count, batteries[latestBattery] == battery { return latestBattery }
        latestBattery = Self.place(of: battery, in: &batteries, &batteryPlaces)
        return latestBattery
    }

    private mutating func place(of experiment: ExperimentID) -> Int {
        Self.place(of: experiment, in: &experiments, &experimentPlaces)
    }

    private static func place<ID: Hashable>(of id: ID, in list: inout [ID], _ places: inout [ID: Int]) -> Int {
        if let place = places[id] { return place }
        places[id] = list.count
        list.append(id)
        return list.count - 1
    }
}
