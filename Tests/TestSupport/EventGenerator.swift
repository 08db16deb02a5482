import HyperoSchema

/// Writes what producers, good and bad ones, may write to a partition: the same for the same seed.
///
///     var generator = EventGenerator(seed: 1)
///     let entries = generator.entries(10_000)
///
/// Producers declare batteries, start experiments and log to them in turn. With ``Mix/nasty`` rows come in pieces and in
/// any order, cells are replaced, numbers are nan, infinite, tied or at double's extremes, entries are sent twice, late,
/// never, or without an origin, experiments end and start again, and some entries are wrong in one of many ways.
package struct EventGenerator: Sendable {
    /// How much of what is unusual comes.
    package enum Mix: Sendable {
        /// What well-behaved clients write: in order, once, and valid.
        case tidy
        /// Everything.
        case nasty
    }

    struct Producer: Sendable {
        var id: ProducerID
        var seq: UInt64 = 0
        var experiments: [(id: ExperimentID, battery: Int, epoch: Int)] = []
        /// Entries that are to come late, under their own numbers.
        var late: [[StreamEntry.Field]] = []
    }

    let mix: Mix
    var random: SeededGenerator
    var producers: [Producer] = []
    var batteries: [(id: BatteryID, declaration: Event.Declaration)] = []
    /// Where `time` fields are; the stream's clock is a little ahead of it.
    var now: UInt64 = 1_700_000_000_000
    private var last = StreamID.zero
    /// The latest entries, to send some of them twice.
    private var sent: [[StreamEntry.Field]] = []
    private let experimentsPerProducer: Int

    /// - Parameters:
    ///   - producers: how many write in turn.
    ///   - batteries: how many they share.
    ///   - experiments: how many each producer runs at most.
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

    /// The next entries of the stream; what comes later in other calls continues it.
    package mutating func entries(_ count: Int) -> [StreamEntry] {
        (0..<count).map { _ in StreamEntry(id: nextID(), fields: nextFields()) }
    }

    private mutating func nextID() -> StreamID {
        now += UInt64.random(in: 0...3, using: &random)
        last =
            now > last.milliseconds
            ? StreamID(milliseconds: now, sequence: 0)
            : StreamID(milliseconds: last.milliseconds, sequence: last.sequence + 1)
        return last
    }

    private mutating func nextFields() -> [StreamEntry.Field] {
        let index = Int.random(in: producers.indices, using: &random)
        guard mix == .nasty else { return fields(of: nextBody(index), by: index) }
        // Redelivery is exact: the same bytes under the same number.
        if !sent.isEmpty, random.chance(4) { return random.pick(sent) }
        if !producers[index].late.isEmpty, random.chance(15) {
            let place = Int.random(in: producers[index].late.indices, using: &random)
            return remember(producers[index].late.remove(at: place))
        }
        if random.chance(3) { return poison(fields(of: nextBody(index), by: index)) }
        if random.chance(2) { leap(index) }
        return remember(fields(of: nextBody(index), by: index))
    }

    /// Uses numbers up: for entries that come late, or never.
    private mutating func leap(_ index: Int) {
        for _ in 0..<Int.random(in: 1...5, using: &random) {
            let fields = fields(of: nextBody(index), by: index)
            if random.chance(70) { producers[index].late.append(fields) }
        }
        if random.chance(5) { producers[index].seq += UInt64.random(in: 1...1_000_000, using: &random) }
    }

    private mutating func remember(_ fields: [StreamEntry.Field]) -> [StreamEntry.Field] {
        if sent.count < 64 {
            sent.append(fields)
        } else {
            sent[Int.random(in: sent.indices, using: &random)] = fields
        }
        return fields
    }

    /// The entry of a body: with the producer's next number, or, now and then, without an origin.
    private mutating func fields(
        of next: (experiment: ExperimentID?, battery: BatteryID, body: Event.Body), by index: Int
    ) -> [StreamEntry.Field] {
        let isNasty = mix == .nasty
        var event = Event(experiment: next.experiment, battery: next.battery, body: next.body)
        if !isNasty || !random.chance(6) {
            producers[index].seq += 1
            event.origin = Event.Origin(producer: producers[index].id, seq: producers[index].seq)
        }
        // A dead letter that was sent again comes without an origin.
        if isNasty, event.origin == nil, random.chance(20) { event.requeued = StreamID(milliseconds: now, sequence: 3) }
        // A clock may be behind, ahead, or not be told.
        let skew = isNasty && random.chance(5) ? Int64.random(in: -100_000...100_000, using: &random) : -1
        if !isNasty || !random.chance(5) { event.time = Int64(now) + skew }
        return StreamEntry(id: .zero, event).fields
    }

    private mutating func nextBody(
        _ index: Int
    ) -> (experiment: ExperimentID?, battery: BatteryID, body: Event.Body) {
        let isNasty = mix == .nasty
        if isNasty, random.chance(1) {
            // Nobody ever declares this one.
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
        let place = pickExperiment(of: choice)
        let experiment = producers[choice].experiments[place]
        var battery = experiment.battery
        if isNasty, random.chance(1) { battery = Int.random(in: batteries.indices, using: &random) }
        producers[choice].experiments[place].epoch += 1
        return (experiment.id, batteries[battery].id, anyBody(experiment.battery, epoch: experiment.epoch))
    }

    /// The latest one mostly, as in a search that runs one training after the other.
    private mutating func pickExperiment(of producer: Int) -> Int {
        let count = producers[producer].experiments.count
        return random.chance(70) ? count - 1 : Int.random(in: 0..<count, using: &random)
    }
}
