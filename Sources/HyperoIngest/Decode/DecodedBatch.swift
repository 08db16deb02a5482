import Glibc
package import HyperoSchema

/// Entries of the stream in their order, decoded, with the producers, batteries and experiments they speak of.
///
/// Each distinct id stands once in a list, and items name it by its place there. What is known of the subjects lies in
/// lists of the same order (``PriorState``), so that the fold looks up no id twice. Rows, which nearly all entries of a
/// search are, lie in one table, so that decoding one allocates nothing.
package struct DecodedBatch {
    /// One entry of the stream.
    package struct Item {
        package let id: StreamID
        package let content: Content
        package let subjects: Subjects
        /// Its producer's number; 0 when it has none.
        package let seq: UInt64
        /// Unix milliseconds of the event, or of its arrival where it does not say.
        package let when: Int64
    }

    package enum Content {
        /// A row of the curves, or a piece of one.
        case row(epoch: Int, RowTable.Row)
        /// Any other event, by its place in ``DecodedBatch/events``.
        case event(Int)
        /// It cannot be understood; by its place in ``DecodedBatch/rejections``.
        case rejected(Int)
    }

    /// Places in ``DecodedBatch/producers``, ``DecodedBatch/batteries`` and ``DecodedBatch/experiments``; -1 for none.
    package struct Subjects {
        package let producer: Int
        package let battery: Int
        package let experiment: Int
    }

    package private(set) var items: [Item] = []
    package private(set) var events: [Event] = []
    package private(set) var rejections: [Rejection] = []
    private(set) var rows = RowTable()

    package var producers: [ProducerID] { producerTable.ids }
    package var batteries: [BatteryID] { batteryTable.ids }
    package var experiments: [ExperimentID] { experimentTable.ids }

    private var producerTable = IDInterner<ProducerID>()
    private var batteryTable = IDInterner<BatteryID>()
    private var experimentTable = IDInterner<ExperimentID>()

    // What neighbours mostly have in common: comparing is cheaper than looking up.
    private var latestProducer = 0
    private var latestBattery = 0
    /// By producer: the experiment of its latest entry.
    private var latestExperiments: [Int] = []
    /// By battery: the shape of its latest row, -1 before the first.
    private var latestShapes: [Int32] = []

    package init(capacity: Int = 0) {
        items.reserveCapacity(capacity)
    }

    package var isEmpty: Bool { items.isEmpty }

    func contains(_ producer: ProducerID) -> Bool { producerTable.contains(producer.text) }

    func contains(_ battery: BatteryID) -> Bool { batteryTable.contains(battery.text) }

    func contains(_ experiment: ExperimentID) -> Bool { experimentTable.contains(experiment.text) }

    /// Adds the next entry.
    ///
    /// - Parameter announced: how many fields it has, when these are not all.
    mutating func append(_ id: StreamID, _ fields: UnsafeBufferPointer<WireField>, announced: Int?) {
        if announced == nil, appendRow(id, fields) { return }
        append(
            id,
            Result { () throws(Rejection) in
                if let announced, announced > Limits.fields {
                    throw .tooMany(fields: announced).withOrigin(from: fields)
                }
                return try Event(decoding: fields)
            })
    }

    /// Adds the next entry, decoded.
    package mutating func append(_ id: StreamID, _ entry: Result<Event, Rejection>) {
        switch entry {
        case .success(let event): append(id, event)
        case .failure(let rejection):
            let producer = rejection.origin.map { place(of: $0.producer) }
            rejections.append(rejection)
            items.append(
                Item(
                    id: id, content: .rejected(rejections.count - 1),
                    subjects: Subjects(producer: producer ?? -1, battery: -1, experiment: -1),
                    seq: rejection.origin?.seq ?? 0, when: Int64(clamping: id.milliseconds)))
        }
    }

    private mutating func append(_ id: StreamID, _ event: Event) {
        let subjects = Subjects(
            producer: event.origin.map { place(of: $0.producer) } ?? -1, battery: place(of: event.battery),
            experiment: event.experiment.map { place(of: $0) } ?? -1)
        let content: Content
        if case .epoch(let epoch, let cells) = event.body, event.requeued == nil {
            let row = rows.add(cells)
            latestShapes[subjects.battery] = row.shape
            if subjects.producer >= 0 { latestExperiments[subjects.producer] = subjects.experiment }
            content = .row(epoch: epoch, row)
        } else {
            events.append(event)
            content = .event(events.count - 1)
        }
        items.append(
            Item(
                id: id, content: content, subjects: subjects, seq: event.origin?.seq ?? 0,
                when: event.time ?? Int64(clamping: id.milliseconds)))
    }

    private mutating func place(of producer: ProducerID) -> Int {
        let place = producerTable.place(of: producer, producer.text)
        if place == latestExperiments.count { latestExperiments.append(-1) }
        return place
    }

    private mutating func place(of battery: BatteryID) -> Int {
        let place = batteryTable.place(of: battery, battery.text)
        if place == latestShapes.count { latestShapes.append(-1) }
        return place
    }

    private mutating func place(of experiment: ExperimentID) -> Int {
        experimentTable.place(of: experiment, experiment.text)
    }
}

