import HyperoSchema

/// The `start` events of one experiment that withdrew rows.
///
/// The rows that a process logged before another one resumed stay withdrawn, also if they arrive after further processes have
/// resumed: the journal of a node that comes back may be sent days later. The clocks of hosts differ, so the time decides
/// only for processes that are not known to have run the experiment: forked children, and writers without a producer.
struct Resumptions: Sendable, Hashable {
    struct Resumption: Sendable, Hashable {
        /// The first epoch whose rows were withdrawn.
        var from: Int
        /// The time of the event in Unix milliseconds, by the clock of its host, which is also that of its forked children.
        var time: Int64
        /// The producer of the event; nil if it has none.
        var producer: ProducerID?
        /// The number of the process; nil if the event does not state it.
        var attempt: Int?

        /// Returns whether a process has resumed after another one: by the attempts if both are known, else by the clocks.
        func isLater(than other: Resumption) -> Bool {
            if let attempt, let before = other.attempt, attempt != before { return attempt > before }
            return time > other.time
        }

        /// Returns whether all rows that the other one withdraws are withdrawn by this one too, which is not earlier.
        fileprivate func replaces(_ other: Resumption) -> Bool {
            (other.producer == nil || other.producer == producer) && from <= other.from && time >= other.time
        }
    }

    /// In the order in which the processes have run the experiment.
    private(set) var entries: [Resumption] = []

    /// The maximum number of resumptions. The oldest ones are forgotten.
    private static let maxCount = 64

    init() {}

    /// Returns whether the same event was added before.
    func contains(from epoch: Int, at time: Int64) -> Bool {
        entries.contains { $0.from == epoch && $0.time == time }
    }

    /// Adds a resumption. An entry of another process stays, so that it is known who has run the experiment.
    ///
    /// - Parameters:
    ///   - runner: the process that runs the experiment, or has ended it, if the resumption has arrived too late to be the
    ///     latest; nil if it is not known.
    mutating func add(_ resumption: Resumption, isLatest: Bool, runner: ProducerID?) {
        var index = entries.count
        if !isLatest {
            index = entries.firstIndex { $0.isLater(than: resumption) } ?? index
            // The clock of the process that runs the experiment may be late.
            if let runner, let last = entries.lastIndex(where: { $0.producer == runner }) { index = min(index, last) }
        }
        guard !entries[index...].contains(where: { $0.replaces(resumption) }) else { return }
        entries.insert(resumption, at: index)
        let earlier = entries[..<index].filter { !resumption.replaces($0) }
        entries.replaceSubrange(..<index, with: earlier)
        if entries.count > Self.maxCount { entries.removeFirst() }
    }

    /// Returns whether rows or maxima of an epoch are of a process whose rows a later one has withdrawn.
    ///
    /// - Parameters:
    ///   - producer: the producer of the event; nil if it has none.
    ///   - id: the experiment.
    func withdraws(epoch: Int, at time: Int64, by producer: ProducerID?, of id: ExperimentID) -> Bool {
        guard let first = firstSuccessor(of: producer, in: id) else {
            return entries.contains { epoch >= $0.from && time < $0.time }
        }
        return entries[first...].contains { epoch >= $0.from && ($0.producer != nil || time < $0.time) }
    }

    /// Returns whether another process has resumed the experiment after a process that has run it.
    func isSucceeded(_ producer: ProducerID?, of id: ExperimentID) -> Bool {
        guard let first = firstSuccessor(of: producer, in: id) else { return false }
        return entries[first...].contains { $0.producer != nil }
    }

    /// Returns whether a process is known to have run the experiment.
    func hasRun(_ producer: ProducerID?, in id: ExperimentID) -> Bool { firstSuccessor(of: producer, in: id) != nil }

    /// Returns the index of the first entry that may be of a successor of a process; nil if it is not known that the process
    /// has run the experiment, which is so for forked children.
    private func firstSuccessor(of producer: ProducerID?, in id: ExperimentID) -> Int? {
        guard let producer else { return nil }
        if let last = entries.lastIndex(where: { $0.producer == producer }) { return last + 1 }
        return producer == id.producer ? 0 : nil
    }

    /// The text of ``ExperimentField/resumed``.
    var text: String {
        entries.map { entry in
            var words = [String(entry.from), String(entry.time)]
            if entry.producer != nil || entry.attempt != nil { words.append(entry.producer?.text ?? Self.noProducer) }
            if let attempt = entry.attempt { words.append(String(attempt)) }
            return words.joined(separator: " ")
        }.joined(separator: ", ")
    }

    /// Stands for the producer of an event that has none. It is no id.
    private static let noProducer = "?"

    /// Parses the text of ``ExperimentField/resumed``. A malformed part counts as absent.
    init(text: String) {
        for part in text.split(separator: ",").prefix(Self.maxCount) {
            let words = part.split(separator: " ")
            guard (2...4).contains(words.count), let from = Int(words[0]), let time = Int64(words[1]) else { continue }
            entries.append(
                Resumption(
                    from: from, time: time, producer: words.count > 2 ? ProducerID(String(words[2])) : nil,
                    attempt: words.count > 3 ? Int(words[3]) : nil))
        }
    }
}
