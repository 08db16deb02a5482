// Records of other processes. Any of their bytes may be damaged.
extension Record {
    /// Creates a view of a record whose contents all lie within the segment.
    ///
    /// - Parameters:
    ///   - space: The bytes from the record to the end of the segment.
    ///   - ancestorCount: The number of ancestors in the segment's header.
    /// - Returns: nil if the bytes are not a record.
    init?(validatingAt base: UnsafeMutableRawPointer, space: Int, ancestorCount: Int) {
        guard space >= RecordHeader.size else { return nil }
        self.init(at: base)
        guard length >= RecordHeader.size, length <= space, length % 8 == 0,
            let kind = RecordKind(rawValue: base.load(fromByteOffset: RecordHeader.kind, as: UInt8.self) & 15),
            origin <= ancestorCount, (1...UInt64(Int64.max)).contains(seq), let payload = payloadLength(kind)
        else { return nil }
        // The length of a record is rounded up to a multiple of 8.
        guard length - RecordHeader.size - battery.count - payload < 8 else { return nil }
    }

    /// true if the sender's thread has written the checksum.
    var hasChecksum: Bool { base.load(fromByteOffset: RecordHeader.checksum, as: UInt32.self) != 0 }

    /// true if the checksum matches the record.
    var isIntact: Bool {
        base.load(fromByteOffset: RecordHeader.checksum, as: UInt32.self) == checksum
    }

    /// Writes the checksum. Called on the sender's thread.
    ///
    /// A log call does not write the checksum, because its computation takes longer than writing the record. Even without
    /// checksums, a kill of the process leaves only whole records. The checksum detects later damage, for example after a
    /// power loss of the host.
    func writeChecksum() {
        base.storeBytes(of: checksum, toByteOffset: RecordHeader.checksum, as: UInt32.self)
    }

    private var checksum: UInt32 {
        var checksum = CRC32C()
        checksum.update(UnsafeRawBufferPointer(start: base, count: 4))
        checksum.update(UnsafeRawBufferPointer(start: base + RecordHeader.kind, count: length - RecordHeader.kind))
        // 0 means that there is no checksum.
        return checksum.value == 0 ? ~0 : checksum.value
    }

    /// Returns the length of the payload in bytes; nil if the payload does not fit into the record.
    private func payloadLength(_ kind: RecordKind) -> Int? {
        let start = RecordHeader.size + battery.count
        var position = start
        for _ in 0..<count {
            let element = base + position
            if kind.holdsNumbers {
                guard position + RecordHeader.channelHeader <= length else { return nil }
                position += RecordHeader.channelHeader + Int(element.loadUnaligned(as: UInt16.self))
                position += Int(element.loadUnaligned(fromByteOffset: 2, as: UInt32.self)) * 8
            } else {
                guard position + RecordHeader.fieldHeader <= length else { return nil }
                position += RecordHeader.fieldHeader + Int(element.loadUnaligned(as: UInt32.self))
                position += Int(element.loadUnaligned(fromByteOffset: 4, as: UInt32.self))
            }
        }
        return position <= length ? position - start : nil
    }
}
