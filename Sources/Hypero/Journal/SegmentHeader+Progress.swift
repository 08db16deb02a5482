import HyperoSchema

extension SegmentHeader {
    /// How far the sending of the journal has come, for who finds it when its process is gone.
    ///
    /// | offset | bytes | holds |
    /// |---|---|---|
    /// | 0 | 24 | ``taken``: a sequence number, 0 for none, and the two halves of a stream id |
    /// | 24 | 16 | ``applied``: a sequence number, 0 for none, and Unix milliseconds |
    ///
    /// It is written without a word to the kernel and may be old or, on a damaged disk, wrong. So the server is asked
    /// before it is believed.
    struct Progress: Equatable {
        /// The last event that Redis acknowledged with all before it, and the entry it became.
        var taken: Taken?
        /// Up to where all was applied, and when that was seen first.
        var applied: Applied?

        struct Taken: Equatable {
            let seq: UInt64
            let id: StreamID
        }

        struct Applied: Equatable {
            let seq: UInt64
            let since: Int64
        }

        init() {}

        /// Reads it from a segment.
        init(from base: UnsafeRawPointer, space: Int) {
            guard space >= size else { return }
            let start = base + SegmentHeader.progress
            let takenSeq = start.load(as: UInt64.self)
            if takenSeq > 0 {
                taken = Taken(
                    seq: takenSeq,
                    id: StreamID(
                        milliseconds: start.load(fromByteOffset: 8, as: UInt64.self),
                        sequence: start.load(fromByteOffset: 16, as: UInt64.self)))
            }
            let appliedSeq = start.load(fromByteOffset: 24, as: UInt64.self)
            if appliedSeq > 0 {
                applied = Applied(seq: appliedSeq, since: start.load(fromByteOffset: 32, as: Int64.self))
            }
        }

        /// Writes it to a segment.
        func write(to base: UnsafeMutableRawPointer) {
            let start = base + SegmentHeader.progress
            start.storeBytes(of: taken?.id.milliseconds ?? 0, toByteOffset: 8, as: UInt64.self)
            start.storeBytes(of: taken?.id.sequence ?? 0, toByteOffset: 16, as: UInt64.self)
            start.storeBytes(of: taken?.seq ?? 0, as: UInt64.self)
            start.storeBytes(of: applied?.since ?? 0, toByteOffset: 32, as: Int64.self)
            start.storeBytes(of: applied?.seq ?? 0, toByteOffset: 24, as: UInt64.self)
        }
    }
}
