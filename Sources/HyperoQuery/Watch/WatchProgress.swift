import HyperoCore
import HyperoSchema

/// The progress of the ingest behind the events that were seen, and the times at which a result must be read again.
///
/// A pure state machine. An event is in a stream before it is in the rankings. After an event that concerns the result, the
/// cursors of the ingest are read, and the result when a cursor has moved, until the ingest has applied the event. Without events
/// the result is not read, unless ``isReplaced(by:)`` finds other data.
struct WatchProgress: Sendable {
    /// The positions of the ingest in the streams of a partition.
    struct Cursor: Sendable, Hashable {
        var events = StreamID.zero
        var control = StreamID.zero
        /// The number of entries that were applied.
        var applied: UInt64 = 0
    }

    fileprivate struct Partition {
        /// The latest entry that concerns the result and may not be in it; nil if there is none.
        var waitingForEvents: StreamID?
        var waitingForControl: StreamID?
        /// The cursor that was read before the result.
        var read = Cursor()
        /// The cursor that was read last.
        var latest = Cursor()
        /// The time in Unix milliseconds from which on the entries wait.
        var since: Int64?
    }

    /// The least time between two reads of the result.
    static let interval: Duration = .milliseconds(250)
    /// The time that the ingest usually needs for an event.
    private static let usualDelay: Duration = .milliseconds(30)
    /// The longest time between two reads of the cursors, while the ingest does not advance.
    private static let longestInterval: Duration = .seconds(1)

    fileprivate var partitions: [Partition] = []
    private var lastCheck: MonotonicTime?
    /// The time at which the cursors must be read; nil if the result has all events.
    private(set) var nextCheck: MonotonicTime?
    private var pause = Self.interval
    private var isRequested = true
    /// The least time between two reads: longer if a read takes long, so that the server has other work than this.
    private var leastInterval = Self.interval

    /// The multiple of the duration of a read after which the next one may follow.
    private static let restPerRead = 5

    /// Sets the number of partitions. Those that are new have no events yet.
    mutating func setPartitions(_ count: Int) {
        if partitions.count > count { partitions.removeLast(partitions.count - count) }
        while partitions.count < count { partitions.append(Partition()) }
    }

    /// Requires that the result is read again at the next opportunity, although no event says that it has changed.
    mutating func request(at now: MonotonicTime) {
        isRequested = true
        schedule(at: now, after: .zero)
    }

    /// Records an entry that concerns the result.
    ///
    /// - Parameter clock: the time in Unix milliseconds.
    mutating func received(
        _ id: StreamID, isControl: Bool, in partition: Int, at now: MonotonicTime, clock: Int64
    ) {
        let isFirst = partitions[partition].since == nil
        if isControl {
            partitions[partition].waitingForControl = id
        } else {
            partitions[partition].waitingForEvents = id
        }
        guard isFirst else { return }
        partitions[partition].since = clock
        pause = Self.interval
        schedule(at: now, after: Self.usualDelay)
    }

    private mutating func schedule(at now: MonotonicTime, after delay: Duration) {
        let earliest = max(now + delay, lastCheck.map { $0 + leastInterval } ?? now)
        nextCheck = min(nextCheck ?? earliest, earliest)
    }

    /// Returns whether cursors are earlier than those that were read last: Redis has lost its data, or has an older state. The number of
    /// entries shows it also if new ones were applied since.
    func isReplaced(by cursors: [Cursor]) -> Bool {
        zip(cursors, partitions).contains { cursor, partition in
            cursor.events < partition.latest.events || cursor.applied < partition.latest.applied
        }
    }

    /// Compares the cursors of all partitions, read at a time, with those of the latest read of the result.
    ///
    /// - Returns: whether the result must be read. Call ``didRead()`` after it.
    mutating func check(_ cursors: [Cursor], at now: MonotonicTime) -> Bool {
        lastCheck = now
        nextCheck = nil
        var mustRead = isRequested
        var hasAdvanced = false
        var isWaiting = false
        for (index, cursor) in cursors.enumerated() where index < partitions.count {
            hasAdvanced = hasAdvanced || cursor != partitions[index].latest
            partitions[index].latest = cursor
            guard let since = partitions[index].since else { continue }
            if cursor != partitions[index].read { mustRead = true }
            if partitions[index].isApplied {
                partitions[index].since = nil
                // Also if another event was applied since, which does not concern the result.
                mustRead = true
                partitions[index].waitingForEvents = nil
                partitions[index].waitingForControl = nil
            } else {
                isWaiting = true
                // The entries before the cursor do not wait any more.
                if cursor.events != partitions[index].read.events {
                    partitions[index].since = max(since, Int64(clamping: cursor.events.milliseconds))
                }
            }
        }
        pause = hasAdvanced ? Self.interval : min(pause * 2, Self.longestInterval)
        if isWaiting { nextCheck = now + max(pause, leastInterval) }
        return mustRead
    }

    /// Records that the result was read after the latest check.
    ///
    /// - Parameter duration: the time that the read took.
    mutating func didRead(taking duration: Duration = .zero) {
        leastInterval = max(Self.interval, duration * Self.restPerRead)
        isRequested = false
        for index in partitions.indices { partitions[index].read = partitions[index].latest }
    }

    /// Returns the time for which the oldest event that is not in the result has been waiting for the ingest, in milliseconds; nil
    /// if there is none.
    func lag(clock: Int64) -> Int64? {
        partitions.compactMap(\.since).min().map { max(clock - $0, 0) }
    }
}

extension WatchProgress.Partition {
    /// True if the ingest has applied the entries that concern the result.
    fileprivate var isApplied: Bool {
        (waitingForEvents.map { $0 <= latest.events } ?? true)
            && (waitingForControl.map { $0 <= latest.control } ?? true)
    }
}
