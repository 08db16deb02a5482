import HyperoCore
import HyperoSchema
import Testing

@testable import Hypero

@Suite("The header of a segment")
struct SegmentHeaderTests {
    private static func header(server: String, host: String = "node7", ancestors: Int = 0) -> SegmentHeader {
        SegmentHeader(
            producer: JournalFixture.producer,
            ancestors: (0..<ancestors).map { ProducerID("k3v9x2mq\($0 / 10)\($0 % 10)")! },
            machine: HostIdentity(host: host, boot: "64c2ad1b-2c43-4b8b-a7f0-6d0d3f4c8d11"), tag: "{hypero:3}",
            server: server, partitions: 16_384)
    }

    private static func readBack(_ header: SegmentHeader) throws -> SegmentHeader.ReadResult {
        let segment = try #require(Segment.memory(size: 4_096))
        header.write(to: segment.base)
        return SegmentHeader.read(from: segment.base, space: segment.size)
    }

    @Test(arguments: [
        "redis://10.0.0.1:6379/3", "unix:///run/redis.sock", "redis://\(String(repeating: "h", count: 2_000)):1",
    ])
    func `The server and all other values are read back, whatever the length of the URL`(url: String) throws {
        let server = SegmentHeader.serverName(of: url)
        let header = Self.header(
            server: server, host: String(repeating: "\u{1F4BB}", count: 48), ancestors: SegmentHeader.maxAncestors)
        #expect(try Self.readBack(header) == .header(header))
    }

    @Test func `Long URLs that differ only at their ends have different names, and equal ones have equal names`() {
        let long = "redis://\(String(repeating: "h", count: 2_000))"
        #expect(SegmentHeader.serverName(of: long + "a") != SegmentHeader.serverName(of: long + "b"))
        #expect(SegmentHeader.serverName(of: long + "a") == SegmentHeader.serverName(of: long + "a"))
        #expect(SegmentHeader.serverName(of: "redis://h:1") == "redis://h:1")
        #expect(SegmentHeader.serverName(of: "unix:///a\nb") != SegmentHeader.serverName(of: "unix:///a"))
        #expect(!SegmentHeader.serverName(of: "unix:///a\nb").contains("\n"))
    }

    @Test func `A header of an earlier version has no number of partitions`() throws {
        var header = Self.header(server: "redis://h:1")
        header.partitions = nil
        #expect(try Self.readBack(header) == .header(header))
    }
}
