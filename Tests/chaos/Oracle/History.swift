import ChaosLog
import HyperoSchema

/// The calls of one thread for one experiment, in order.
struct History {
    struct Call {
        var body: Event.Body
        /// False if the outcome of the call is indeterminate: the thread was killed before it recorded the next line, or
        /// the client dropped an event during the call that another thread may have logged.
        var isConfirmed: Bool
    }

    let id: ExperimentID
    /// The index of the experiment's battery in ``ChaosBattery/all``.
    let batteryIndex: Int
    var calls: [Call]
    /// True if a forked child made the calls for an experiment of its parent.
    var isInherited = false

    var battery: BatteryID { Self.battery(batteryIndex) }

    /// True if the thread has called for the end of the experiment.
    var hasEnd: Bool {
        calls.contains { if case .end = $0.body { true } else { false } }
    }

    /// Returns the declaration of a battery in ``ChaosBattery/all``.
    static func declaration(_ index: Int) -> Event.Declaration {
        let battery = ChaosBattery.all[index]
        return Event.Declaration(
            name: battery.name, version: battery.version, description: battery.description,
            objective: battery.objective, direction: battery.isMinimized ? .min : .max)
    }

    /// Returns the id of a battery in ``ChaosBattery/all``.
    static func battery(_ index: Int) -> BatteryID {
        let battery = ChaosBattery.all[index]
        return BatteryID(name: battery.name, version: battery.version, description: battery.description)
    }
}

/// The calls of one producer.
struct ProducerLog {
    var histories: [History] = []
    /// The producer of the process that this one was forked from, if it logs to that process' experiments; else the
    /// producer itself. Both use the partition of the root.
    let root: ProducerID
    /// The number of partitions of the deployment.
    let partitions: Int

    /// Returns the keyspace of the producer's events.
    func keyspace() throws(SchemaError) -> Keyspace {
        try Keyspace.all(partitions: partitions)[Keyspace.partition(of: root, among: partitions)]
    }

    /// The indices of the batteries whose experiments the producer has inherited.
    var inheritedBatteries: Set<Int> { Set(histories.filter(\.isInherited).map(\.batteryIndex)) }
}

extension Event.Body {
    /// The event of a producer's call; nil for a line that describes no call or a call with several events.
    init?(_ line: SideLine) {
        switch line {
        case .param(let name, let value): self = .param([Event.Entry(name: name, value: String(value))])
        case .meta(let name, let value): self = .meta([Event.Entry(name: name, value: String(value))])
        case .row(let epoch, let valid):
            self = .epoch(epoch, [CurveRow.Cell("valid", Number(valid)), CurveRow.Cell("tick", Number(.nan))])
        case .curve(let first, let losses):
            self = .curve(first: first, [Event.Series("loss", losses.map { Number($0) })])
        case .maxima(let epoch, let valid): self = .maxima(epoch: epoch, [CurveRow.Cell("valid", Number(valid))])
        case .end: self = .end(.done, reason: nil)
        case .client, .inherited, .producer, .begin, .began, .over: return nil
        }
    }
}
