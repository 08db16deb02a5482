import HyperoCore

/// The last change that the process of a journal is known to have made.
///
/// The sender of a living client changes the time of its journal's folder every few seconds (``JournalUpkeep``). The times
/// and the progress of the segments count too, for clients of earlier versions.
struct Heartbeat: Equatable {
    /// The time of the folder, in nanoseconds of Unix time.
    private let folder: Int64
    /// The latest time of a segment.
    private var segments: Int64 = .min
    /// The progress of the process, or of a later client that sent a part of the journal.
    private(set) var progress = SegmentHeader.Progress()

    init(folder: Int64) {
        self.folder = folder
    }

    /// Adds a segment.
    mutating func add(_ progress: SegmentHeader.Progress, modified: Int64) {
        segments = max(segments, modified)
        if let seq = progress.acknowledged?.seq, seq > self.progress.acknowledged?.seq ?? 0 {
            self.progress.acknowledged = progress.acknowledged
        }
        if let seq = progress.applied?.seq, seq > self.progress.applied?.seq ?? 0 {
            self.progress.applied = progress.applied
        }
    }
}

/// The decision whether the process of a journal from before the start of this machine is dead.
///
/// The lock of a living process on this machine is visible. A machine or container with the same host name on a shared file
/// system may have locks of its own, so the heartbeat of the journal must also be unchanged for a minute.
///
/// A pure state machine. The times of the file system are only compared with each other, and the minute is of this
/// machine's clock.
struct SilenceMonitor {
    private var observations: [String: (heartbeat: Heartbeat, since: MonotonicTime)] = [:]

    static let requiredSilence: Duration = .seconds(60)

    /// Returns whether a journal's heartbeat has not changed for a minute.
    mutating func isSilent(_ journal: String, _ heartbeat: Heartbeat, at now: MonotonicTime) -> Bool {
        guard let last = observations[journal], last.heartbeat == heartbeat else {
            observations[journal] = (heartbeat, now)
            return false
        }
        return now >= last.since + Self.requiredSilence
    }

    /// Forgets all journals except those with the names.
    mutating func keepOnly(_ journals: Set<String>) {
        observations = observations.filter { journals.contains($0.key) }
    }
}
