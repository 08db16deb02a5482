import HyperoRedis
import HyperoSchema
import TestSupport

/// The entries of many concurrent trainings.
///
/// The producers alternate with one entry each, and each producer runs its experiments one after another.
///
/// The entries are written by a pipeline of XADD commands and not by clients, so that the entries and their ids are the
/// same on each server. The commands that an ingest sent to one server can therefore be replayed to another server.
struct Backlog {
    var battery = "bench"
    let experiments: Int
    /// The number of producers that log in turn.
    var producers = 50
    /// Hyper-parameters per experiment.
    var parameters = 0
    /// Rows of three channels per experiment.
    var epochs = 0
    /// True if each experiment has user maxima.
    var hasMaxima = false
    /// True if each experiment ends.
    var hasEnd = false
    /// True if each producer declares the battery once. Clients declare it before each experiment.
    var isDeclaredOnce = false
    /// Decimal places of the values; nil for the full precision of a double.
    var decimals: Int? = 4

    var declaration: Event.Declaration {
        Event.Declaration(name: battery, version: 1, description: "")
    }

    var batteryID: BatteryID { BatteryID(name: battery, version: 1, description: "") }

    /// The total number of entries.
    var events: Int {
        let declarations = isDeclaredOnce ? min(producers, experiments) : experiments
        return declarations + experiments * (eventsPerExperiment - 1)
    }

    /// The number of events per experiment, including the declaration.
    private var eventsPerExperiment: Int {
        2 + (parameters > 0 ? 1 : 0) + epochs + (hasMaxima ? 1 : 0) + (hasEnd ? 1 : 0)
    }

    /// Appends all entries to the server's stream.
    func write(to server: BenchServer) throws {
        var connection = try server.connect()
        try write(to: server.keyspace.events, after: &server.written, over: &connection)
    }

    /// Appends all entries to a stream.
    ///
    /// - Parameter written: the number of entries that were written before. It also seeds the values.
    func write(to stream: String, after written: inout Int, over connection: inout RedisConnection) throws {
        var pipe = EntryPipe(to: stream)
        var random = SeededGenerator(seed: UInt64(written) + 1)
        let count = min(self.producers, experiments)
        var producers = (0..<count).map { number in
            BacklogProducer(
                id: ProducerID(using: &random),
                experiments: experiments / count + (number < experiments % count ? 1 : 0))
        }
        while !producers.isEmpty {
            for index in producers.indices {
                let event = event(of: producers[index], time: EntryPipe.time(ofEntry: written), random: &random)
                try pipe.add(event, position: written, over: &connection)
                written += 1
                producers[index].advance(eventsPerExperiment: eventsPerExperiment, skipsDeclaration: isDeclaredOnce)
            }
            producers.removeAll { $0.experiments == 0 }
        }
        try pipe.finish(over: &connection)
    }

    private func event(of producer: BacklogProducer, time: Int64, random: inout SeededGenerator) -> Event {
        let body = body(step: producer.step, random: &random)
        return Event(
            experiment: producer.step == 0 ? nil : ExperimentID(producer: producer.id, number: producer.number),
            battery: batteryID, origin: Event.Origin(producer: producer.id, seq: producer.seq), time: time, body: body)
    }

    private func body(step: Int, random: inout SeededGenerator) -> Event.Body {
        if step == 0 { return .battery(declaration) }
        if step == 1 { return .start(Event.Start(host: "node7", pid: "27465", seed: "10451216379200822465")) }
        var step = step - 2
        if parameters > 0 {
            if step == 0 { return .param(parameterEntries(random: &random)) }
            step -= 1
        }
        if step < epochs { return .epoch(step + 1, cells(epoch: step + 1, random: &random)) }
        step -= epochs
        if hasMaxima {
            if step == 0 { return .maxima(epoch: nil, cells(epoch: 100, random: &random)) }
            step -= 1
        }
        return .end(.done, reason: nil)
    }

    private func parameterEntries(random: inout SeededGenerator) -> [Event.Entry] {
        (0..<parameters).map { number in
            Event.Entry(
                name: "hyper\(number)", value: Value.number(rounded(Double.random(in: 0..<1, using: &random))).text)
        }
    }

    /// Returns noisy values that rise fast at first and slowly later. The best epoch therefore changes often at first
    /// and rarely later.
    private func cells(epoch: Int, random: inout SeededGenerator) -> [CurveRow.Cell] {
        let progress = Double(epoch) / Double(epoch + 20)
        return zip(["train", "valid", "test"], [0.95, 0.9, 0.89]).map { channel, limit in
            CurveRow.Cell(channel, Number(rounded(limit * progress + Double.random(in: 0..<0.02, using: &random))))
        }
    }

    private func rounded(_ value: Double) -> Double {
        guard let decimals else { return value }
        let scale: Double = [1, 10, 100, 1_000, 10_000, 100_000][decimals]
        return (value * scale).rounded() / scale
    }
}
