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
    }

    /// From the earliest to the latest. A later one of an earlier epoch withdraws all that the ones before did.
    private(set) var entries: [Resumption] = []

    /// The maximum number of resumptions. The oldest ones are forgotten.
    private static let maxCount = 64

    init() {}

    /// Returns whether the same event was added before.
    func contains(from epoch: Int, at time: Int64) -> Bool {
        entries.contains { $0.from == epoch && $0.time == time }
    }

    /// Adds a resumption.
    ///
    /// - Parameter isLatest: false if it has arrived after later ones. It is then left out if one of these withdraws an earlier
    ///   epoch, and else placed by its time.
    mutating func add(_ resumption: Resumption, isLatest: Bool) {
        if isLatest {
            entries.removeAll { $0.from >= resumption.from }
            entries.append(resumption)
        } else {
            guard !entries.contains(where: { $0.time > resumption.time && $0.from <= resumption.from }) else { return }
            entries.removeAll { $0.time <= resumption.time && $0.from >= resumption.from }
            let index = entries.firstIndex { $0.time > resumption.time } ?? entries.count
            entries.insert(resumption, at: index)
        }
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
        entries.map { "\($0.from) \($0.time)" + ($0.producer.map { " \($0.text)" } ?? "") }.joined(separator: ", ")
    }

    /// Parses the text of ``ExperimentField/resumed``. A malformed part counts as absent.
    init(text: String) {
        for part in text.split(separator: ",").prefix(Self.maxCount) {
            let words = part.split(separator: " ")
            guard (2...3).contains(words.count), let from = Int(words[0]), let time = Int64(words[1]) else { continue }
            entries.append(
                Resumption(from: from, time: time, producer: words.count == 3 ? ProducerID(String(words[2])) : nil))
        }
    }
}
