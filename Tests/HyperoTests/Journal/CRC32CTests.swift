import Testing

@testable import Hypero

@Suite("CRC-32C checksums")
struct CRC32CTests {
    private static func checksum(_ pieces: [UInt8]...) -> UInt32 {
        var checksum = CRC32C()
        for piece in pieces { piece.withUnsafeBytes { checksum.update($0) } }
        return checksum.value
    }

    @Test(
        arguments: [
            ([UInt8](repeating: 0, count: 32), 0x8A91_36AA), ([UInt8](repeating: 0xFF, count: 32), 0x62A8_AB43),
            (Array(0..<32), 0x46DD_794E), (Array((0..<32).reversed()), 0x113F_DB5C),
            (Array("123456789".utf8), 0xE306_9283), ([], 0),
        ] as [([UInt8], UInt32)])
    func `CRC-32C checksums match the examples of RFC 3720`(bytes: [UInt8], expected: UInt32) {
        #expect(Self.checksum(bytes) == expected)
    }

    @Test(arguments: 0...33)
    func `The CRC-32C checksum of two pieces equals that of the whole`(length: Int) {
        let bytes = (0..<40).map { UInt8(truncatingIfNeeded: $0 &* 37) }
        #expect(Self.checksum(Array(bytes[..<length]), Array(bytes[length...])) == Self.checksum(bytes))
    }
}
