import HyperoSchema

/// The applied part of a producer's sequence: the highest number applied, and the ranges below it that are missing.
///
/// A server that runs out of memory can refuse one entry of a pipeline and accept the next. The client sends the
/// refused entry later under its own number, and the ingest must not drop it as a duplicate.
package struct Watermark: Sendable, Hashable {
    /// The highest sequence number applied.
    private(set) var seq: UInt64 = 0
    /// The ranges below `seq` that were not received, ascending, at most ``maxMissingRanges``.
    package private(set) var missing: [ClosedRange<UInt64>] = []
    /// The time of the latest event in Unix milliseconds.
    private(set) var time: Int64 = .min

    /// The reason why the producer's key cannot be read, for example because it has another type.
    private(set) var readError: String?

    /// The maximum number of missing ranges. If there are more, the lowest range is forgotten and stays counted as a
    /// gap.
    static let maxMissingRanges = 64

    /// The result of accepting a sequence number.
    package enum Arrival: Hashable {
        /// Higher than every number before; `skipped` is the count of numbers skipped since the highest.
        case new(skipped: UInt64)
        /// One of the missing numbers.
        case late
        /// Applied before, or in a missing range that was forgotten.
        case duplicate
    }

    package init() {}

    /// Creates the watermark of a producer whose key cannot be read.
    package init(readError: String) {
        self.readError = readError
    }

    /// Creates the watermark from the values of ``ProducerField``; a malformed value counts as absent.
    package init(seq: String?, time: String?, missing: String?) {
        self.seq = seq.flatMap { UInt64($0) } ?? 0
        self.time = time.flatMap { Int64($0) } ?? .min
        self.missing = SequenceRanges.parse(missing ?? "")
        self.missing.removeFirst(max(0, self.missing.count - Self.maxMissingRanges))
    }

    /// The missing ranges in the form of ``ProducerField/missing``: `17 40-52`.
    package var missingText: String { SequenceRanges.text(of: missing) }

    /// Marks a sequence number as applied.
    ///
    /// - Parameter time: the time of the event in Unix milliseconds.
    /// - Returns: the result; a duplicate changes nothing.
    package mutating func accept(_ number: UInt64, at time: Int64) -> Arrival {
        let arrival = number > seq ? advance(to: number) : fillGap(number)
        if arrival != .duplicate { self.time = max(self.time, time) }
        return arrival
    }

    private mutating func advance(to number: UInt64) -> Arrival {
        let skipped = number - seq - 1
        if skipped > 0 {
            missing.append(seq + 1...number - 1)
            if missing.count > Self.maxMissingRanges { missing.removeFirst() }
        }
        seq = number
        return .new(skipped: skipped)
    }

    private mutating func fillGap(_ number: UInt64) -> Arrival {
        guard let index = missing.firstIndex(where: { $0.contains(number) }) else { return .duplicate }
        let range = missing[index]
        var remaining: [ClosedRange<UInt64>] = []
        if range.lowerBound < number { remaining.append(range.lowerBound...number - 1) }
        if number < range.upperBound { remaining.append(number + 1...range.upperBound) }
        missing.replaceSubrange(index...index, with: remaining)
        if missing.count > Self.maxMissingRanges { missing.removeFirst() }
        return .late
    }
}

extension Watermark {
    /// The time for which a producer's watermark is kept after its last event: 30 days, in milliseconds.
    private static let lifetime: Int64 = 30 * 24 * 60 * 60 * 1_000

    /// Returns the changes of the producer's hash since the prior watermark.
    func changes(of producer: ProducerID, since prior: Watermark, in keyspace: Keyspace) -> [IndexChange] {
        let key = keyspace.producer(producer)
        var fields = [
            IndexChange.Field(ProducerField.seq, String(seq)), IndexChange.Field(ProducerField.time, String(time)),
        ]
        var changes: [IndexChange] = []
        if !missing.isEmpty {
            fields.append(IndexChange.Field(ProducerField.missing, missingText))
        } else if !prior.missing.isEmpty {
            changes.append(.removeFields(key: key, [ProducerField.missing]))
        }
        return [.setFields(key: key, fields)] + changes + [.expire(key: key, milliseconds: Self.lifetime)]
    }
}
