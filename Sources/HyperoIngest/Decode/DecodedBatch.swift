package import HyperoSchema

/// Decoded entries of the event stream, in stream order, with the producers, batteries and experiments they name.
///
/// Each distinct id is stored once, and the items refer to it by its index. ``PriorState`` keeps the same order, so
/// that the fold looks up no id twice. Nearly all entries of a search are rows: these share one table, so that decoding
/// a row allocates nothing.
package struct DecodedBatch {
    /// One entry of the stream.
    package struct Item {
        package let id: StreamID
        let content: Content
        let subjects: Subjects
        /// The producer's sequence number; 0 if the entry names no producer.
        package let seq: UInt64
        /// The time of the event in Unix milliseconds; the time of the entry's id if the event has none, or an impossible one.
        let time: Int64

        /// The time of the entry's id in Unix milliseconds: that of Redis.
        var added: Int64 { Int64(clamping: id.milliseconds) }

        /// The time at which the producer was known to live, in Unix milliseconds: not after the entry was added, because the
        /// clock of a host may be fast. A Redis whose own clock is wrong cannot tell.
        var seen: Int64 { added < Limits.earliestTime ? time : min(time, added) }
    }

    enum Content {
        /// A row of the learning curves, or a part of a row.
        case row(epoch: Int, RowTable.Row)
        /// Any other event, by its index in ``DecodedBatch/events``.
        case event(Int)
        /// A sign of life of the producer, without a sequence number.
        case alive
        /// An entry that cannot be decoded, by its index in ``DecodedBatch/rejections``.
        case rejected(Int)
    }

    /// Indexes in ``DecodedBatch/producers``, ``DecodedBatch/batteries`` and ``DecodedBatch/experiments``; -1 for none.
    struct Subjects {
        let producer: Int
        let battery: Int
        let experiment: Int
    }

    package internal(set) var items: [Item] = []
    package private(set) var events: [Event] = []
    private(set) var rejections: [Rejection] = []
    package internal(set) var rows = RowTable()
    /// The count of the numbers in `curve` events, which become rows in the fold.
    private var curveNumbers = 0

    /// The count of all numbers of curves. It decides how long the fold and the transaction take.
    var numberCount: Int { rows.numbers.count + curveNumbers }

    package var producers: [ProducerID] { producerInterner.ids }
    package var batteries: [BatteryID] { batteryInterner.ids }
    package var experiments: [ExperimentID] { experimentInterner.ids }
    package var searches: [SearchID] { searchInterner.ids }

    var producerInterner: IDInterner<ProducerID>
    private(set) var batteryInterner = IDInterner<BatteryID>()
    var experimentInterner: IDInterner<ExperimentID>
    private(set) var searchInterner = IDInterner<SearchID>()
    /// The experiments whose ids have the form of a trial, by their indexes. Their searches may not exist.
    private(set) var trials: [Int: Trial] = [:]
    /// The experiments that no entry names, with the batteries of their searches, as indexes.
    private var furtherExperiments: [Int: Int] = [:]

    /// A trial of a search.
    struct Trial {
        /// The index of the search in ``DecodedBatch/searches``.
        let search: Int
        /// The number of the trial: 1, 2, ….
        let number: Int
    }

    // Consecutive entries mostly have the same subjects, and comparing ids is cheaper than a lookup.
    var latestProducer = 0
    var latestBattery = 0
    /// The experiment of each producer's latest entry; -1 for none.
    var latestExperiments: [Int] = []
    /// The shape of each battery's latest row, as an index in ``RowTable/shapes``; -1 before the first row.
    var latestShapes: [Int32] = []

    package init(capacity: Int = 0) {
        items.reserveCapacity(capacity)
        producerInterner = IDInterner(capacity: capacity)
        experimentInterner = IDInterner(capacity: capacity)
        latestExperiments.reserveCapacity(capacity)
    }

    var isEmpty: Bool { items.isEmpty }

    func contains(_ producer: ProducerID) -> Bool { producerInterner.contains(producer.text) }

    func contains(_ battery: BatteryID) -> Bool { batteryInterner.contains(battery.text) }

    func contains(_ experiment: ExperimentID) -> Bool { experimentInterner.contains(experiment.text) }

    func contains(_ search: SearchID) -> Bool { searchInterner.contains(search.text) }

    /// Returns the index of a search that an event names; nil if the event names none.
    func search(of event: Event) -> Int? {
        event.body.search.flatMap { search in
            var text = search.text
            return text.withUTF8 { searchInterner.index(of: $0) }
        }
    }

    /// Adds a producer or an experiment that no entry names.
    mutating func add(_ subjects: FurtherSubjects) {
        for producer in subjects.producers { _ = intern(producer) }
        for (experiment, battery) in subjects.experiments {
            let count = experiments.count
            let index = intern(experiment)
            if index == count { furtherExperiments[index] = battery }
        }
    }

    /// Records an experiment that was added, if its id has the form of a trial.
    mutating func recordTrial(_ experiment: Int, id: Bytes) {
        guard let (search, number) = SearchID.trial(of: id) else { return }
        trials[experiment] = Trial(search: searchInterner.intern(search, text: search.text), number: number)
    }

    /// Decodes the next entry and adds it.
    ///
    /// - Parameter declaredCount: the entry's number of fields, if the reply was truncated; nil if `fields` is
    ///   complete.
    package mutating func append(_ id: StreamID, fields: UnsafeBufferPointer<WireField>, declaredCount: Int?) {
        if declaredCount == nil, appendRow(id, fields: fields) { return }
        append(
            id,
            event: Result { () throws(Rejection) in
                if let declaredCount, declaredCount > Limits.fields {
                    throw .tooMany(fields: declaredCount).withOrigin(from: fields)
                }
                return try Event(decoding: fields)
            })
    }

    /// Adds the next entry after it was decoded.
    package mutating func append(_ id: StreamID, event: Result<Event, Rejection>) {
        switch event {
        case .success(let event): append(id, event: event)
        case .failure(let rejection):
            let producer = rejection.origin.map { intern($0.producer) }
            rejections.append(rejection)
            items.append(
                Item(
                    id: id, content: .rejected(rejections.count - 1),
                    subjects: Subjects(producer: producer ?? -1, battery: -1, experiment: -1),
                    seq: rejection.origin?.seq ?? 0, time: Int64(clamping: id.milliseconds)))
        }
    }

    private mutating func append(_ id: StreamID, event: Event) {
        if case .alive(let producer) = event.body {
            return items.append(
                Item(
                    id: id, content: .alive,
                    subjects: Subjects(producer: intern(producer), battery: -1, experiment: -1),
                    seq: 0, time: Self.time(event.time, of: id)))
        }
        let subjects = Subjects(
            producer: event.origin.map { intern($0.producer) } ?? -1, battery: event.battery.map { intern($0) } ?? -1,
            experiment: event.experiment.map { intern($0) } ?? -1)
        let content: Content
        if case .epoch(let epoch, let cells) = event.body, event.requeued == nil {
            let row = rows.add(cells)
            latestShapes[subjects.battery] = row.shape
            if subjects.producer >= 0 { latestExperiments[subjects.producer] = subjects.experiment }
            content = .row(epoch: epoch, row)
        } else {
            if let search = event.body.search { _ = searchInterner.intern(search, text: search.text) }
            if case .curve(_, let series) = event.body { curveNumbers += series.reduce(0) { $0 + $1.numbers.count } }
            events.append(event)
            content = .event(events.count - 1)
        }
        items.append(
            Item(
                id: id, content: content, subjects: subjects, seq: event.origin?.seq ?? 0,
                time: Self.time(event.time, of: id)))
    }

    /// Returns the time of an event. A time that cannot be right would else be the latest of its battery for good, so the
    /// time of the entry's id replaces it.
    static func time(_ time: Int64?, of id: StreamID) -> Int64 {
        let added = Int64(clamping: id.milliseconds)
        guard let time, time - Limits.maxTimeAhead <= added else { return added }
        // A Redis whose own clock is wrong cannot tell.
        return time < 0 || time < Limits.earliestTime && added >= Limits.earliestTime ? added : time
    }

    private mutating func intern(_ producer: ProducerID) -> Int {
        let index = producerInterner.intern(producer, text: producer.text)
        if index == latestExperiments.count { latestExperiments.append(-1) }
        return index
    }

    private mutating func intern(_ battery: BatteryID) -> Int {
        let index = batteryInterner.intern(battery, text: battery.text)
        if index == latestShapes.count { latestShapes.append(-1) }
        return index
    }

    private mutating func intern(_ experiment: ExperimentID) -> Int {
        let count = experimentInterner.ids.count
        let index = experimentInterner.intern(experiment, text: experiment.text)
        if index == count {
            var text = experiment.text
            text.withUTF8 { recordTrial(index, id: $0) }
        }
        return index
    }
}

