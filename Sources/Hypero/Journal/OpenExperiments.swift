import HyperoSchema

/// The experiments that a process has started or resumed and not ended, according to the records of its journal.
///
/// Records of experiments that another process has started, for example the parent of a fork, change nothing here: the journal
/// of that process says whether they have ended.
struct OpenExperiments: Equatable {
    /// An experiment of the journal's producer.
    struct Subject: Hashable, Comparable {
        /// The number in the producer; ``RecordHeader/resumed`` for an experiment that another process has started first.
        let number: UInt32
        /// The id of a resumed experiment; empty for the others.
        let id: String

        var isValid: Bool { (number == RecordHeader.resumed) == !id.isEmpty && (id.isEmpty || ExperimentID(id) != nil) }

        static func < (left: Subject, right: Subject) -> Bool { (left.number, left.id) < (right.number, right.id) }
    }

    struct Entry: Equatable {
        let battery: String
        /// The latest time of the experiment's known records in Unix milliseconds: an end before the start would be ignored.
        var time: Int64
    }

    private(set) var entries: [Subject: Entry] = [:]
    /// The journal's last sequence number when the experiments were stored; 0 if it is not known.
    var lastSeq: UInt64 = 0

    var isEmpty: Bool { entries.isEmpty }

    subscript(subject: Subject) -> Entry? { entries[subject] }

    /// Reads the next record of the journal, of any kind.
    mutating func read(_ record: Record) {
        switch record.kind {
        case .start:
            // A record of another process may be damaged.
            let battery = String(decoding: record.batteryID, as: UTF8.self)
            guard let subject = record.subject, subject.isValid, BatteryID(battery) != nil else { return }
            entries[subject] = Entry(battery: battery, time: record.time)
        case .end:
            if let subject = record.subject { entries[subject] = nil }
        case .battery, .search, .claim, .enqueue: break
        case .param, .meta, .epoch, .curve, .maxima:
            guard !entries.isEmpty, let subject = record.subject else { return }
            if let entry = entries[subject] { entries[subject]?.time = max(entry.time, record.time) }
        }
    }

    /// The number of entries that are stored and read.
    private static let maxStored = 10_000
}

/// A file of the journal's folder for what the segments do not tell: the open experiments whose `start` records may be in
/// segments that were removed, the last sequence number at that time, and whether the client was closed.
///
///     closed
///     last 5120
///     17 1764162000000 digits.v1.29ad403f
///     4294967295 1764162000000 digits.v1.29ad403f k3v9x2mq7d-17
extension OpenExperiments {
    /// The text of the file.
    func text(isClosed: Bool) -> String {
        var text = (isClosed ? "\(Self.closed)\n" : "") + (lastSeq > 0 ? "\(Self.last)\(lastSeq)\n" : "")
        for (subject, entry) in entries.sorted(by: { $0.key < $1.key }).prefix(Self.maxStored) {
            text += "\(subject.number) \(entry.time) \(entry.battery)\(subject.id.isEmpty ? "" : " \(subject.id)")\n"
        }
        return text
    }

    /// Reads the text of the file. Lines that are no entries are skipped, because a power loss may have damaged them.
    ///
    /// - Returns: nil if the client was closed: it has left its experiments to other processes.
    init?(text: String) {
        for line in text.split(separator: "\n").prefix(Self.maxStored) {
            if line == Self.closed { return nil }
            if line.hasPrefix(Self.last) { lastSeq = UInt64(line.dropFirst(Self.last.count)) ?? 0 }
            let words = line.split(separator: " ").map(String.init)
            guard (3...4).contains(words.count), let number = UInt32(words[0]), let time = Int64(words[1]),
                BatteryID(words[2]) != nil
            else { continue }
            let subject = Subject(number: number, id: words.count == 4 ? words[3] : "")
            if subject.isValid { entries[subject] = Entry(battery: words[2], time: time) }
        }
    }

    private static let closed = "closed"
    private static let last = "last "
}

extension Record {
    /// true if the record's experiment was resumed: another process has started it first.
    var isResumed: Bool { experiment == UInt64(RecordHeader.resumed) }

    /// The bytes of the battery's id, without the id of a resumed experiment.
    var batteryID: UnsafeRawBufferPointer {
        guard isResumed, let separator = battery.firstIndex(of: RecordHeader.separator) else { return battery }
        return UnsafeRawBufferPointer(rebasing: battery[..<separator])
    }

    /// The bytes of the id of a resumed experiment; empty for other records.
    var resumedID: UnsafeRawBufferPointer {
        guard isResumed, let separator = battery.firstIndex(of: RecordHeader.separator) else {
            return UnsafeRawBufferPointer(rebasing: battery[..<0])
        }
        return UnsafeRawBufferPointer(rebasing: battery[(separator + 1)...])
    }

    /// The experiment, if this process has started or resumed it; nil for an experiment of an ancestor.
    var subject: OpenExperiments.Subject? {
        guard origin == 0 else { return nil }
        if isResumed {
            return OpenExperiments.Subject(
                number: RecordHeader.resumed, id: String(decoding: resumedID, as: UTF8.self))
        }
        return OpenExperiments.Subject(number: UInt32(truncatingIfNeeded: experiment), id: "")
    }
}
