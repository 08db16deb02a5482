import HyperoCore
import HyperoSchema

/// The journal of a dead process, locked by this client and read.
struct OrphanedJournal {
    let folder: JournalFolder
    let header: SegmentHeader
    /// All segments, including those without a record.
    let segments: [Segment]
    let scan: RecordScan

    /// The progress of its process, or of a later client that sent a part of the journal.
    let progress: SegmentHeader.Progress

    /// Descriptions of the files that another program has shortened. Records may be missing.
    let truncatedFiles: [String]

    /// true if the journal of a forked child exists, which may go on with experiments that this journal's process has left open.
    let awaitsDescendants: Bool

    /// The bytes of memory that the records use now.
    var loadedBytes: Int { segments.reduce(0) { $0 + ($1.copy?.loadedBytes ?? 0) } }

    /// The reason why a part of the journal that was scanned cannot be read again; nil if there is none.
    var failure: JournalFileError? { segments.lazy.compactMap(\.copy?.failure).first }

    /// The result of opening a journal.
    enum OpenResult {
        case opened(OrphanedJournal)
        /// Another client holds the lock.
        case locked
        /// There is nothing to adopt: another client has just removed the journal, or it has no event.
        case nothing
        /// The journal belongs to another machine or another deployment.
        case foreign
        /// The folder or a file belongs to another user, or another user can write to it.
        case notPrivate(path: String, FileStatus.Violation)
        /// The journal was written before this machine started, and it is not known yet that its process is dead.
        case maybeAlive
        /// The journal cannot be read, and its files stay for the user to inspect. The text is the reason.
        case unreadable(String)
    }

    /// Locks and reads a journal that no client holds. See ``Opening``.
    static func open(
        _ name: String, in root: JournalRoot, machine: HostIdentity, isSilent: (Heartbeat) -> Bool = { _ in true },
        where isAdoptable: (SegmentHeader) -> Bool
    ) -> OpenResult {
        switch Opening.begin(
            name, in: root, machine: machine, isSilent: isSilent, where: { header, _ in isAdoptable(header) })
        {
        case .failure(let end): return end.result
        case .success(var opening):
            while true {
                if let result = opening.step() { return result }
            }
        }
    }
}
