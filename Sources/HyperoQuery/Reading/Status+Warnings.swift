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

    /// What about the partition needs somebody.
    func warnings(now: Int64) -> [String] {
        var warnings: [String] = []
        if lease == .free {
            warnings.append("no ingest owns \(tag), so nothing is applied: start hypero-ingest")
        }
        if behind != 0, let waitingSince, now.subtractingReportingOverflow(waitingSince).partialValue > Self.patience {
            warnings.append(
                (behind.map { counted($0) } ?? "entries")
                    + " of \(tag) not applied yet, the first for \(durationText(now - waitingSince))")
        }
        if dead > 0 || latestDeadReason != nil {
            let reason = latestDeadReason.map { ", the latest because \(printable($0, limit: 200))" } ?? ""
            warnings.append("\(counted(dead)) of \(tag) could not be applied\(reason): look at \(tag):dead")
        }
        return warnings
    }
}

/// `1 entry`, `2 entries`.
func counted(_ entries: Int) -> String { entries == 1 ? "1 entry" : "\(entries) entries" }
