import HyperoSchema

/// How much of a producer's sequence was applied: up to a number, but for ranges below it that have not come.
///
/// A server that runs out of memory can refuse one entry of a pipeline and take the next; the refused one comes later
/// under its own number, and must not be taken for a duplicate.
package struct Watermark: Sendable, Hashable {
    /// The highest number applied.
    package private(set) var seq: UInt64 = 0
    /// Numbers below `seq` that have not come, ascending, at most ``limit`` ranges.
    package private(set) var missing: [ClosedRange<UInt64>] = []
    /// Unix milliseconds of the latest event.
    package private(set) var time: Int64 = .min

    /// Why the watermark cannot be read, when its key holds something else.
    package private(set) var problem: String?

    /// More ranges than this are not remembered: the lowest are forgotten, and stay counted as gaps.
    package static let limit = 64

    /// What a number turned out to be.
    package enum Verdict: Hashable {
        /// Higher than all before it; so many numbers were passed over.
        case new(skipped: UInt64)
        /// One of the numbers that were passed over before.
        case late
        /// Applied before, or forgotten.
        case duplicate
    }

    package init() {}

    /// A watermark whose key cannot be read.
    package init(problem: String) {
        self.problem = problem
    }

    /// What ``ProducerField`` holds; what cannot be read counts as absent.
    package init(seq: String?, time: String?, missing: String?) {
        self.seq = seq.flatMap { UInt64($0) } ?? 0
        self.time = time.flatMap { Int64($0) } ?? .min
        self.missing = SequenceRanges.parse(missing ?? "")
        self.missing.removeFirst(max(0, self.missing.count - Self.limit))
    }

    /// The ranges as ``ProducerField/missing`` holds them: `17 40-52`.
    package var missingText: String { SequenceRanges.text(of: missing) }

    /// Takes a number; afterwards it counts as applied.
    ///
    /// - Parameter when: the event's time in Unix milliseconds.
    package mutating func take(_ number: UInt64, when: Int64) -> Verdict {
        let verdict = number > seq ? advance(to: number) : fill(number)
        if verdict != .duplicate { time = max(time, when) }
        return verdict
    }

    private mutating func advance(to number: UInt64) -> Verdict {
        let skipped = number - seq - 1
        if skipped > 0 {
            missing.append(seq + 1...number - 1)
            if missing.count > Self.limit { missing.removeFirst() }
        }
        seq = number
        return .new(skipped: skipped)
    }

    private mutating func fill(_ number: UInt64) -> Verdict {
        guard let index = missing.firstIndex(where: { $0.contains(number) }) else { return .duplicate }
        let range = missing[index]
        var rest: [ClosedRange<UInt64>] = []
        if range.lowerBound < number { rest.append(range.lowerBound...number - 1) }
        if number < range.upperBound { rest.append(number + 1...range.upperBound) }
        missing.replaceSubrange(index...index, with: rest)
        if missing.count > Self.limit { missing.removeFirst() }
        return .late
    }
}

extension Watermark {
    /// How long a producer's watermark is kept after its last event: 30 days, in milliseconds.
    private static let lifetime: Int64 = 30 * 24 * 60 * 60 * 1_000

    func changes(of producer: ProducerID, since before: Watermark, in keys: Keyspace) -> [IndexChange] {
        let key = keys.producer(producer)
        var fields = [
            IndexChange.Field(ProducerField.seq, String(seq)), IndexChange.Field(ProducerField.time, String(time)),
        ]
        var changes: [IndexChange] = []
        if !missing.isEmpty {
            fields.append(IndexChange.Field(ProducerField.missing, missingText))
        } else if !before.missing.isEmpty {
            changes.append(.removeFields(key: key, [ProducerField.missing]))
        }
        return [.setFields(key: key, fields)] + changes + [.expire(key: key, milliseconds: Self.lifetime)]
    }
}
