/// One entry of the stream: an event of a battery or an experiment.
package struct Event: Sendable, Hashable {
    /// The experiment; nil only if the event declares a battery.
    package var experiment: ExperimentID?
    package var battery: BatteryID
    /// The producer and sequence number; nil for an entry without deduplication.
    package var origin: Origin?
    /// The time of the call in Unix milliseconds; nil if the entry has none.
    package var time: Int64?
    /// The id of a requeued dead letter in `{hypero}:dead`; nil for any other event.
    package var requeued: StreamID?
    package var body: Body

    package init(
        experiment: ExperimentID?, battery: BatteryID, origin: Origin? = nil, time: Int64? = nil, body: Body
    ) {
        self.experiment = experiment
        self.battery = battery
        self.origin = origin
        self.time = time
        self.body = body
    }

    /// A producer, and the number of the event among all events that the producer wrote to the partition: 1, 2, 3, …
    /// without gaps.
    package struct Origin: Sendable, Hashable {
        package var producer: ProducerID
        package var seq: UInt64

        package init(producer: ProducerID, seq: UInt64) {
            self.producer = producer
            self.seq = seq
        }
    }

    /// The content of an event, by kind.
    package enum Body: Sendable, Hashable {
        /// Declares the battery. The first declaration wins.
        case battery(Declaration)
        /// The experiment starts.
        case start(Start)
        /// Hyper-parameters: names without prefix, and values as the text of a ``Value``.
        case param([Entry])
        /// Metadata: names without prefix, and values as the text of a ``Value``.
        case meta([Entry])
        /// One row of the learning curves, or a part of it.
        case epoch(Int, [CurveRow.Cell])
        /// Whole curves: the numbers of each channel for the epochs `first`, `first` + 1, …
        case curve(first: Int, [Series])
        /// The maxima, stated by the user.
        case maxima(epoch: Int?, [CurveRow.Cell])
        /// The experiment ends.
        case end(ExperimentStatus, reason: String?)
    }

    /// The declaration of a battery.
    package struct Declaration: Sendable, Hashable {
        package var name: String
        package var version: Int
        package var description: String
        /// The channel that decides which epoch and which experiment is best.
        package var objective: String
        /// The better direction of the objective.
        package var direction: Direction

        package static let defaultObjective = "valid"

        package init(
            name: String, version: Int, description: String, objective: String = defaultObjective,
            direction: Direction = .max
        ) {
            self.name = name
            self.version = version
            self.description = description
            self.objective = objective
            self.direction = direction
        }
    }

    /// The process that runs an experiment.
    package struct Start: Sendable, Hashable {
        package var host: String?
        package var pid: String?
        package var seed: String?

        package init(host: String? = nil, pid: String? = nil, seed: String? = nil) {
            self.host = host
            self.pid = pid
            self.seed = seed
        }
    }

    /// A named value: a hyper-parameter or metadata.
    package struct Entry: Sendable, Hashable {
        /// The name without prefix.
        package var name: String
        /// The text of a ``Value``.
        package var value: String

        package init(name: String, value: String) {
            self.name = name
            self.value = value
        }
    }

    /// The numbers of one channel for consecutive epochs.
    package struct Series: Sendable, Hashable {
        package var channel: String
        package var numbers: [Number]

        package init(_ channel: String, _ numbers: [Number]) {
            self.channel = channel
            self.numbers = numbers
        }
    }
}

/// The kinds of events. The raw value is the value of the field `event`.
package enum EventKind: String, Sendable, CaseIterable {
    case battery, start, param, meta, epoch, curve, maxima, end
}

extension Event.Body {
    package var kind: EventKind {
        switch self {
        case .battery: .battery
        case .start: .start
        case .param: .param
        case .meta: .meta
        case .epoch: .epoch
        case .curve: .curve
        case .maxima: .maxima
        case .end: .end
        }
    }
}
