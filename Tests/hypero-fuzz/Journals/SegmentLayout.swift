import Foundation

/// The offsets of the fields of a segment, spelled out here: a mutator must also find them when the client's own code
/// would not.
enum SegmentLayout {
    static let headerSize = 1_024
    /// The header's magic number, version and checksum, and the sequence numbers, ids and time of its progress.
    static let headerFields: [(offset: Int, width: Int)] = [
        (0, 8), (8, 4), (12, 4), (984, 8), (992, 8), (1_000, 8), (1_008, 8), (1_016, 8),
    ]
    static let headerChecksum = 12
    static let text = 16..<984

    /// The length, checksum, kind, length of the battery's id, count, experiment, sequence number, time and epoch of a
    /// record.
    static let recordFields: [(offset: Int, width: Int)] = [
        (0, 4), (4, 4), (8, 1), (9, 1), (10, 2), (12, 4), (16, 8), (24, 8), (32, 8),
    ]
    static let recordSize = 40
    static let recordChecksum = 4

    /// Returns the offsets of the records, from the first to the first length that leaves the segment.
    static func records(of bytes: [UInt8]) -> [Int] {
        var offsets: [Int] = []
        var offset = headerSize
        while offset + recordSize <= bytes.count {
            let length = Int(integer(at: offset, width: 4, of: bytes))
            guard length >= recordSize, offset + length <= bytes.count else { break }
            offsets.append(offset)
            offset += length
        }
        return offsets
    }

    static func integer(at offset: Int, width: Int, of bytes: [UInt8]) -> UInt64 {
        (0..<width).reduce(0) { $0 | UInt64(bytes[offset + $1]) << UInt64(8 * $1) }
    }

    static func set(_ value: UInt64, at offset: Int, width: Int, of bytes: inout [UInt8]) {
        for index in 0..<width where offset + index < bytes.count {
            bytes[offset + index] = UInt8(truncatingIfNeeded: value >> UInt64(8 * index))
        }
    }
}
