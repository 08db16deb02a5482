import HyperoSchema

/// Generates the entries that valid and faulty producers write to a partition. The same seed gives the same entries.
///
///     var generator = EventGenerator(seed: 1)
///     let entries = generator.entries(10_000)
///
/// Each entry is of a random producer. Each producer declares batteries, starts experiments and logs to them.
package struct EventGenerator: Sendable {
    /// The kinds of entries to generate.
    package enum Mix: Sendable {
        /// The entries of correct clients: valid, in order, and sent once.
        case tidy
        /// All kinds of entries that the ingest must handle:
        ///
        /// - Rows arrive in pieces and in any order, and cells are replaced.
        /// - Numbers are nan, infinite, equal to others, or at the ends of double's range.
        /// - Entries are sent twice, late or never, or have no origin.
        /// - Experiments end and start again.
        /// - Some entries are invalid in one of many ways.
        case nasty
    }

    struct Producer: Sendable {
        var id: ProducerID
        var seq: UInt64 = 0
        var experiments: [(id: ExperimentID, battery: Int, epoch: Int)] = []
        /// The entries to send later. They already have their sequence numbers.
        var late: [[StreamEntry.Field]] = []
    }

    let mix: Mix
    var random: SeededGenerator
    var producers: [Producer] = []
    var batteries: [(id: BatteryID, declaration: Event.Declaration)] = []
    /// The clock of the stream, in Unix milliseconds. The `time` fields are slightly earlier.
    var now: UInt64 = 1_700_000_000_000
    private var lastID = StreamID.zero
    /// A sample of earlier entries, some of which are sent again.
    private var sent: [[StreamEntry.Field]] = []
    private let experimentsPerProducer: Int

    /// - Parameters:
    ///   - seed: determines all entries.
    ///   - mix: the kinds of entries.
    ///   - producers: the number of producers.
    ///   - batteries: the number of batteries, which all producers share.
    ///   - experiments: the maximum number of experiments per producer.
    package init(seed: UInt64, mix: Mix = .nasty, producers: Int = 4, batteries: Int = 3, experiments: Int = 6) {
        self.mix = mix
        random = SeededGenerator(seed: seed)
        experimentsPerProducer = max(experiments, 1)
        for number in 0..<max(batteries, 1) {
            let declaration = Event.Declaration(
                name: number == 0 ? "RNN Visual Attention" : "battery \(number)", version: number,
                description: number % 2 == 0 ? "" : "fixed bug in Sequencer",
                objective: number % 3 == 1 ? "loss" : "valid",
                direction: number % 3 == 1 ? .min : .max)
            let id = BatteryID(
                name: declaration.name, version: declaration.version, description: declaration.description)
            self.batteries.append((id, declaration))
        }
        for _ in 0..<max(producers, 1) { self.producers.append(Producer(id: ProducerID(using: &random))) }
    }

    /// Returns the next entries of the stream. Further calls continue the stream.
    package mutating func entries(_ count: Int) -> [StreamEntry] {
        (0..<count).map { _ in StreamEntry(id: nextID(), fields: nextFields()) }
    }

    private mutating func nextID() -> StreamID {
        now += UInt64.random(in: 0...3, using: &random)
        lastID =
            now > lastID.milliseconds
            ? StreamID(milliseconds: now, sequence: 0)
            : StreamID(milliseconds: lastID.milliseconds, sequence: lastID.sequence + 1)
        return lastID
    }

    private mutating func nextFields() -> [StreamEntry.Field] {
        let index = Int.random(in: producers.indices, using: &random)
        guard mix == .nasty else { return fields(of: nextBody(index), by: index) }
        // A client resends the same bytes with the same sequence number.
        if !sent.isEmpty, random.chance(4) { return random.pick(sent) }
        if !producers[index].late.isEmpty, random.chance(15) {
            let lateIndex = Int.random(in: producers[index].late.indices, using: &random)
            return recorded(producers[index].late.remove(at: lateIndex))
        }
        if random.chance(3) { return poison(fields(of: nextBody(index), by: index)) }
        if random.chance(2) { skipNumbers(of: index) }
        return recorded(fields(of: nextBody(index), by: index))
    }

    /// Consumes sequence numbers of a producer, for entries that are sent late or never.
    private mutating func skipNumbers(of index: Int) {
        for _ in 0..<Int.random(in: 1...5, using: &random) {
            let fields = fields(of: nextBody(index), by: index)
            if random.chance(70) { producers[index].late.append(fields) }
        }
        if random.chance(5) { producers[index].seq += UInt64.random(in: 1...1_000_000, using: &random) }
    }

    /// Adds an entry to the sample of sent entries, and returns it.
    private mutating func recorded(_ fields: [StreamEntry.Field]) -> [StreamEntry.Field] {
        if sent.count < 64 {
            sent.append(fields)
        } else {
            sent[Int.random(in: sent.indices, using: &random)] = fields
        }
        return fields
    }

    /// Encodes an event with the producer's next sequence number, or in a few cases without an origin.
    private mutating func fields(
        of next: (experiment: ExperimentID?, battery: BatteryID, body: Event.Body), by index: Int
    ) -> [StreamEntry.Field] {
        let isNasty = mix == .nasty
        var event = Event(experiment: next.experiment, battery: next.battery, body: next.body)
        if !isNasty || !random.chance(6) {
            producers[index].seq += 1
            event.origin = Event.Origin(producer: producers[index].id, seq: producers[index].seq)
        }
        // A requeued dead letter has no origin.
        if isNasty, event.origin == nil, random.chance(20) { event.requeued = StreamID(milliseconds: now, sequence: 3) }
        // A producer's clock may be slow or fast, and the time may be absent.
        let skew = isNasty && random.chance(5) ? Int64.random(in: -100_000...100_000, using: &random) : -1
        if !isNasty || !random.chance(5) { event.time = Int64(now) + skew }
        return StreamEntry(id: .zero, event).fields
    }

    private mutating func nextBody(
        _ index: Int
    ) -> (experiment: ExperimentID?, battery: BatteryID, body: Event.Body) {
        let isNasty = mix == .nasty
        if isNasty, random.chance(1) {
            // No producer ever declares this battery.
            let undeclared = BatteryID("never-declared")!
            return (ExperimentID(producer: producers[index].id, number: 999), undeclared, anyBody(0, epoch: 1))
        }
        let count = producers[index].experiments.count
        let mustStart = count == 0 || (count < experimentsPerProducer && random.chance(3))
        if mustStart {
            let battery = Int.random(in: batteries.indices, using: &random)
            let id = ExperimentID(producer: producers[index].id, number: UInt64(count + 1))
            producers[index].experiments.append((id, battery, 0))
            return (nil, batteries[battery].id, .battery(batteries[battery].declaration))
        }
        if isNasty, random.chance(2) {
            let battery = batteries[Int.random(in: batteries.indices, using: &random)]
            var declaration = battery.declaration
            declaration.description += " again"
            declaration.direction = .min
            return (nil, battery.id, .battery(declaration))
        }
        let owner = isNasty && random.chance(5) ? Int.random(in: producers.indices, using: &random) : index
        let choice = producers[owner].experiments.isEmpty ? index : owner
        let experimentIndex = pickExperiment(of: choice)
        let experiment = producers[choice].experiments[experimentIndex]
        var battery = experiment.battery
        if isNasty, random.chance(1) { battery = Int.random(in: batteries.indices, using: &random) }
        producers[choice].experiments[experimentIndex].epoch += 1
        return (experiment.id, batteries[battery].id, anyBody(experiment.battery, epoch: experiment.epoch))
    }

    /// Returns the index of an experiment, in most cases the latest, as in a search that runs one training at a time.
    private mutating func pickExperiment(of producer: Int) -> Int {
        let count = producers[producer].experiments.count
        return random.chance(70) ? count - 1 : Int.random(in: 0..<count, using: &random)
    }
}
