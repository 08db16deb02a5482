/// One entry of the stream: something that happened to a battery or an experiment.
package struct Event: Sendable, Hashable {
    /// The experiment; nil only in the declaration of a battery.
    package var experiment: ExperimentID?
    package var battery: BatteryID
    /// Who wrote it and as which in a row; nil from those who do without deduplication.
    package var origin: Origin?
    /// Unix milliseconds at the call.
    package var time: Int64?
    /// Its id among the dead letters, when it is one that is sent again.
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

    /// A producer and the event's place among all it wrote to the partition: 1, 2, 3, … without holes.
    package struct Origin: Sendable, Hashable {
        package var producer: ProducerID
        package var seq: UInt64

        package init(producer: ProducerID, seq: UInt64) {
            self.producer = producer
            self.seq = seq
        }
    }

    /// What happened.
    package enum Body: Sendable, Hashable {
        /// The battery exists; the first declaration wins.
        case battery(Declaration)
        /// The experiment begins.
        case start(Start)
        /// Hyper-parameters: names without their prefix, and values as they stand on the wire.
        case param([Entry])
        /// Metadata, likewise.
        case meta([Entry])
        /// One row of the learning curves, or a piece of it.
        case epoch(Int, [CurveRow.Cell])
        /// Whole curves: each channel's values for the epochs `first`, `first` + 1, ….
        case curve(first: Int, [Series])
        /// The values at the best point, said by the user.
        case maxima(epoch: Int?, [CurveRow.Cell])
        /// The experiment ends.
        case end(ExperimentStatus, reason: String?)
    }

    package struct Declaration: Sendable, Hashable {
        package var name: String
        package var version: Int
        package var description: String
        /// The channel that decides "best".
        package var objective: String
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

    package struct Entry: Sendable, Hashable {
        package var name: String
        package var value: String

        package init(name: String, value: String) {
            self.name = name
            self.value = value
        }
    }

    package struct Series: Sendable, Hashable {
        package var channel: String
        package var numbers: [Number]

        package init(_ channel: String, _ numbers: [Number]) {
            self.channel = channel
            self.numbers = numbers
        }
    }
}

/// The kinds of events; the raw value is the `event` field.
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
