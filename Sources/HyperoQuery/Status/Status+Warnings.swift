import HyperoSchema

extension ServerStatus {
    /// What about the server loses data sooner or later.
    var warnings: [String] {
        var warnings: [String] = []
        if let evictionPolicy, evictionPolicy != "noeviction" {
            warnings.append(
                "\(url) throws keys away when it is full (maxmemory-policy \(printable(evictionPolicy))): "
                    + "CONFIG SET maxmemory-policy noeviction")
        }
        if hasAppendOnlyFile == false {
            warnings.append(
                "\(url) keeps no append-only file, so a restart loses what it holds: CONFIG SET appendonly yes")
        }
        if let memory, let maxMemory, maxMemory > 0, memory / 9 >= maxMemory / 10 {
            warnings.append(
                "\(url) has nearly all its memory in use (\(bytesText(memory)) of \(bytesText(maxMemory))): "
                    + "raise maxmemory")
        }
        return warnings
    }
}

extension PartitionStatus {
    /// How long something may wait before it is said.
    private static let patience: Int64 = 10_000
    /// How long it is said that the ingest went back or was taken over from: a day.
    private static let memory: Int64 = 86_400_000

    /// What about the partition needs somebody.
    func warnings(now: Int64) -> [String] {
        var warnings = troubles
        if lease == .free {
            warnings.append("no ingest owns \(tag), so nothing is applied: start hypero-ingest")
        }
        if behind != 0, let waitingSince, now.subtractingReportingOverflow(waitingSince).partialValue > Self.patience {
            warnings.append(
                (behind.map { counted($0) } ?? "entries")
                    + " of \(tag) not applied yet, the first for \(durationText(now - waitingSince))")
        }
        if missed > 0 {
            warnings.append(
                "\(counted(missed)) went from \(tag):events unread, because somebody else trimmed it or deleted: let only "
                    + "hypero-ingest trim it; hypero's clients send theirs again; once seen, HDEL \(tag):ingest missed")
        }
        if let lastRewind, rewinds > 0, now.subtractingReportingOverflow(lastRewind).partialValue < Self.memory {
            warnings.append(
                "\(tag) was read again from further back (\(times(rewinds)), last "
                    + "\(agoText(lastRewind, now: now))), because its stream or cursor was deleted, set back or restored: "
                    + "if nobody meant that, look at the persistence of Redis")
        }
        if let lastTakeover, takeovers > 0, now.subtractingReportingOverflow(lastTakeover).partialValue < Self.memory {
            warnings.append(
                "an ingest that owned \(tag) was killed or stood still, and another took over (\(times(takeovers)), last "
                    + "\(agoText(lastTakeover, now: now))): nothing is lost by that; if nobody meant it, look at its log"
            )
        }
        if let deadLetters, deadLetters > 0 {
            let reason = latestDeadReason.map { ", the latest because \(printable($0, limit: 200))" } ?? ""
            let full =
                deadLetters < Limits.deadLetters ? "" : " (there is no room for more: the oldest go for the next)"
            warnings.append(
                "\(counted(deadLetters)) of \(tag) could not be applied\(full)\(reason): hypero-query dead lists, and "
                    + "hypero-ingest requeue sends them again")
        }
        return warnings
    }
}

/// `1 entry`, `2 entries`.
func counted(_ entries: Int) -> String { entries == 1 ? "1 entry" : "\(entries) entries" }

/// `once`, `2 times`.
private func times(_ count: Int) -> String { count == 1 ? "once" : "\(count) times" }
