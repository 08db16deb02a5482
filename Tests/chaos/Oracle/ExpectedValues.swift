import HyperoSchema

/// The cells and names that the calls for one experiment have written, each with all its values in order.
struct ExpectedValues {
    struct Cell: Hashable {
        var epoch: Int
        var channel: String
    }

    /// The calls of one attempt that have an effect, in order. A forked child has the attempt of its parent.
    struct Attempt {
        var number: Int
        /// The first epoch whose rows of earlier attempts are withdrawn; nil if none are.
        var from: Int?
        var calls: [Event.Body]
    }

    private(set) var cells: [Cell: [String]] = [:]
    /// The values of earlier attempts that a later one has withdrawn.
    private(set) var withdrawn: [Cell: [String]] = [:]
    private(set) var names: [String: [String]] = [:]
    /// The number of values that are not finite: one tick per row.
    private(set) var ticks = 0
    private(set) var withdrawnTicks = 0
    private(set) var callCount = 0

    init(_ attempts: [Attempt]) {
        for attempt in attempts.sorted(by: { $0.number < $1.number }) {
            let end = Self.end(of: attempt.number, in: attempts)
            callCount += attempt.calls.count
            for call in attempt.calls { add(call, before: end) }
        }
    }

    /// Returns the epoch from which the rows of an attempt are withdrawn; nil if none are.
    static func end(of attempt: Int, in attempts: [Attempt]) -> Int? {
        attempts.filter { $0.number > attempt }.compactMap(\.from).min()
    }

    private mutating func add(_ call: Event.Body, before end: Int?) {
        switch call {
        case .param(let entries, _):
            for entry in entries { names[Prefix.param + entry.name, default: []].append(entry.value) }
        case .meta(let entries):
            for entry in entries { names[Prefix.meta + entry.name, default: []].append(entry.value) }
        case .epoch(let epoch, let row):
            for cell in row { add(cell.number, epoch: epoch, channel: cell.channel, before: end) }
        case .curve(let first, let series):
            for series in series {
                for (offset, number) in series.numbers.enumerated() {
                    add(number, epoch: first + offset, channel: series.channel, before: end)
                }
            }
        case .battery, .start, .maxima, .end, .alive, .search, .claim, .enqueue: return
        }
    }

    private mutating func add(_ number: Number, epoch: Int, channel: String, before end: Int?) {
        let cell = Cell(epoch: epoch, channel: channel)
        if let end, epoch >= end {
            withdrawn[cell, default: []].append(number.text)
            if !number.isFinite { withdrawnTicks += 1 }
        } else {
            cells[cell, default: []].append(number.text)
            if !number.isFinite { ticks += 1 }
        }
    }
}
