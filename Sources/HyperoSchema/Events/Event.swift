/// One entry of the stream: an event of a battery, an experiment or a producer.
package struct Event: Sendable, Hashable {
    /// The experiment; nil if the event is about a battery or a search, or is a sign of life.
    package var experiment: ExperimentID?
    /// The battery; nil only for a sign of life.
    package var battery: BatteryID?
    /// The producer and sequence number; nil for an entry without deduplication.
    package var origin: Origin?
    /// The time of the call in Unix milliseconds; nil if the entry has none.
    package var time: Int64?
    /// The id of a requeued dead letter in `{hypero}:dead`; nil for any other event.
    package var requeued: StreamID?
    package var body: Body

    package init(
        experiment: ExperimentID?, battery: BatteryID?, origin: Origin? = nil, time: Int64? = nil, body: Body
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
        /// The experiment starts or resumes.
        case start(Start)
        /// Hyper-parameters: names without prefix, and values as the text of a ``Value``.
        ///
        /// - spaces: the distributions that they were drawn from, by the same names. May be empty.
        case param([Entry], spaces: [Entry] = [])
        /// Metadata: names without prefix, and values as the text of a ``Value``.
        case meta([Entry])
        /// One row of the learning curves, or a part of it.
        case epoch(Int, [CurveRow.Cell])
        /// Whole curves: the numbers of each channel for the epochs `first`, `first` + 1, …
        case curve(first: Int, [Series])
        /// The maxima, stated by the user.
        case maxima(epoch: Int?, [CurveRow.Cell])
        /// The experiment ends.
        ///
        /// - attempt: the number of the process among those that ran the experiment; nil if it is not known.
        case end(ExperimentStatus, reason: String?, attempt: Int? = nil)
        /// Declares a search of the battery. A later declaration raises the number of trials.
        case search(Search)
        /// Asks for the next trial of a search. The event has a producer and a sequence number.
        case claim(SearchID)
        /// Adds the hyper-parameters of a known point, which one of the next trials of a search gets.
        case enqueue(SearchID, [Entry])
        /// The producer's process lives. The event has no experiment, battery and sequence number.
        case alive(ProducerID)
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
        /// The better directions of other channels.
        package var directions: [ChannelDirection]

        package static let defaultObjective = "valid"

        package init(
            name: String, version: Int, description: String, objective: String = defaultObjective,
            direction: Direction = .max, directions: [ChannelDirection] = []
        ) {
            self.name = name
            self.version = version
            self.description = description
            self.objective = objective
            self.direction = direction
            self.directions = directions
        }

        /// True if ``directions`` has the objective with another direction than ``direction``.
        package var contradictsItself: Bool {
            directions.contains { $0.channel.hasSameBytes(as: objective) && $0.direction != direction }
        }
    }

    /// The better direction of one channel.
    package struct ChannelDirection: Sendable, Hashable {
        package let channel: String
        package let direction: Direction

        package init(_ channel: String, _ direction: Direction) {
            self.channel = channel
            self.direction = direction
        }
    }

    /// The declaration of a search.
    package struct Search: Sendable, Hashable {
        package var id: SearchID
        package var name: String
        package var seed: UInt64
        /// The number of trials, 1 to ``Limits/trials``.
        package var trials: Int
        /// The name of the sampler; nil if the client does not state it.
        package var sampler: String?
        /// The number of processes that may get one trial, because those before are lost.
        package var attempts: Int
        /// The time without a sign of life after which a trial is lost, in milliseconds.
        package var lease: Int64
        /// The rule that stops bad trials; nil for none.
        package var stopping: StoppingRule?

        package static let defaultName = "search"
        package static let defaultAttempts = 3
        package static let defaultLease: Int64 = 600_000

        package init(
            id: SearchID, name: String = defaultName, seed: UInt64, trials: Int, sampler: String? = nil,
            attempts: Int = defaultAttempts, lease: Int64 = defaultLease, stopping: StoppingRule? = nil
        ) {
            self.id = id
            self.name = name
            self.seed = seed
            self.trials = trials
            self.sampler = sampler
            self.attempts = attempts
            self.lease = lease
            self.stopping = stopping
        }
    }

    /// The process that runs an experiment.
    package struct Start: Sendable, Hashable {
        package var host: String?
        package var pid: String?
        package var seed: String?
        /// The number of the process among those that ran the experiment: 1, 2, 3, …; nil if it is not known.
        package var attempt: Int?
        /// The epoch at which the process resumes: the rows of this and later epochs are withdrawn. Nil for none.
        package var from: Int?
        /// The claim whose grant the process runs, if the experiment is a trial; nil for none.
        package var token: Origin?
        /// The last entry of the search's history that the suggestions of the trial depend on, ``StreamID/zero`` for none; nil if
        /// the client does not state it.
        package var asof: StreamID?

        package init(
            host: String? = nil, pid: String? = nil, seed: String? = nil, attempt: Int? = nil, from: Int? = nil,
            token: Origin? = nil, asof: StreamID? = nil
        ) {
            self.host = host
            self.pid = pid
            self.seed = seed
            self.attempt = attempt
            self.from = from
            self.token = token
            self.asof = asof
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
    case battery, start, param, meta, epoch, curve, maxima, end, alive, search, claim, enqueue

    /// True if entries of the kind have the field ``EventField/experiment``.
    package var hasExperiment: Bool {
        switch self {
        case .start, .param, .meta, .epoch, .curve, .maxima, .end: true
        case .battery, .alive, .search, .claim, .enqueue: false
        }
    }
}

extension Event.Origin {
    /// The text of a token: `<producer>:<seq>`. No id has a colon.
    package var token: String { "\(producer.text):\(seq)" }

    /// Parses a token; nil if the text is not one.
    package init?(token: String) {
        guard let colon = token.utf8.firstIndex(of: UInt8(ascii: ":")),
            let producer = ProducerID(String(token[..<colon])),
            let seq = UInt64(token[token.utf8.index(after: colon)...]), (1...UInt64(Limits.integer)).contains(seq)
        else { return nil }
        self.init(producer: producer, seq: seq)
    }
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
        case .alive: .alive
        case .search: .search
        case .claim: .claim
        case .enqueue: .enqueue
        }
    }

    /// The search that the event names; nil for other kinds of events.
    package var search: SearchID? {
        switch self {
        case .search(let search): search.id
        case .claim(let search), .enqueue(let search, _): search
        default: nil
        }
    }
}
