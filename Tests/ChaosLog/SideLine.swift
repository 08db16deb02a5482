/// One line of a side file: the next call of a producer thread, or the state of the thread.
///
/// A thread writes the line before it makes the call. The next line therefore confirms the call. If the producer was
/// killed, it is unknown whether the call of the last line was made: the call is indeterminate.
package enum SideLine: Sendable, Hashable {
    /// The first line: the process, the seed of its client, true if other threads use the same client, the number of
    /// partitions of the deployment, and the time of the line in Unix milliseconds.
    case client(pid: Int32, seed: UInt64, isShared: Bool, partitions: Int = 1, time: Int64 = 0)
    /// The second line of a forked child that logs with its parent's client. All lines up to the next `begin` refer to
    /// this experiment of the parent.
    case inherited(experiment: String, battery: Int)
    /// The producer of a forked child and the seed of its client, which exist after the child's first call.
    case producer(id: String, seed: UInt64)
    /// A call for a new experiment: a declaration and a start. `battery` is an index of ``ChaosBattery/all``, and `variant`
    /// one of ``ChaosBattery/variants``.
    case begin(battery: Int, variant: Int = 0)
    /// The id of the new experiment. All lines up to the next `begin` or `resume` refer to this experiment.
    case began(experiment: String)
    /// A call that resumes an experiment: a declaration and a start. All lines up to the next `begin` or `resume` refer to
    /// the experiment. `from` is the first epoch whose rows are withdrawn.
    case resume(experiment: String, battery: Int, attempt: Int, from: Int?, producer: String)
    case param(name: String, value: Int)
    case meta(name: String, value: Int)
    /// A row with this value of `valid` and with `tick`, which is nan. The ingest counts the nan of every applied row.
    case row(epoch: Int, valid: Double)
    /// The time of the last row's call, which was longer than all others of the thread, and the number of times that the kernel
    /// put the thread to sleep meanwhile: 0 if the thread only waited for a processor.
    case slowest(microseconds: Int, sleeps: Int)
    /// Further values of the channel `loss`.
    case curve(first: Int, losses: [Double])
    case maxima(epoch: Int, valid: Double)
    case end
    /// The last line of a thread that was not killed.
    case over
    /// A call of `flush(until: .applied)`, with the time before it in Unix milliseconds.
    case flush(time: Int64)
    /// The call has returned true.
    case flushed
    /// A call that closes the client of the process, after the last line of all its threads.
    case closing
    /// The client has sent all events and ended, well before its deadline.
    case closed
}

/// The batteries of the chaos run. All producers use the same ones, so that many write to one ranking.
package struct ChaosBattery: Sendable, Hashable {
    package var name: String
    package var version: Int
    package var description: String
    package var objective: String
    /// True if the lowest value of the objective is the best.
    package var isMinimized: Bool

    /// The declarations of a battery: as it is, with the other direction, and with another objective. The last two conflict
    /// with the first, which each thread that logs them has declared before.
    package static let variants = 0..<3

    /// Returns the declaration of the battery with a number of ``variants``.
    package func variant(_ number: Int) -> ChaosBattery {
        var battery = self
        if number == 1 { battery.isMinimized.toggle() }
        if number == 2 { battery.objective = "tick" }
        return battery
    }

    package static let all = [
        ChaosBattery(name: "chaos", version: 1, description: "", objective: "valid", isMinimized: false),
        ChaosBattery(name: "chaos", version: 2, description: "by loss", objective: "loss", isMinimized: true),
        ChaosBattery(name: "other chaos", version: 1, description: "low", objective: "valid", isMinimized: true),
        ChaosBattery(name: "wrong type", version: 1, description: "", objective: "valid", isMinimized: false),
        ChaosBattery(name: "deleted", version: 1, description: "", objective: "valid", isMinimized: false),
    ]

    /// The indices of the batteries whose events can be applied.
    package static let ordinary = 0..<3
    /// The index of the battery whose sorted set of columns is a key of another type. Redis cannot take the columns of its
    /// events, so each of its `param` and `meta` events, whose names are unique, must become one dead letter.
    package static let wrongType = 3
    /// The index of the battery that is deleted again and again. Its experiments are neither resumed nor shared by processes: an
    /// experiment that has ended before the deletion of its battery could come back without its start.
    package static let deletable = 4
}

