import HyperoSchema

/// Copies of the records that a server needs again if it has lost everything: the declarations of the batteries and searches, the
/// enqueued points, and the starts, hyper-parameters and metadata of the open experiments.
///
/// The journal removes records that were applied long ago. If a server then loses its data, for example by FLUSHALL or because an
/// older backup is restored, the ingest would apply no later row: it knows neither the battery nor the experiment. The sender
/// therefore sends the copies first, with their own sequence numbers, so that they are applied once.
///
/// The memory is bounded by the number of open experiments and their names: a later value replaces the earlier one.
struct Restoration {
    /// A copy of a record in memory of its own.
    private final class Copy {
        let record: Record
        /// true if the outbox may refer to the copy.
        var isInUse = false

        init(of record: Record) {
            let base = UnsafeMutableRawPointer.allocate(byteCount: record.length, alignment: 8)
            base.copyMemory(from: record.base, byteCount: record.length)
            self.record = Record(at: base)
        }

        deinit {
            record.base.deallocate()
        }
    }

    private struct Experiment {
        var copies: [ExactText: Copy] = [:]
        /// The sequence number of the end; nil while the experiment is open.
        var end: UInt64?
    }

    private(set) var open = OpenExperiments()
    private var batteries: [String: Copy] = [:]
    /// The declarations and the points of searches, by ``key(of:)``.
    private var searches: [ExactText: Copy] = [:]
    private var experiments: [OpenExperiments.Subject: Experiment] = [:]
    private var lastRead: UInt64 = 0
    /// Copies that were replaced while the outbox referred to them.
    private var replaced: [Copy] = []
    /// The result of the last ``ranges(before:)``; nil after a change.
    private var sorted: (bound: UInt64, ranges: [ClosedRange<UInt64>])?

    /// Reads a record of the journal. Records that are read again change nothing.
    mutating func read(_ record: Record) {
        guard record.seq > lastRead else { return }
        lastRead = record.seq
        guard !record.kind.holdsNumbers else { return }
        sorted = nil
        open.read(record)
        switch record.kind {
        case .battery:
            // The first one: it precedes all events of the battery that the journal may still have.
            let battery = String(decoding: record.batteryID, as: UTF8.self)
            if batteries[battery] == nil { batteries[battery] = Copy(of: record) }
        case .search, .enqueue:
            // The first of equal ones, because it precedes the trials.
            let key = Self.key(of: record)
            if searches[key] == nil { searches[key] = Copy(of: record) }
        case .claim: break
        case .start, .param, .meta:
            guard let subject = record.subject, open[subject] != nil else { return }
            // The experiment was resumed after its end, and is open again.
            if record.kind == .start { experiments[subject]?.end = nil }
            let key = Self.key(of: record)
            keep(experiments[subject, default: Experiment()].copies.updateValue(Copy(of: record), forKey: key))
        case .end:
            if let subject = record.subject { experiments[subject]?.end = record.seq }
        case .epoch, .curve, .maxima: break
        }
    }

    /// Returns the text that two records have in common if one replaces the other. Its bytes count: a name in another
    /// normalization form of Unicode is another one. The events of searches have their values in common too.
    private static func key(of record: Record) -> ExactText {
        guard record.kind != .start else { return ExactText("") }
        var key = "\(record.kind.rawValue)"
        record.forEachField { name, value in
            key += "\0" + String(decoding: name, as: UTF8.self)
            if !record.kind.hasExperiment { key += "\0" + String(decoding: value, as: UTF8.self) }
        }
        return ExactText(key)
    }

    /// Keeps a replaced copy as long as the outbox may refer to it.
    private mutating func keep(_ copy: Copy?) {
        if let copy, copy.isInUse { replaced.append(copy) }
    }

    /// Forgets the experiments whose ends are durable.
    mutating func forgetEnded(through durable: UInt64) {
        for (subject, experiment) in experiments {
            guard let end = experiment.end, end <= durable else { continue }
            for copy in experiment.copies.values { keep(copy) }
            experiments[subject] = nil
            sorted = nil
        }
    }

    /// true if ``forgetEnded(through:)`` has something to forget sooner or later.
    var hasEnded: Bool { experiments.count > open.entries.count }

    /// Frees the copies that were replaced. Called when the outbox refers to no record.
    mutating func releaseReplaced() {
        replaced = []
    }

    /// Returns the records after a sequence number, in order. The outbox may refer to them from now on.
    func records(after seq: UInt64) -> [Record] {
        let copies = Array(batteries.values) + Array(searches.values) + experiments.values.flatMap(\.copies.values)
        return copies.filter { $0.record.seq > seq }.map { copy in
            copy.isInUse = true
            return copy.record
        }.sorted { $0.seq < $1.seq }
    }

    /// The sequence numbers of the records before a sequence number, as ranges in order.
    ///
    /// They are sorted only after a change, because the sender needs them at each read of the watermark.
    mutating func ranges(before seq: UInt64) -> [ClosedRange<UInt64>] {
        if let sorted, sorted.bound == seq { return sorted.ranges }
        let copies = Array(batteries.values) + Array(searches.values) + experiments.values.flatMap(\.copies.values)
        let ranges = copies.map(\.record.seq).filter { $0 < seq }.sorted().map { $0...$0 }
        sorted = (seq, ranges)
        return ranges
    }
}
