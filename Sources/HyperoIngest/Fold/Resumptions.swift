import HyperoSchema

/// The `start` events of one experiment that withdrew rows.
///
/// The rows that a process logged before another one resumed stay withdrawn, also if they arrive after further processes have
/// resumed: the journal of a node that comes back may be sent days later.
struct Resumptions: Sendable, Hashable {
    struct Resumption: Sendable, Hashable {
        /// The first epoch whose rows were withdrawn.
        var from: Int
        /// The time of the event in Unix milliseconds.
        var time: Int64
        /// The producer of the event; nil if it has none.
        var producer: ProducerID?
    }

    /// Ascending by time and by first epoch. A later one of an earlier epoch withdraws all that the ones before did.
    private(set) var entries: [Resumption] = []

    /// The maximum number of resumptions. The oldest ones are forgotten.
    private static let maxCount = 64

    init() {}

    /// Returns whether the same event was added before.
    func contains(from epoch: Int, at time: Int64) -> Bool {
        entries.contains { $0.from == epoch && $0.time == time }
    }

    /// Adds the latest resumption.
    mutating func add(_ resumption: Resumption) {
        entries.removeAll { $0.from >= resumption.from }
        entries.append(resumption)
        if entries.count > Self.maxCount { entries.removeFirst() }
    }

    /// Returns whether a row is of a process whose rows a later one has withdrawn.
    func withdraw(epoch: Int, at time: Int64, by producer: ProducerID?) -> Bool {
        entries.contains { epoch >= $0.from && time < $0.time && producer != $0.producer }
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
