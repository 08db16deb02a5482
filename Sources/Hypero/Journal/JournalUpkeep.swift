import HyperoCore

/// The schedule of the changes that show other programs that the process of a journal is alive. Used by the sender's thread.
struct JournalUpkeep {
    enum Action: Equatable {
        /// Change the time of the folder, for clients on other machines (``Heartbeat``).
        case touchFolder
        /// Change the times of all segments. Cleaners of temporary files remove a file that was not used for some days,
        /// such as the spare segment of a training that logs little.
        case touchSegments
    }

    private var nextFolder: MonotonicTime
    private var nextSegments: MonotonicTime

    /// A fraction of ``SilenceMonitor/requiredSilence``, so that a sender that waits for the system a few times is not silent.
    static let folderInterval: Duration = .seconds(5)
    static let segmentsInterval: Duration = .seconds(24 * 60 * 60)

    init(now: MonotonicTime) {
        nextFolder = now
        nextSegments = now + Self.segmentsInterval
    }

    /// Returns the action that is due; nil if there is none.
    mutating func next(at now: MonotonicTime) -> Action? {
        if now >= nextSegments {
            nextSegments = now + Self.segmentsInterval
            return .touchSegments
        }
        guard now >= nextFolder else { return nil }
        nextFolder = now + Self.folderInterval
        return .touchFolder
    }
}
