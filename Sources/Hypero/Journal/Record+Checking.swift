// Records that somebody else wrote, perhaps long ago: nothing of them is believed before it was looked at.
extension Record {
    /// The record at this place, if there is one that can be read without leaving the space.
    ///
    /// - Parameters:
    ///   - space: bytes from there to the end of the segment.
    ///   - origins: how many ancestors the journal names.
    init?(checkedAt base: UnsafeMutableRawPointer, space: Int, origins: Int) {
        guard space >= RecordHeader.size else { return nil }
        self.init(at: base)
        guard length >= RecordHeader.size, length <= space, length % 8 == 0,
            let kind = RecordKind(rawValue: base.load(fromByteOffset: RecordHeader.kind, as: UInt8.self) & 15),
            origin <= origins, (1...UInt64(Int64.max)).contains(seq), let payload = payloadLength(kind)
        else { return nil }
        // The journal rounds up to eight bytes and no further.
        guard length - RecordHeader.size - battery.count - payload < 8 else { return nil }
    }

    /// Whether the sender's thread has given the record its checksum.
    var isSealed: Bool { base.load(fromByteOffset: RecordHeader.checksum, as: UInt32.self) != 0 }

    /// Whether the checksum is the record's.
    var isIntact: Bool {
        base.load(fromByteOffset: RecordHeader.checksum, as: UInt32.self) == checksum
    }

    /// Gives the record its checksum.
    ///
    /// Not done by the caller of a log call, whom it would cost more than the record: what a kill of the process leaves
    /// behind is whole without it. It guards against what comes later, as a host that loses its power.
    func seal() {
        base.storeBytes(of: checksum, toByteOffset: RecordHeader.checksum, as: UInt32.self)
    }

    private var checksum: UInt32 {
        var checksum = CRC32C()
        checksum.update(UnsafeRawBufferPointer(start: base, count: 4))
        checksum.update(UnsafeRawBufferPointer(start: base + RecordHeader.kind, count: length - RecordHeader.kind))
        // Zero says that there is none.
        return checksum.value == 0 ? ~0 : checksum.value
    }

    /// Bytes of the payload; nil when it does not fit into the record.
    private func payloadLength(_ kind: RecordKind) -> Int? {
        let start = RecordHeader.size + battery.count
        var position = start
        for _ in 0..<count {
            let here = base + position
            if kind.holdsNumbers {
                guard position + RecordHeader.channelHeader <= length else { return nil }
                position += RecordHeader.channelHeader + Int(here.loadUnaligned(as: UInt16.self))
                position += Int(here.loadUnaligned(fromByteOffset: 2, as: UInt32.self)) * 8
            } else {
                guard position + RecordHeader.fieldHeader <= length else { return nil }
                position += RecordHeader.fieldHeader + Int(here.loadUnaligned(as: UInt32.self))
                position += Int(here.loadUnaligned(fromByteOffset: 4, as: UInt32.self))
            }
        }
        return position <= length ? position - start : nil
    }
}
