/// CRC16 as Redis Cluster uses it to find a key's slot: XMODEM, polynomial 0x1021, starting at 0.
///
/// Source: <https://redis.io/docs/latest/operate/oss_and_stack/reference/cluster-spec/>
enum CRC16 {
    static func checksum(_ bytes: some Sequence<UInt8>) -> UInt16 {
        var checksum: UInt16 = 0
        for byte in bytes {
            checksum ^= UInt16(byte) << 8
            for _ in 0..<8 {
                checksum = checksum & 0x8000 == 0 ? checksum << 1 : checksum << 1 ^ 0x1021
            }
        }
        return checksum
    }
}
