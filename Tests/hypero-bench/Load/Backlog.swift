import HyperoRedis
import HyperoSchema
import TestSupport

/// What many trainings have logged at once, as entries of the stream.
///
/// Fifty producers take turns, an entry each, as their trainings do; the experiments of one producer follow each other.
/// The entries are written by a raw pipe and not by clients, and are the same each time, ids included: what an ingest
/// asks of one such stream can be asked of another one.
struct Backlog {
    var battery = "bench"
    let experiments: Int
    /// Hyper-parameters of each experiment.
    var parameters = 0
    /// Rows of three channels of each experiment.
    var epochs = 0
    /// Whether each experiment says its maxima itself.
    var hasMaxima = false
    /// Whether each experiment comes to an end.
    var hasEnd = false
    /// Whether a producer declares the battery once, and not as clients do before each experiment.
    var isDeclaredOnce = false
    /// Decimal places of the values; nil for all that a double has.
    var decimals: Int? = 4

    private static let producers = 50

    var declaration: Event.Declaration {
        Event.Declaration(name: battery, version: 1, description: "")
    }

    var batteryID: BatteryID { BatteryID(name: battery, version: 1, description: "") }

    /// How many entries it comes to.
    var events: Int {
        let declarations = isDeclaredOnce ? min(Self.producers, experiments) : experiments
        return declarations + experiments * (eventsOfExperiment - 1)
    }

    /// With the declaration.
    private var eventsOfExperiment: Int {
        2 + (parameters > 0 ? 1 : 0) + epochs + (hasMaxima ? 1 : 0) + (hasEnd ? 1 : 0)
    }

    /// Writes all of it behind what the stream has.
    func write(to server: BenchServer) throws {
        var connection = try server.connect()
        var pipe = EntryPipe(to: server.keyspace.events)
        var random = SeededGenerator(seed: UInt64(server.written) + 1)
        let count = min(Self.producers, experiments)
        var producers = (0..<count).map { number in
            BacklogProducer(
                id: ProducerID(using: &random),
                experiments: experiments / count + (number < experiments % count ? 1 : 0))
        }
        while !producers.isEmpty {
            for index in producers.indices {
                let place = producers[index]
                let event = event(
                    of: place, time: EntryPipe.time(ofEntry: server.written), &random)
                try pipe.add(event, place: server.written, over: &connection)
                server.written += 1
                producers[index].advance(steps: eventsOfExperiment, skipsDeclaration: isDeclaredOnce)
            }
            producers.removeAll { $0.experiments == 0 }
        }
        try pipe.finish(over: &connection)
    }

    private func event(of place: BacklogProducer, time: Int64, _ random: inout SeededGenerator) -> Event {
        let body = body(step: place.step, &random)
        return Event(
            experiment: place.step == 0 ? nil : ExperimentID(producer: place.id, number: place.number),
            battery: batteryID, origin: Event.Origin(producer: place.id, seq: place.seq), time: time, body: body)
    }

    private func body(step: Int, _ random: inout SeededGenerator) -> Event.Body {
        if step == 0 { return .battery(declaration) }
        if step == 1 { return .start(Event.Start(host: "node7", pid: "27465", seed: "10451216379200822465")) }
        var step = step - 2
        if parameters > 0 {
            if step == 0 { return .param(entries(&random)) }
            step -= 1
        }
        if step < epochs { return .epoch(step + 1, cells(epoch: step + 1, &random)) }
        step -= epochs
        if hasMaxima {
            if step == 0 { return .maxima(epoch: nil, cells(epoch: 100, &random)) }
            step -= 1
        }
        return .end(.done, reason: nil)
    }

    private func entries(_ random: inout SeededGenerator) -> [Event.Entry] {
        (0..<parameters).map { number in
            Event.Entry(
                name: "hyper\(number)", value: Value.number(rounded(Double.random(in: 0..<1, using: &random))).text)
        }
    }

    /// Rises fast at first and slowly later, and is noisy: the best epoch moves often at first and seldom later.
    private func cells(epoch: Int, _ random: inout SeededGenerator) -> [CurveRow.Cell] {
        let progress = Double(epoch) / Double(epoch + 20)
        return zip(["train", "valid", "test"], [0.95, 0.9, 0.89]).map { channel, reach in
            CurveRow.Cell(channel, Number(rounded(reach * progress + Double.random(in: 0..<0.02, using: &random))))
        }
    }

    private func rounded(_ value: Double) -> Double {
        guard let decimals else { return value }
        let scale: Double = [1, 10, 100, 1_000, 10_000, 100_000][decimals]
        return (value * scale).rounded() / scale
    }
}
