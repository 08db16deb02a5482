/// One line of a side file: what a thread of a producer is about to log, or has come to.
///
/// A line is written before the call it tells of, so that the next line says that the call was made. A producer that was
/// killed leaves a last line whose call was made or not.
package enum SideLine: Sendable, Hashable {
    /// The first line: the process, the seed of its client, and whether other threads log to the same client.
    case client(pid: Int32, seed: UInt64, isShared: Bool)
    /// A new experiment of the battery of this index in ``ChaosBattery/all``: a declaration and a start.
    case begin(battery: Int)
    /// The experiment that came of it; all lines up to the next are about it.
    case began(experiment: String)
    case param(name: String, value: Int)
    case meta(name: String, value: Int)
    /// A row with this value of `valid`, and a `tick` that is nan: the ingest counts every one it applies.
    case row(epoch: Int, valid: Double)
    /// A piece of the curve of `loss`.
    case curve(first: Int, losses: [Double])
    case maxima(epoch: Int, valid: Double)
    case end
    /// The last line of a producer that ends by itself.
    case over
}

extension SideLine {
    /// The line's words, without a line's end.
    package var text: String {
        switch self {
        case .client(let pid, let seed, let isShared): "client \(pid) \(seed) \(isShared)"
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

    /// Reads what ``text`` wrote.
    package init?(_ words: [Substring]) {
        func word(_ index: Int) -> String? { index < words.count ? String(words[index]) : nil }
        func integer(_ index: Int) -> Int? { word(index).flatMap { Int($0) } }
        func number(_ index: Int) -> Double? { word(index).flatMap { Double($0) } }
        switch (words.first, words.count) {
        case ("client", 4):
            guard let pid = word(1).flatMap({ Int32($0) }), let seed = word(2).flatMap({ UInt64($0) }),
                let isShared = word(3).flatMap({ Bool($0) })
            else { return nil }
            self = .client(pid: pid, seed: seed, isShared: isShared)
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