extension DecodedBatch {
    /// Adds an entry that is a row as clients write it: the fields in the order of the contract, ids that the batch knows,
    /// and the channels of the battery's latest row. Nearly all entries of a search are; it makes no text of them.
    ///
    /// - Returns: false when it is anything else, good or bad: then nothing was added.
    private mutating func appendRow(_ id: StreamID, _ fields: UnsafeBufferPointer<WireField>) -> Bool {
        guard fields.count > Self.leading, fields.count <= 64, isNamed(fields, 0, "event"),
            fields[0].value.isEqual(to: "epoch"),
            isNamed(fields, 1, "experiment"), isNamed(fields, 2, "battery"), isNamed(fields, 3, "producer"),
            isNamed(fields, 4, "seq"), isNamed(fields, 5, "time"), isNamed(fields, 6, "epoch"),
            let battery = batteryPlace(fields[2].value), let producer = producerPlace(fields[3].value),
            let experiment = experimentPlace(fields[1].value, of: producer),
            let seq = fields[4].value.decimal, seq > 0, seq <= UInt64(Limits.integer),
            let time = fields[5].value.decimal, time <= UInt64(Limits.integer),
            let epoch = fields[6].value.decimal, epoch <= UInt64(Limits.integer),
            let row = addRow(UnsafeBufferPointer(rebasing: fields[Self.leading...]), shape: latestShapes[battery])
        else { return false }
        latestProducer = producer
        latestBattery = battery
        latestExperiments[producer] = experiment
        items.append(
            Item(
                id: id, content: .row(epoch: Int(epoch), row),
                subjects: Subjects(producer: producer, battery: battery, experiment: experiment), seq: seq,
                when: Int64(time)))
        return true
    }

    /// The fields before the first channel.
    private static let leading = 7

    private func isNamed(_ fields: UnsafeBufferPointer<WireField>, _ index: Int, _ name: StaticString) -> Bool {
        fields[index].name.isEqual(to: name)
    }

    private func batteryPlace(_ id: Bytes) -> Int? {
        if latestBattery < batteries.count, batteryTable.isEqual(latestBattery, id) { return latestBattery }
        return batteryTable.place(of: id)
    }

    private func producerPlace(_ id: Bytes) -> Int? {
        if latestProducer < producers.count, producerTable.isEqual(latestProducer, id) { return latestProducer }
        return producerTable.place(of: id)
    }

    private func experimentPlace(_ id: Bytes, of producer: Int) -> Int? {
        let latest = latestExperiments[producer]
        if latest >= 0, experimentTable.isEqual(latest, id) { return latest }
        return experimentTable.place(of: id)
    }

    private mutating func addRow(_ fields: UnsafeBufferPointer<WireField>, shape place: Int32) -> RowTable.Row? {
        guard place >= 0 else { return nil }
        let shape = rows.shapes[Int(place)]
        guard shape.fields.count == fields.count else { return nil }
        let row = rows.begin(shape: place)
        for index in fields.indices {
            guard fields[index].name.isEqual(to: shape.fields[index]), fields[index].valueSize <= Number.maxTextSize,
                let number = Number(fields[index].value)
            else {
                rows.cancel(row)
                return nil
            }
            rows.append(number)
        }
        return row
    }
}

extension Bytes {
    fileprivate func isEqual(to text: StaticString) -> Bool {
        count == text.utf8CodeUnitCount && memcmp(baseAddress!, text.utf8Start, count) == 0
    }

    fileprivate func isEqual(to bytes: [UInt8]) -> Bool {
        count == bytes.count && bytes.withUnsafeBufferPointer { memcmp(baseAddress!, $0.baseAddress!, count) == 0 }
    }
}
