/// One line of a side file: the next call of a producer thread, or the state of the thread.
///
/// A thread writes the line before it makes the call. The next line therefore confirms the call. If the producer was
/// killed, it is unknown whether the call of the last line was made: the call is indeterminate.
package enum SideLine: Sendable, Hashable {
    /// The first line: the process, the seed of its client, true if other threads use the same client, and the number of
    /// partitions of the deployment.
    case client(pid: Int32, seed: UInt64, isShared: Bool, partitions: Int = 1)
    /// The second line of a forked child that logs with its parent's client. All lines up to the next `begin` refer to
    /// this experiment of the parent.
    case inherited(experiment: String, battery: Int)
    /// The producer of a forked child and the seed of its client, which exist after the child's first call.
    case producer(id: String, seed: UInt64)
    /// A call for a new experiment: a declaration and a start. `battery` is an index of ``ChaosBattery/all``.
    case begin(battery: Int)
    /// The id of the new experiment. All lines up to the next `begin` refer to this experiment.
    case began(experiment: String)
    case param(name: String, value: Int)
    case meta(name: String, value: Int)
    /// A row with this value of `valid` and with `tick`, which is nan. The ingest counts the nan of every applied row.
    case row(epoch: Int, valid: Double)
    /// Further values of the channel `loss`.
    case curve(first: Int, losses: [Double])
    case maxima(epoch: Int, valid: Double)
    case end
    /// The last line of a producer that was not killed.
    case over
}

/// The batteries of the chaos run. All producers use the same ones, so that many write to one ranking.
package struct ChaosBattery: Sendable, Hashable {
    package var name: String
    package var version: Int
    package var description: String
    package var objective: String
    /// True if the lowest value of the objective is the best.
    package var isMinimized: Bool

    package static let all = [
        ChaosBattery(name: "chaos", version: 1, description: "", objective: "valid", isMinimized: false),
        ChaosBattery(name: "chaos", version: 2, description: "by loss", objective: "loss", isMinimized: true),
        ChaosBattery(name: "other chaos", version: 1, description: "low", objective: "valid", isMinimized: true),
        ChaosBattery(name: "wrong type", version: 1, description: "", objective: "valid", isMinimized: false),
    ]

    /// The indices of the batteries whose events can be applied.
    package static let ordinary = 0..<3
    /// The index of the battery whose sorted set of columns is a key of another type. Redis cannot take the columns of its
    /// events, so each of its `param` and `meta` events, whose names are unique, must become one dead letter.
    package static let wrongType = 3
}

extension SideLine {
    /// The words of the line, without the line break.
    package var text: String {
        switch self {
        case .client(let pid, let seed, let isShared, let partitions):
            "client \(pid) \(seed) \(isShared) \(partitions)"
        case .inherited(let experiment, let battery): "inherited \(experiment) \(battery)"
        case .producer(let id, let seed): "producer \(id) \(seed)"
        case .begin(let battery): "begin \(battery)"
        case .began(let experiment): "began \(experiment)"
        case .param(let name, let value): "param \(name) \(value)"
        case .meta(let name, let value): "meta \(name) \(value)"
        case .row(let epoch, let valid): "row \(epoch) \(valid)"
        case .curve(let first, let losses): "curve \(first) \(losses.map(\.description).joined(separator: ","))"
        case .maxima(let epoch, let valid): "maxima \(epoch) \(valid)"
        case .end: "end"
        case .over: "over"
        }
    }

    /// Parses the words of ``text``.
    package init?(_ words: [Substring]) {
        func word(_ index: Int) -> String? { index < words.count ? String(words[index]) : nil }
        func integer(_ index: Int) -> Int? { word(index).flatMap { Int($0) } }
        func number(_ index: Int) -> Double? { word(index).flatMap { Double($0) } }
        switch (words.first, words.count) {
        case ("client", 5):
            guard let pid = word(1).flatMap({ Int32($0) }), let seed = word(2).flatMap({ UInt64($0) }),
                let isShared = word(3).flatMap({ Bool($0) }), let partitions = integer(4)
            else { return nil }
            self = .client(pid: pid, seed: seed, isShared: isShared, partitions: partitions)
        case ("inherited", 3):
            guard let battery = integer(2), ChaosBattery.all.indices.contains(battery) else { return nil }
            self = .inherited(experiment: String(words[1]), battery: battery)
        case ("producer", 3):
            guard let seed = word(2).flatMap({ UInt64($0) }) else { return nil }
            self = .producer(id: String(words[1]), seed: seed)
        case ("begin", 2):
            guard let battery = integer(1), ChaosBattery.all.indices.contains(battery) else { return nil }
            self = .begin(battery: battery)
        case ("began", 2): self = .began(experiment: String(words[1]))
        case ("param", 3):
            guard let value = integer(2) else { return nil }
            self = .param(name: String(words[1]), value: value)
        case ("meta", 3):
            guard let value = integer(2) else { return nil }
            self = .meta(name: String(words[1]), value: value)
        case ("row", 3):
            guard let epoch = integer(1), let valid = number(2) else { return nil }
            self = .row(epoch: epoch, valid: valid)
        case ("curve", 3):
            guard let first = integer(1) else { return nil }
            self = .curve(first: first, losses: words[2].split(separator: ",").compactMap { Double($0) })
        case ("maxima", 3):
            guard let epoch = integer(1), let valid = number(2) else { return nil }
            self = .maxima(epoch: epoch, valid: valid)
        case ("end", 1): self = .end
        case ("over", 1): self = .over
        default: return nil
        }
    }
}
