import ChaosLog
import HyperoSchema

/// The calls of one thread for one attempt of one experiment, in order.
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
    /// 1 for the process that has begun the experiment and its children, and 2, 3, … for those that have resumed it.
    var attempt = 1
    /// The first epoch whose rows this attempt withdraws; nil if it withdraws none.
    var from: Int?

    var battery: BatteryID { Self.battery(batteryIndex) }

    /// The process that has begun the experiment.
    var owner: ProducerID? { ProducerID(String(id.text.prefix { $0 != "-" })) }

    /// Returns the declaration of a battery in ``ChaosBattery/all``.
    static func declaration(_ index: Int, variant: Int = 0) -> Event.Declaration {
        let battery = ChaosBattery.all[index].variant(variant)
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
    /// The way in which the process of a producer has ended.
    enum Ending {
        /// It was killed, or it has exited without closing its client: the adopter of its journal ends its open experiments.
        case left
        /// It has closed its client: its open experiments stay as they are.
        case closed
        /// It was killed while it closed its client, or the client was not done long before its deadline.
        case unknown
    }

    var histories: [History] = []
    /// The producer of the process that this one was forked from, if it logs to that process' experiments; else the
    /// producer itself. Both use the partition of the root.
    let root: ProducerID
    /// The number of partitions of the deployment.
    let partitions: Int
    /// The time of the process' first line in Unix milliseconds.
    var start = Int64.max
    var ending = Ending.left

    init(histories: [History] = [], root: ProducerID, partitions: Int, start: Int64 = .max) {
        (self.histories, self.root, self.partitions, self.start) = (histories, root, partitions, start)
    }

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
        case .client, .inherited, .producer, .begin, .began, .resume, .slowest, .over, .flush, .flushed, .closing,
            .closed:
            return nil
        }
    }

    /// True if a process ends the experiment by the event.
    var isEnd: Bool { if case .end = self { true } else { false } }

    /// True for a `start` event.
    var isStart: Bool { if case .start = self { true } else { false } }
}
