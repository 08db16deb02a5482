import HyperoIngest
import HyperoSchema

/// Short factories of events for one battery and, by default, one experiment.
enum Shorthand {
    static let battery = BatteryID("b")!
    static let experiment = ExperimentID("e-1")!

    static func declared(_ direction: Direction = .max, objective: String = "valid") -> Event {
        Event(
            experiment: nil, battery: battery, time: 10,
            body: .battery(
                Event.Declaration(
                    name: "B", version: 1, description: "", objective: objective, direction: direction)))
    }

    static func event(
        _ body: Event.Body, of experiment: ExperimentID? = experiment, in battery: BatteryID = battery,
        at time: Int64? = 20
    ) -> Event {
        Event(experiment: experiment, battery: battery, time: time, body: body)
    }

    static func row(_ epoch: Int, _ cells: KeyValuePairs<String, String>, at time: Int64? = 20) -> Event {
        event(.epoch(epoch, self.cells(cells)), at: time)
    }

    static func maxima(_ cells: KeyValuePairs<String, String>, epoch: Int? = nil) -> Event {
        event(.maxima(epoch: epoch, self.cells(cells)))
    }

    static func cells(_ cells: KeyValuePairs<String, String>) -> [CurveRow.Cell] {
        cells.map { CurveRow.Cell($0.key, number($0.value)) }
    }

    static func number(_ text: String) -> Number {
        Array(text.utf8).withUnsafeBufferPointer { Number($0)! }
    }
}

extension IndexStore {
    var experiment: [String: String] { hashes[keyspace.experiment(Shorthand.experiment)] ?? [:] }
    var curve: [String: String] { hashes[keyspace.curve(of: Shorthand.experiment)] ?? [:] }
    var columns: [String: Double] { sets[keyspace.columns(of: Shorthand.battery)] ?? [:] }
    var metrics: [String: String] { hashes[keyspace.ingest] ?? [:] }

    /// The `max.…` fields of the experiment's hash.
    var maxima: [String: String] { experiment.filter { $0.key.hasPrefix(Prefix.max) } }

    /// The experiment's score in each ranking, by channel.
    var ranks: [String: Double] {
        let prefix = keyspace.rank(of: Shorthand.battery, by: "")
        var ranks: [String: Double] = [:]
        for (key, set) in sets where key.hasPrefix(prefix) {
            ranks[String(key.dropFirst(prefix.count))] = set[Shorthand.experiment.text]
        }
        return ranks
    }

    /// Folds each event as its own batch.
    mutating func addOneByOne(_ events: [Event]) {
        for event in events { add([event]) }
    }
}
