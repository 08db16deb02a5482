import HyperoSchema

extension PartitionStatus {
    /// Returns the conditions of the partition that need attention, one message each.
    ///
    /// - Parameters:
    ///   - now: the present, in Unix milliseconds.
    ///   - bounds: the bounds of the entries that wait.
    ///   - isFormer: true if the partition belongs to an earlier number of partitions. An ingest owns it only while it
    ///     applies its entries.
    func warnings(now: Int64, bounds: StatusBounds, isFormer: Bool = false) -> [String] {
        var warnings = problems
        if !deniedCommands.isEmpty {
            warnings.append(
                "permission denied: the account must not run \(deniedCommands.joined(separator: ", ")). These values are "
                    + "unknown, and so is whether they need attention. \(AccountRole.query.advice)")
        }
        warnings += [FormatCheck.warning(format: format, tag: tag)].compactMap(\.self)
        if isCursorBeyondEnd, !isFormer {
            warnings.append(
                "the cursor of \(tag) is beyond the end of its stream: the stream was deleted or set back. A running "
                    + "hypero-ingest resets the cursor")
        }
        if lease == .free, !isFormer {
            warnings.append(
                "no ingest owns \(tag), so no entry is applied. Start hypero-ingest, or read its log if it runs")
        }
        if isOwnerGone, let owner = lease.owner {
            warnings.append(
                "\(printable(owner)), the owner of \(tag), has no connection: it was killed or is cut off. Another ingest takes "
                    + "over when its lease expires, within seconds")
        }
        // Those of a former partition are reported with the number of partitions.
        let waits = backlog != 0 ? waitingSince.map { age(of: $0, now: now) > bounds.maxWait } ?? false : false
        let isFarBehind = bounds.maxBehind.map { backlog ?? 0 > $0 } ?? false
        if waits || isFarBehind, !isFormer, let waitingSince {
            let entries = backlog.map { counted($0, noun: "entry", plural: "entries") } ?? "entries"
            warnings.append(
                "\(entries) of \(tag):events not applied yet, the oldest for \(durationText(now - waitingSince))")
        }
        if let waitingCommands, waitingCommands > 0, let commandsWaitingSince,
            age(of: commandsWaitingSince, now: now) > bounds.maxWait
        {
            let verb = waitingCommands == 1 ? "is" : "are"
            warnings.append(
                "\(counted(waitingCommands, noun: "command")) of \(tag):control \(verb) not carried out yet, the oldest for "
                    + "\(durationText(now - commandsWaitingSince)). A running hypero-ingest carries them out, or "
                    + "passes over those that have expired")
        }
        if let unarchivedEntries, unarchivedEntries > 0, let archivedTime,
            age(of: archivedTime, now: now) > bounds.maxWait
        {
            let entries = counted(unarchivedEntries, noun: "entry", plural: "entries")
            warnings.append(
                "\(entries) of \(tag):events applied and not archived. All were archived \(agoText(archivedTime, now: now)). Read the log of hypero-ingest, which must run with "
                    + "--archive. If there is no archive any more: HDEL \(tag):ingest archived")
        }
        if let missed, missed > 0 {
            let entries = counted(missed, noun: "entry", plural: "entries")
            warnings.append(
                "\(entries) of \(tag):events removed before being applied: another client trimmed the stream or deleted "
                    + "from it. Only hypero-ingest should trim the stream. Events of hypero clients are resent "
                    + "automatically. To clear this warning: HDEL \(tag):ingest missed")
        }
        if let rewinds, rewinds > 0, let lastRewind, age(of: lastRewind, now: now) < StatusBounds.incidentPeriod {
            warnings.append(
                "\(tag) was read again from an earlier position (\(counted(rewinds, noun: "time")), last "
                    + "\(agoText(lastRewind, now: now))): its stream or cursor was deleted, set back or restored. "
                    + "If this was not intended, check the persistence of Redis. This warning ends a day after the last time. "
                    + "To clear it now: HDEL \(tag):ingest rewound")
        }
        if let takeovers, takeovers > 0, let lastTakeover, age(of: lastTakeover, now: now) < StatusBounds.incidentPeriod
        {
            warnings.append(
                "an ingest that owned \(tag) was killed or stalled, and another one took over "
                    + "(\(counted(takeovers, noun: "time")), last \(agoText(lastTakeover, now: now))). No entry is lost. "
                    + "If this was not intended, check the log of the ingest. This warning ends a day after the last time. "
                    + "To clear it now: HDEL \(tag):ingest taken")
        }
        if let deadLetters, deadLetters > 0 {
            let entries = counted(deadLetters, noun: "entry", plural: "entries")
            let limit = deadLetters < Limits.deadLetters ? "" : " (the limit: each further one replaces the oldest)"
            let reason = latestDeadReason.map { ", latest reason: \(printable($0, limit: 200))" } ?? ""
            warnings.append(
                "\(entries) of \(tag):events could not be applied\(limit)\(reason). hypero-query dead lists these dead "
                    + "letters, hypero-ingest requeue sends them again, and hypero-ingest discard removes them")
        }
        if let trimmedDeadLetters, trimmedDeadLetters > 0 {
            let letters = counted(trimmedDeadLetters, noun: "dead letter", plural: "dead letters")
            warnings.append(
                "\(letters) of \(tag) removed, because they took too much memory or were more than \(Limits.deadLetters): their events are "
                    + "lost. The limit of the memory is hypero-ingest --dead-limit. To clear this warning: HDEL \(tag):ingest trimmed"
            )
        }
        return warnings
    }

    /// Returns the milliseconds since a time. The subtraction wraps, because any client can write the times.
    private func age(of time: Int64, now: Int64) -> Int64 {
        now.subtractingReportingOverflow(time).partialValue
    }
}
