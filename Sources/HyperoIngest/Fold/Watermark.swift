import HyperoSchema

/// The applied part of a producer's sequence: the highest number applied, and the ranges below it that are missing.
///
/// A server that runs out of memory can refuse one entry of a pipeline and accept the next. The client sends the
/// refused entry later under its own number, and the ingest must not drop it as a duplicate.
package struct Watermark: Sendable, Hashable {
    /// The highest sequence number applied.
    private(set) var seq: UInt64 = 0
    /// The ranges below `seq` that contain every number that was not received, ascending, at most
    /// ``maxMissingRanges``.
    package private(set) var missing: [ClosedRange<UInt64>] = []
    /// True if the producer's hash has the field ``ProducerField/missing``, although it may be malformed.
    private var hasMissingField = false
    /// The time of the latest event in Unix milliseconds.
    private(set) var time: Int64 = .min

    /// The reason why the producer's key cannot be read, for example because it has another type.
    private(set) var readError: String?

    /// The maximum number of missing ranges. If there are more, the two closest ones become one, with the numbers
    /// between them.
    ///
    /// A number between them that is sent again is then applied again. To forget a range instead would lose its
    /// events: they would be duplicates when they arrive.
    static let maxMissingRanges = 64
    /// The largest number of gaps that a producer counts for. Clients choose the sequence numbers, and a few thousand
    /// large ones would overflow the counter of the ingest.
    static let maxGaps = 1 << 32

    /// The result of accepting a sequence number.
    package enum Arrival: Hashable {
        /// Higher than every number before.
        case new
        /// One of the missing numbers.
        case late
        /// Applied before.
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
        hasMissingField = missing != nil
        // Only ascending ranges below the highest number: another client may have written the field.
        for range in SequenceRanges.parse(missing ?? "")
        where range.upperBound < self.seq && range.lowerBound > self.missing.last?.upperBound ?? 0 {
            self.missing.append(range)
        }
        mergeSurplus()
    }

    /// The number of missing numbers, at most ``maxGaps``.
    package var gaps: Int {
        var gaps = 0
        for range in missing where gaps < Self.maxGaps {
            gaps += Int(clamping: min(range.upperBound - range.lowerBound, UInt64(Self.maxGaps))) + 1
        }
        return min(gaps, Self.maxGaps)
    }

    /// The missing ranges in the form of ``ProducerField/missing``: `17 40-52`.
    package var missingText: String { SequenceRanges.text(of: missing) }

    /// Marks a sequence number as applied.
    ///
    /// - Parameter time: the time of the event in Unix milliseconds.
    /// - Returns: the result; a duplicate changes nothing.
    package mutating func accept(_ number: UInt64, at time: Int64) -> Arrival {
        let arrival = number > seq ? advance(to: number) : fillGap(number)
        guard arrival != .duplicate else { return arrival }
        self.time = max(self.time, time)
        // As ``addChanges(of:since:dead:deleted:in:to:)`` writes it.
        hasMissingField = !missing.isEmpty
        return arrival
    }

    /// Records a sign of life.
    ///
    /// - Parameter time: the time of the sign in Unix milliseconds.
    mutating func touch(at time: Int64) {
        self.time = max(self.time, time)
        hasMissingField = !missing.isEmpty
    }

    private mutating func advance(to number: UInt64) -> Arrival {
        if number > seq + 1 {
            missing.append(seq + 1...number - 1)
            mergeSurplus()
        }
        seq = number
        return .new
    }

    private mutating func fillGap(_ number: UInt64) -> Arrival {
        WorkCounter.count(missing.count)
        guard let index = missing.firstIndex(where: { $0.contains(number) }) else { return .duplicate }
        let range = missing[index]
        var remaining: [ClosedRange<UInt64>] = []
        if range.lowerBound < number { remaining.append(range.lowerBound...number - 1) }
        if number < range.upperBound { remaining.append(number + 1...range.upperBound) }
        missing.replaceSubrange(index...index, with: remaining)
        mergeSurplus()
        return .late
    }

    /// Merges the closest ranges until there are at most ``maxMissingRanges``.
    private mutating func mergeSurplus() {
        guard missing.count > Self.maxMissingRanges else { return }
        WorkCounter.count(missing.count)
        // All merges at once: a merge changes no other distance, and another client may have written very many ranges.
        let distances = zip(missing, missing.dropFirst()).map { $1.lowerBound &- $0.upperBound }
        let merges = distances.indices.sorted { (distances[$0], $0) < (distances[$1], $1) }
            .prefix(missing.count - Self.maxMissingRanges)
        let isMerged = Set(merges)
        var merged: [ClosedRange<UInt64>] = []
        for (index, range) in missing.enumerated() {
            if index > 0, isMerged.contains(index - 1), let last = merged.popLast() {
                merged.append(last.lowerBound...range.upperBound)
            } else {
                merged.append(range)
            }
        }
        missing = merged
    }
}

extension Watermark {
    /// The time for which a producer's watermark is kept after the first event of its last day: 30 days, in milliseconds.
    static let lifetime: Int64 = 30 * day
    private static let day: Int64 = 24 * 60 * 60 * 1_000

    /// Adds the changes of the producer's hash since the prior watermark.
    ///
    /// - Parameters:
    ///   - dead: the number of dead letters of the producer in the batch.
    ///   - deleted: the number of its events in the batch that were dropped because of a deletion.
    func addChanges(
        of producer: ProducerID, since prior: Watermark, dead: Int, deleted: Int, in keyspace: Keyspace,
        to changes: inout IndexChanges
    ) {
        let key = SubjectKey(of: producer, in: keyspace)
        // A producer without an event has only given a sign of life. Numbers of events are at most ``Limits/integer``.
        if seq != prior.seq { changes.set(ProducerField.seq, to: Int64(clamping: seq)) }
        if time != prior.time { changes.set(ProducerField.time, to: time) }
        if !missing.isEmpty {
            changes.set(ProducerField.missing, to: missingText)
        } else if prior.hasMissingField {
            changes.remove(ProducerField.missing)
        }
        changes.finishHash(key, isNew: false)
        if dead > 0 { changes.append(.increment(key: key.text, field: ProducerField.dead, by: dead)) }
        if deleted > 0 { changes.append(.increment(key: key.text, field: ProducerField.deleted, by: deleted)) }
        // Once a day, because the expiry would else be a third of the commands of many trainings that log in turn.
        if prior.time == .min || time / Self.day != prior.time / Self.day {
            changes.append(.expire(key: key.text, milliseconds: Self.lifetime))
        }
    }
}
