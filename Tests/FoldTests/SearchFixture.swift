import HyperoSchema
import TestSupport

@testable import HyperoIngest

/// A store with a declared battery, and short factories of the events of one search.
struct SearchFixture {
    static let id = SearchID("s0123abcd")!
    static let lease: Int64 = 8_000

    var store = IndexStore()
    /// All entries so far.
    private(set) var entries: [(id: StreamID, event: Event)] = []
    /// The next sequence number of each producer.
    private var numbers: [String: UInt64] = [:]

    init(
        trials: Int = 3, attempts: Int = 3, stopping: StoppingRule? = nil, direction: Direction = .max,
        cached: Bool = false
    ) {
        if cached { store.cache = StateCache() }
        add(
            at: 1_000, Shorthand.declared(direction),
            Self.declaration(trials: trials, attempts: attempts, stopping: stopping))
    }

    static func declaration(
        trials: Int, attempts: Int = 3, sampler: String? = nil, lease: Int64 = lease, stopping: StoppingRule? = nil
    ) -> Event {
        Event(
            experiment: nil, battery: Shorthand.battery,
            body: .search(
                Event.Search(
                    id: id, seed: 1, trials: trials, sampler: sampler, attempts: attempts, lease: lease,
                    stopping: stopping)))
    }

    static func point(_ values: KeyValuePairs<String, String>) -> Event {
        Event(
            experiment: nil, battery: Shorthand.battery,
            body: .enqueue(id, values.map { Event.Entry(name: $0.key, value: $0.value) }))
    }

    /// Returns an event of a trial.
    static func event(_ trial: Int, _ body: Event.Body) -> Event {
        Event(experiment: id.experiment(ofTrial: trial), battery: Shorthand.battery, body: body)
    }

    static func row(_ trial: Int, _ epoch: Int, _ value: String) -> Event {
        event(trial, .epoch(epoch, Shorthand.cells(["valid": value])))
    }

    static func start(
        _ trial: Int, _ attempt: Int?, token: Event.Origin? = nil, from: Int? = nil, asof: StreamID? = nil
    ) -> Event {
        event(trial, .start(Event.Start(attempt: attempt, from: from, token: token, asof: asof)))
    }

    static func param(_ trial: Int, _ name: String, from space: String) -> Event {
        event(
            trial,
            .param([Event.Entry(name: name, value: "1")], spaces: [Event.Entry(name: name, value: space)]))
    }

    static func end(_ trial: Int, _ status: ExperimentStatus = .done, attempt: Int? = nil) -> Event {
        event(trial, .end(status, reason: nil, attempt: attempt))
    }

    static func claim() -> Event { Event(experiment: nil, battery: Shorthand.battery, body: .claim(id)) }

    static func alive(_ producer: String) -> Event {
        Event(experiment: nil, battery: nil, body: .alive(ProducerID(producer)!))
    }

    /// Gives an event the next sequence number of a producer.
    mutating func numbered(_ event: Event, by producer: String) -> Event {
        var event = event
        numbers[producer, default: 0] += 1
        event.origin = Event.Origin(producer: ProducerID(producer)!, seq: numbers[producer]!)
        return event
    }

    /// Adds events as one batch, at a time of the server in milliseconds.
    mutating func add(at time: Int64, _ events: Event...) { add(at: time, events) }

    mutating func add(at time: Int64, _ events: [Event]) {
        store.add(batch(events.map { (time, $0) }))
    }

    /// Adds the events of a producer as one batch.
    mutating func add(by producer: String, at time: Int64, _ events: Event...) {
        add(at: time, events.map { numbered($0, by: producer) })
    }

    /// Returns a batch of events, whose entries are recorded.
    mutating func batch(_ events: [(time: Int64, event: Event)]) -> DecodedBatch {
        var batch = DecodedBatch()
        for (time, event) in events {
            let id = StreamID(milliseconds: UInt64(time), sequence: UInt64(entries.count))
            entries.append((id, event))
            batch.append(id, event: .success(event))
        }
        return batch
    }

    /// Claims a trial, and returns the token and the grant.
    ///
    /// - Parameter isAlive: true if Redis was not away before: the process has shown that it lives.
    @discardableResult
    mutating func claim(
        by producer: String, at time: Int64, isAlive: Bool = true
    ) -> (token: Event.Origin, grant: String?) {
        if isAlive { add(at: time, Self.alive(producer)) }
        let event = numbered(Self.claim(), by: producer)
        add(at: time, event)
        return (event.origin!, grant(of: event.origin!))
    }

    /// Returns the grant of a claim; nil if it got none, or if the grant is removed.
    func grant(of token: Event.Origin) -> String? {
        producer(token.producer.text)[ProducerField.grant + String(token.seq)]
    }

    func producer(_ id: String) -> [String: String] {
        store.hashes[store.keyspace.producer(ProducerID(id)!)] ?? [:]
    }

    var hash: [String: String] { store.hashes[store.keyspace.search(Self.id)] ?? [:] }
    var history: [[String: String]] { store.streams[store.keyspace.trials(of: Self.id)] ?? [] }

    /// The scores of a rung, by the number of the trial.
    func rung(_ epoch: Int) -> [Int: Double] {
        let set = store.sets[store.keyspace.rung(epoch, of: Self.id)] ?? [:]
        return Dictionary(uniqueKeysWithValues: set.map { (Int($0.key.dropFirst(SearchID.size + 1))!, $0.value) })
    }

    /// The reason to stop a trial in the hash of a producer.
    func stop(_ trial: Int, of producer: String) -> String? {
        self.producer(producer)[ProducerField.stop + Self.id.experiment(ofTrial: trial).text]
    }

    func experiment(_ trial: Int) -> [String: String] {
        store.hashes[store.keyspace.experiment(Self.id.experiment(ofTrial: trial))] ?? [:]
    }
}
