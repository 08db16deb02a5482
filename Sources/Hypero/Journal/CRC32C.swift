/// The checksum CRC-32C (Castagnoli), as in iSCSI, ext4 and btrfs.
///
/// Computed in software, eight bytes per step ("slicing by eight"), because Swift has no access to the processor's CRC
/// instruction. Only the sender's thread computes checksums.
///
/// Source: RFC 3720, appendix B.4; Kounavis and Berry, "A systematic approach to building high performance
/// software-based CRC generators", 2005.
struct CRC32C {
    private var state: UInt32 = ~0

    init() {}

    var value: UInt32 { ~state }

    mutating func update(_ bytes: UnsafeRawBufferPointer) {
        guard var position = bytes.baseAddress else { return }
        let tables = Self.tables
        var crc = state
        var remaining = bytes.count
        while remaining >= 8 {
            let word = UInt64(littleEndian: position.loadUnaligned(as: UInt64.self)) ^ UInt64(crc)
            crc = tables[7 << 8 | Int(word & 0xFF)]
            crc ^= tables[6 << 8 | Int(word >> 8 & 0xFF)]
            crc ^= tables[5 << 8 | Int(word >> 16 & 0xFF)]
            crc ^= tables[4 << 8 | Int(word >> 24 & 0xFF)]
            crc ^= tables[3 << 8 | Int(word >> 32 & 0xFF)]
            crc ^= tables[2 << 8 | Int(word >> 40 & 0xFF)]
            crc ^= tables[1 << 8 | Int(word >> 48 & 0xFF)]
            crc ^= tables[Int(word >> 56)]
            position += 8
            remaining -= 8
        }
        while remaining > 0 {
            crc = crc >> 8 ^ tables[Int((crc ^ UInt32(position.load(as: UInt8.self))) & 0xFF)]
            position += 1
            remaining -= 1
        }
        state = crc
    }

    /// Eight tables of 256 entries. Table n holds the effect of a byte on the checksum if n bytes follow it.
    ///
    /// Immutable after its initialization, and never freed.
    private nonisolated(unsafe) static let tables: UnsafePointer<UInt32> = {
        let tables = UnsafeMutablePointer<UInt32>.allocate(capacity: 8 * 256)
        for byte in 0..<256 {
            tables[byte] = (0..<8).reduce(UInt32(byte)) { crc, _ in crc & 1 == 0 ? crc >> 1 : crc >> 1 ^ 0x82F6_3B78 }
        }
        for index in 256..<8 * 256 {
            let previous = tables[index - 256]
            tables[index] = previous >> 8 ^ tables[Int(previous & 0xFF)]
        }
        return UnsafePointer(tables)
    }()
}
