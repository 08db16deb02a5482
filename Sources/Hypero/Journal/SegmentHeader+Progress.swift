import HyperoCore
import HyperoSchema

extension SegmentHeader {
    /// The progress of sending the journal, for the client that adopts it.
    ///
    /// | offset | bytes | content |
    /// |---|---|---|
    /// | 0 | 24 | ``acknowledged``: a sequence number, 0 for none, and the two halves of a stream id |
    /// | 24 | 16 | ``applied``: a sequence number, 0 for none, and milliseconds since the machine started |
    ///
    /// The progress is written to mapped memory only, so it may be outdated, or wrong on a damaged disk. The client
    /// therefore compares the progress with the server before using it.
    struct Progress: Equatable {
        /// The last event that Redis acknowledged together with all events before it, and its stream id.
        var acknowledged: Acknowledged?
        /// The watermark when all events were applied, and the time when the client first saw it.
        var applied: Applied?

        struct Acknowledged: Equatable {
            let seq: UInt64
            let id: StreamID
        }

        struct Applied: Equatable {
            let seq: UInt64
            /// The time since boot, in whole milliseconds. The wall clock is not used, because it may be set forward by more
            /// than the durability window between the two processes.
            let since: MonotonicTime

            /// Returns a time that has passed at least since then.
            ///
            /// - Parameters:
            ///   - hasSameBoot: false if the machine was restarted since then.
            ///   - now: The time since boot.
            func lowestAge(hasSameBoot: Bool, now: MonotonicTime) -> Duration {
                hasSameBoot ? now - since : now - MonotonicTime(nanoseconds: 0)
            }
        }

        init() {}

        /// Reads the progress from a segment; there is none if the segment is shorter than a header.
        ///
        /// - Parameter space: The size of the segment in bytes.
        init(from base: UnsafeRawPointer, space: Int) {
            guard space >= size else { return }
            let start = base + SegmentHeader.progressOffset
            let acknowledgedSeq = start.load(as: UInt64.self)
            if acknowledgedSeq > 0 {
                acknowledged = Acknowledged(
                    seq: acknowledgedSeq,
                    id: StreamID(
                        milliseconds: start.load(fromByteOffset: 8, as: UInt64.self),
                        sequence: start.load(fromByteOffset: 16, as: UInt64.self)))
            }
            let appliedSeq = start.load(fromByteOffset: 24, as: UInt64.self)
            if appliedSeq > 0 {
                // Earlier versions stored Unix milliseconds, which are in the future of any time since boot.
                let since = start.load(fromByteOffset: 32, as: Int64.self)
                let (nanoseconds, overflows) = since.multipliedReportingOverflow(by: 1_000_000)
                if !overflows, since >= 0 {
                    applied = Applied(seq: appliedSeq, since: MonotonicTime(nanoseconds: nanoseconds))
                }
            }
        }

        /// Writes the progress to a segment.
        func write(to base: UnsafeMutableRawPointer) {
            write(atStart: base + SegmentHeader.progressOffset)
        }

        /// Writes the ``SegmentHeader/progressSize`` bytes of the progress.
        func write(atStart start: UnsafeMutableRawPointer) {
            start.storeBytes(of: acknowledged?.id.milliseconds ?? 0, toByteOffset: 8, as: UInt64.self)
            start.storeBytes(of: acknowledged?.id.sequence ?? 0, toByteOffset: 16, as: UInt64.self)
            start.storeBytes(of: acknowledged?.seq ?? 0, as: UInt64.self)
            start.storeBytes(
                of: (applied?.since.nanoseconds ?? 0) / 1_000_000, toByteOffset: 32, as: Int64.self)
            start.storeBytes(of: applied?.seq ?? 0, toByteOffset: 24, as: UInt64.self)
        }
    }
}