extension DecodedBatch {
    /// Returns whether a requeued dead letter concerns an experiment, by its index in ``experiments``.
    func isRequeued(_ experiment: Int) -> Bool {
        items.contains { item in
            guard item.subjects.experiment == experiment, case .event(let index) = item.content else { return false }
            return events[index].requeued != nil
        }
    }

    /// True for each experiment whose first entry is the `start` event of a first attempt, so that it is probably new.
    var areNew: [Bool] {
        var areNew: [Bool?] = Array(repeating: nil, count: experiments.count)
        for item in items where item.subjects.experiment >= 0 && areNew[item.subjects.experiment] == nil {
            areNew[item.subjects.experiment] =
                if case .event(let index) = item.content, case .start(let start) = events[index].body {
                    start.from == nil && start.attempt ?? 1 == 1
                } else {
                    false
                }
        }
        return areNew.map { $0 ?? false }
    }

    /// An experiment and a battery that an entry of it names, as indexes in ``experiments`` and ``batteries``.
    struct Naming: Hashable {
        let experiment: Int
        let battery: Int
    }

    /// Returns some experiments with all batteries that their entries name, each once, in the order of the entries.
    func namings(of experiments: [Int]) -> [Naming] {
        var isWanted = Array(repeating: false, count: self.experiments.count)
        for experiment in experiments { isWanted[experiment] = true }
        var seen: Set<Naming> = []
        return items.compactMap { item in
            guard item.subjects.experiment >= 0, isWanted[item.subjects.experiment] else { return nil }
            let naming = Naming(experiment: item.subjects.experiment, battery: item.subjects.battery)
            return seen.insert(naming).inserted ? naming : nil
        }
    }

    /// The battery of each experiment's first entry, as indexes in ``batteries``; that of its search if it has no entry.
    var batteriesOfExperiments: [Int] {
        var found = Array(repeating: -1, count: experiments.count)
        for item in items where item.subjects.experiment >= 0 && found[item.subjects.experiment] < 0 {
            found[item.subjects.experiment] = item.subjects.battery
        }
        for (experiment, battery) in furtherExperiments where found[experiment] < 0 { found[experiment] = battery }
        return found
    }
}
