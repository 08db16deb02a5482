import HyperoSchema

/// The state of one search: its declaration, and the numbers that were granted.
///
/// All of it depends only on the entries before, so that it is the same however they are divided into batches.
package struct SearchState: Sendable, Hashable {
    /// A trial that was granted and has not ended.
    struct OpenTrial: Sendable, Hashable {
        /// The number of the process among those that the trial was granted to.
        var attempt: Int
        /// The claim that got the trial; nil if its grant is not known, because Redis has lost it.
        var token: Event.Origin?
        /// The time of the latest recorded sign of life by the server's clock, in Unix milliseconds; 0 for a trial that is lost.
        var time: Int64
        /// The number of the enqueued point; nil for none.
        var point: Int?
        /// The producer that has started the trial; nil before its start.
        var runner: ProducerID?
        /// The number of processes that were lost with the trial. Those that gave it back or never started it do not count.
        var losses = 0

        /// The producer whose signs of life are those of the trial; nil if it is not known.
        var holder: ProducerID? { runner ?? token?.producer }

        /// Returns whether an event is of the process that the trial was granted to last.
        ///
        /// - Parameter producer: the producer of the event; nil if it has none.
        func isHeld(by producer: ProducerID?) -> Bool {
            guard let producer, let holder else { return true }
            return producer == holder || producer == token?.producer
        }
    }

    /// The battery of the search; nil if the search was never declared.
    var battery: BatteryID?
    var name = ""
    var seed = ""
    var sampler: String?
    var trials = 0
    var attempts = Event.Search.defaultAttempts
    /// The lease in milliseconds.
    var lease = Event.Search.defaultLease
    /// The rule that stops bad trials; nil for none.
    var stopping: StoppingRule?
    /// The first distribution of each hyper-parameter, by name, of at most ``Limits/searchSpaces``.
    var spaces: [ExactText: String] = [:]
    /// The lowest number above all trials that were granted or have started.
    var next = 1
    /// The numbers below ``next`` that are granted before it, ascending.
    var free: [ClosedRange<UInt64>] = []
    var ended = 0
    /// The number of trials that have ended with the status `stopped`.
    var stopped = 0
    var refused = 0
    /// The time of the latest event of a trial and of the latest claim, recorded once in an eighth of the lease, in Unix milliseconds.
    var active: Int64 = 0
    /// The time of the first event after a time in which no process could send, in Unix milliseconds; 0 for none.
    var resumed: Int64 = 0
    /// The number of enqueued points that were granted.
    var granted = 0
    var open: [Int: OpenTrial] = [:]
    /// The enqueued points in order, each a JSON object.
    var points: [String] = []
    /// The number of bytes of ``points``.
    var pointBytes = 0
    /// The reason why the key of the search cannot be read, for example because it has another type.
    var readError: String?

    package init() {}

    /// Creates the state of a search whose key cannot be read.
    package init(readError: String) {
        self.readError = readError
    }

    /// Creates the state from the fields of the search's hash (``SearchField``). A malformed value counts as absent.
    package init(fields: [(name: String, value: String)]) {
        var points: [Int: String] = [:]
        var rule: [String: String] = [:]
        func count(_ text: String) -> Int { Int(text).map { min(max($0, 0), Limits.trials + 1) } ?? 0 }
        // A number that is out of its range would overflow sums.
        func time(_ text: String) -> Int64 { Int64(text).map { min(max($0, 0), Limits.integer) } ?? 0 }
        for (name, value) in fields {
            switch name {
            case SearchField.battery: battery = BatteryID(value)
            case SearchField.name: self.name = value
            case SearchField.seed: seed = value
            case SearchField.sampler: sampler = value
            case SearchField.trials: trials = count(value)
            case SearchField.attempts:
                attempts = Int(value).map { min(max($0, 1), Limits.attempts.upperBound) } ?? attempts
            case SearchField.lease:
                let bounds = Int64(Limits.lease.lowerBound)...Int64(Limits.lease.upperBound)
                lease = Int64(value).map { min(max($0, bounds.lowerBound), bounds.upperBound) } ?? lease
            case SearchField.next: next = max(count(value), 1)
            case SearchField.free: free = SequenceRanges.parse(value)
            case SearchField.ended: ended = count(value)
            case SearchField.stopped: stopped = count(value)
            case SearchField.stopping, SearchField.stoppingEpochs, SearchField.stoppingFirst,
                SearchField.stoppingFactor:
                rule[name] = value
            case SearchField.refused: refused = count(value)
            case SearchField.active: active = time(value)
            case SearchField.resumed: resumed = time(value)
            case SearchField.granted: granted = count(value)
            default:
                if let number = name.dropping(prefix: SearchField.open).flatMap({ Int($0) }) {
                    open[number] = OpenTrial(text: value)
                } else if let number = name.dropping(prefix: SearchField.point).flatMap({ Int($0) }) {
                    points[number] = value
                } else if let name = name.dropping(prefix: Prefix.space) {
                    spaces[ExactText(name)] = value
                }
            }
        }
        while let point = points[self.points.count + 1] { self.points.append(point) }
        stopping = StoppingRule(
            kind: rule[SearchField.stopping], epochs: rule[SearchField.stoppingEpochs],
            first: rule[SearchField.stoppingFirst], factor: rule[SearchField.stoppingFactor])
        pointBytes = self.points.reduce(0) { $0 + $1.utf8.count }
        granted = min(granted, self.points.count)
        // Another client may have written the fields.
        free = free.filter { $0.lowerBound > 0 && $0.upperBound < UInt64(next) }
        open = open.filter { $0.key > 0 && $0.key < next }
        if trials == 0 { battery = nil }
    }

    /// The approximate memory of the state in bytes.
    var cost: Int {
        400 + open.count * 140 + free.count * 16 + pointBytes + points.count * 32
            + spaces.reduce(0) { $0 + 64 + $1.key.text.utf8.count + $1.value.utf8.count }
    }

    /// The time after which a trial without a recorded sign of life is lost, in milliseconds.
    ///
    /// A sign is recorded only if an eighth of the lease has passed since the last one, so that events do not write the search's
    /// hash. A trial is thus lost after the lease at the earliest.
    var silence: Int64 { lease + lease / 8 }

    /// The time without an event of the search and of the process that claims after which Redis was away, in milliseconds. Processes
    /// that live show it after a third of the lease.
    var outage: Int64 { lease * 5 / 8 }

    /// The time after an outage for which no trial is lost, so that the processes can connect again, in milliseconds.
    var grace: Int64 { max(lease / 8, min(lease / 2, 5_000)) }

    /// Returns whether a number was granted or has started.
    func isKnown(_ trial: Int) -> Bool {
        trial < next && !free.contains { $0.contains(UInt64(trial)) }
    }
}

extension SearchState.OpenTrial {
    /// Parses the value of a field `open.<trial>`; nil if it is malformed.
    init?(text: String) {
        let words = text.split(separator: " ", omittingEmptySubsequences: false)
        // Numbers that are out of their ranges would overflow sums.
        let range = 0...Int(Limits.integer)
        guard (5...6).contains(words.count), let attempt = Int(words[0]), attempt > 0, range.contains(attempt),
            let time = Int64(words[2]), range.contains(Int(time))
        else {
            return nil
        }
        self.init(
            attempt: attempt, token: Event.Origin(token: String(words[1])), time: time, point: Int(words[3]),
            runner: words[4] == Self.absent ? nil : ProducerID(String(words[4])),
            losses: words.count == 6
                ? min(max(Int(words[5]) ?? attempt - 1, 0), range.upperBound) : attempt - 1)
    }

    /// The value of a field `open.<trial>`.
    var text: String {
        var words = [
            String(attempt), token?.token ?? Self.absent, String(time), point.map { String($0) } ?? Self.absent,
            runner?.text ?? Self.absent,
        ]
        if losses != attempt - 1 { words.append(String(losses)) }
        return words.joined(separator: " ")
    }

    private static let absent = "-"
}