extension SideLine {
    /// The words of the line, without the line break.
    package var text: String {
        switch self {
        case .client(let pid, let seed, let isShared, let partitions, let time):
            "client \(pid) \(seed) \(isShared) \(partitions) \(time)"
        case .inherited(let experiment, let battery): "inherited \(experiment) \(battery)"
        case .producer(let id, let seed): "producer \(id) \(seed)"
        case .begin(let battery, let variant): "begin \(battery) \(variant)"
        case .began(let experiment): "began \(experiment)"
        case .resume(let experiment, let battery, let attempt, let from, let producer):
            "resume \(experiment) \(battery) \(attempt) \(from.map { "\($0)" } ?? "-") \(producer)"
        case .param(let name, let value): "param \(name) \(value)"
        case .meta(let name, let value): "meta \(name) \(value)"
        case .row(let epoch, let valid): "row \(epoch) \(valid)"
        case .slowest(let microseconds, let sleeps): "slowest \(microseconds) \(sleeps)"
        case .curve(let first, let losses): "curve \(first) \(losses.map(\.description).joined(separator: ","))"
        case .maxima(let epoch, let valid): "maxima \(epoch) \(valid)"
        case .end: "end"
        case .over: "over"
        case .flush(let time): "flush \(time)"
        case .flushed: "flushed"
        case .closing: "closing"
        case .closed: "closed"
        }
    }

    /// Parses the words of ``text``.
    package init?(_ words: [Substring]) {
        func word(_ index: Int) -> String? { index < words.count ? String(words[index]) : nil }
        func integer(_ index: Int) -> Int? { word(index).flatMap { Int($0) } }
        func number(_ index: Int) -> Double? { word(index).flatMap { Double($0) } }
        switch (words.first, words.count) {
        case ("client", 6):
            guard let pid = word(1).flatMap({ Int32($0) }), let seed = word(2).flatMap({ UInt64($0) }),
                let isShared = word(3).flatMap({ Bool($0) }), let partitions = integer(4),
                let time = word(5).flatMap({ Int64($0) })
            else { return nil }
            self = .client(pid: pid, seed: seed, isShared: isShared, partitions: partitions, time: time)
        case ("inherited", 3):
            guard let battery = integer(2), ChaosBattery.all.indices.contains(battery) else { return nil }
            self = .inherited(experiment: String(words[1]), battery: battery)
        case ("producer", 3):
            guard let seed = word(2).flatMap({ UInt64($0) }) else { return nil }
            self = .producer(id: String(words[1]), seed: seed)
        case ("begin", 3):
            guard let battery = integer(1), ChaosBattery.all.indices.contains(battery), let variant = integer(2),
                ChaosBattery.variants.contains(variant)
            else { return nil }
            self = .begin(battery: battery, variant: variant)
        case ("began", 2): self = .began(experiment: String(words[1]))
        case ("resume", 6):
            guard let battery = integer(2), ChaosBattery.all.indices.contains(battery), let attempt = integer(3),
                words[4] == "-" || integer(4) != nil
            else { return nil }
            self = .resume(
                experiment: String(words[1]), battery: battery, attempt: attempt, from: integer(4),
                producer: String(words[5]))
        case ("param", 3):
            guard let value = integer(2) else { return nil }
            self = .param(name: String(words[1]), value: value)
        case ("meta", 3):
            guard let value = integer(2) else { return nil }
            self = .meta(name: String(words[1]), value: value)
        case ("row", 3):
            guard let epoch = integer(1), let valid = number(2) else { return nil }
            self = .row(epoch: epoch, valid: valid)
        case ("slowest", 3):
            guard let microseconds = integer(1), let sleeps = integer(2) else { return nil }
            self = .slowest(microseconds: microseconds, sleeps: sleeps)
        case ("curve", 3):
            guard let first = integer(1) else { return nil }
            self = .curve(first: first, losses: words[2].split(separator: ",").compactMap { Double($0) })
        case ("maxima", 3):
            guard let epoch = integer(1), let valid = number(2) else { return nil }
            self = .maxima(epoch: epoch, valid: valid)
        case ("end", 1): self = .end
        case ("over", 1): self = .over
        case ("flush", 2):
            guard let time = word(1).flatMap({ Int64($0) }) else { return nil }
            self = .flush(time: time)
        case ("flushed", 1): self = .flushed
        case ("closing", 1): self = .closing
        case ("closed", 1): self = .closed
        default: return nil
        }
    }
}
