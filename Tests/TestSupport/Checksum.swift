/// Checksums for tests that forge the files of a journal.
///
/// Not the client's implementation, which a test must not use to check itself.
package enum Checksum {
    private static let table: [UInt32] = (0..<256).map { index in
        (0..<8).reduce(UInt32(index)) { sum, _ in sum & 1 == 1 ? sum >> 1 ^ 0x82F6_3B78 : sum >> 1 }
    }

    /// Returns the CRC-32C of the bytes of all parts, one after another.
    ///
    /// Source: RFC 3720, appendix B.4.
    package static func crc32c(_ parts: ArraySlice<UInt8>...) -> UInt32 {
        var sum = ~UInt32(0)
        for part in parts {
            part.withUnsafeBufferPointer { bytes in
                for byte in bytes { sum = sum >> 8 ^ table[Int(UInt8(truncatingIfNeeded: sum) ^ byte)] }
            }
        }
        return ~sum
    }
}
