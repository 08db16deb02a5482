import HyperoSchema

/// The `end` events that the adopter of a journal adds for the experiments that the dead process has left open.
///
/// They continue the sequence of the dead producer, in an order that follows from the journal alone: if a second adopter sends
/// them again, the ingest drops them as duplicates. Each has the time of the experiment's last record. An experiment that
/// another process has resumed has a later start, and stays as it is.
extension SegmentPiece {
    /// Creates the records in memory.
    ///
    /// - Parameters:
    ///   - open: The open experiments, at least one.
    ///   - seq: The last sequence number of the journal.
    /// - Returns: nil if there is no memory.
    static func lostExperiments(_ open: OpenExperiments, after seq: UInt64) -> SegmentPiece? {
        let ends = open.entries.sorted { $0.key < $1.key }.map { (subject: $0.key, entry: $0.value) }
        let bytes = ends.map { end in
            let id = end.subject.id
            return Array(end.entry.battery.utf8) + (id.isEmpty ? [] : [RecordHeader.separator] + Array(id.utf8))
        }
        let (name, status) = (EventField.status, ExperimentStatus.lost.rawValue)
        let payload = RecordHeader.fieldHeader + name.utf8.count + status.utf8.count
        let lengths = bytes.map { (RecordHeader.size + $0.count + payload + 7) & ~7 }
        guard let segment = Segment.memory(size: lengths.reduce(SegmentHeader.size, +)) else { return nil }
        var offset = SegmentHeader.size
        var seq = seq
        for (index, end) in ends.enumerated() {
            seq += 1
            let record = ReservedRecord(
                inSegmentAt: UInt(bitPattern: segment.base), offset: offset, length: lengths[index])
            record.begin()
            bytes[index].withUnsafeBytes { battery in
                var writer = record.writeHeader(
                    .end, origin: 0, battery: battery, count: 1, experiment: end.subject.number, seq: seq,
                    time: end.entry.time, epoch: RecordHeader.noEpoch)
                writer.put(field: name, status)
            }
            record.publish()
            offset += lengths[index]
        }
        return SegmentPiece(segment: segment, start: SegmentHeader.size, end: offset, lastSeq: seq)
    }
}

extension RecordScan {
    /// Adds the ends of the experiments that are open after the last record.
    mutating func endOpenExperiments() {
        // All segments with records may have been removed.
        let last = seqs?.upperBound ?? open.lastSeq
        guard !open.isEmpty, last > 0, last < UInt64(Int64.max) - UInt64(open.entries.count),
            let piece = SegmentPiece.lostExperiments(open, after: last), let end = piece.lastSeq
        else { return }
        append(piece, last + 1...end)
    }
}
