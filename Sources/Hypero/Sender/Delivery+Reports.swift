import HyperoRedis
import HyperoSchema

// The reports of events that were not recorded or not sent.
extension Delivery {
    /// Reports that log calls drop events because of a full journal, once.
    mutating func reportFullJournal() {
        guard orphanRanges == nil, !hasReportedFullJournal, let settings = journal.settings,
            journal.counts.dropped.journalFull > 0
        else { return }
        hasReportedFullJournal = true
        let limit = settings.maxSegments * settings.segmentSize
        notices.event(
            "events not recorded: the journal is full. It has its limit of \(limit >> 20) MiB, or the disk has no room. Log calls "
                + "drop events until Redis has received some of the others. Raise the limit of the journal, or log less often"
        )
    }

    /// Reports the number of the events that a full journal did not accept, at the end of the client or of the process.
    func reportNotRecorded() {
        let full = journal.counts.dropped.journalFull
        if orphanRanges == nil, full > 0 { notices.event("events not recorded: \(full), because the journal was full") }
    }

    /// Reports the unsent events, with the place where they are.
    ///
    /// - Parameter accepted: The number of events that the journal has accepted, some of which the sender may not have read yet.
    func reportUnsent(of accepted: UInt64) {
        guard accepted > outbox.sent else { return }
        notices.event("events not sent: \(accepted - outbox.sent). \(remainder)")
    }

    /// The place where the events are that were not sent, and the command that sends them.
    private var remainder: String {
        let segments = outbox.heldSegments
        let files = segments.count { $0.file != nil }
        guard files > 0, let folder = journal.folder else { return "They were in memory and are lost" }
        guard !folder.isGone else {
            return "The journal \(folder.path) was removed or moved: if it was removed, they are lost"
        }
        let stay =
            "stay in \(folder.path). The next client on this host with the same settings sends them, or `\(adoptCommand(folder))`"
        return files == segments.count ? "They \(stay)" : "Those in memory are lost. Those in files \(stay)"
    }

    /// Returns the command that sends a journal.
    private func adoptCommand(_ folder: JournalFolder) -> String {
        guard let settings = journal.settings else { return "hypero-ingest adopt" }
        let root = folder.rootPath.contains { $0.isWhitespace } ? "'\(folder.rootPath)'" : folder.rootPath
        var command = "hypero-ingest adopt --journal \(root)"
        // Without a URL, the command finds the server of `hypero up`, whose start may be what the client lacks.
        if !configuration.url.isDefault {
            let url = configuration.url.withoutPassword
            command += url.contains("&") || url.contains("?") ? " --redis '\(url)'" : " --redis \(url)"
        }
        if let namespace = Keyspace.namespace(ofTag: settings.tag), namespace != Keyspace.defaultNamespace {
            command += " --namespace \(namespace)"
        }
        if let partitions = settings.partitions, partitions > 1 { command += " --partitions \(partitions)" }
        return command
    }
}
