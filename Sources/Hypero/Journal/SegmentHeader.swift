import HyperoCore
import HyperoRedis
import HyperoSchema

/// The header of a segment: the version of the format, and the data that another client needs to send the records of a
/// dead process.
///
/// | offset | bytes | content |
/// |---|---|---|
/// | 0 | 8 | ``magic`` |
/// | 8 | 4 | ``version`` of the format |
/// | 12 | 4 | CRC-32C of the bytes 0 to 11 and 16 to 983 |
/// | 16 | | lines `name=value`, readable for people too; then zeros |
/// | 984 | 40 | ``Progress``, without a checksum |
///
/// The first record is at the offset ``size``.
struct SegmentHeader: Equatable {
    /// The producer whose sequence numbers the records carry.
    var producer: ProducerID
    /// The producers of the processes that the producer's process was forked from, the nearest first. Records may belong
    /// to experiments of these producers.
    var ancestors: [ProducerID] = []
    var machine: HostIdentity
    /// The hash tag of the partition that the events go to.
    var tag: String
    /// The name of the Redis server that the events go to. See ``serverName(of:)``.
    var server: String
    /// true if the client had no URL of a server: it logs to that of `hypero up`, else to the one on this host.
    var isDefaultServer = false
    /// The number of partitions of the client; nil in a journal of an earlier version.
    var partitions: Int?
    /// The size of the segment in bytes; nil in a journal of an earlier version.
    var segmentSize: Int?
    /// The version of the format, from ``oldestVersion`` to ``version``.
    var format = SegmentHeader.version

    /// The size in bytes.
    static let size = 1_024
    /// `hyperojl` in little-endian byte order.
    static let magic: UInt64 = 0x6C6A_6F72_6570_7968
    static let version: UInt32 = 2
    /// Records of the first version name no resumed experiments. Its clients did not store that they were closed.
    static let oldestVersion: UInt32 = 1
    /// The largest number of ancestors, because a record stores its origin in 4 bits.
    static let maxAncestors = 15

    /// The offset of ``Progress`` in bytes.
    static let progressOffset = 984
    static let progressSize = size - progressOffset

    /// The result of reading a header.
    enum ReadResult: Equatable {
        case header(SegmentHeader)
        /// Another version of the format.
        case unknownVersion(UInt32)
        /// No header, or one with a wrong checksum.
        case damaged
    }

    /// Returns the name under which a header stores a server: its URL, or as many whole addresses as fit and a digest of the URL.
    ///
    /// All other lines together have at most 600 bytes: 15 ancestors, a host of 64 characters and a tag of 72.
    ///
    /// - Parameter url: The URL without the account.
    static func serverName(of url: String) -> String { RedisURL.shortened(url, to: maxServerLength) }

    private static let maxServerLength = 340

    /// Writes the header to a segment of zeros.
    func write(to base: UnsafeMutableRawPointer) {
        var text = lines
        text.withUTF8 { bytes in
            assert(bytes.count <= Self.progressOffset - 16)
            (base + 16).copyMemory(from: bytes.baseAddress!, byteCount: min(bytes.count, Self.progressOffset - 16))
        }
        base.storeBytes(of: Self.magic, as: UInt64.self)
        base.storeBytes(of: format, toByteOffset: 8, as: UInt32.self)
        base.storeBytes(of: Self.checksum(of: base), toByteOffset: 12, as: UInt32.self)
    }

    /// Reads and checks the header of a segment.
    ///
    /// - Parameter space: The size of the segment in bytes.
    static func read(from base: UnsafeRawPointer, space: Int) -> ReadResult {
        guard space >= size, base.load(as: UInt64.self) == magic else { return .damaged }
        let version = base.load(fromByteOffset: 8, as: UInt32.self)
        guard (oldestVersion...Self.version).contains(version) else { return .unknownVersion(version) }
        guard base.load(fromByteOffset: 12, as: UInt32.self) == checksum(of: base) else { return .damaged }
        let text = UnsafeRawBufferPointer(start: base + 16, count: progressOffset - 16).prefix { $0 != 0 }
        guard var header = SegmentHeader(lines: String(decoding: text, as: UTF8.self)) else { return .damaged }
        header.format = version
        return .header(header)
    }

    private var lines: String {
        """
        producer=\(producer.text)
        ancestors=\(ancestors.map(\.text).joined(separator: " "))
        host=\(machine.host)
        boot=\(machine.boot)
        tag=\(tag)
        redis=\(server)\(isDefaultServer ? "\ndefault=yes" : "")
        \(partitions.map { "partitions=\($0)\n" } ?? "")\(segmentSize.map { "size=\($0)\n" } ?? "")
        """
    }

    private static func checksum(of base: UnsafeRawPointer) -> UInt32 {
        var checksum = CRC32C()
        checksum.update(UnsafeRawBufferPointer(start: base, count: 12))
        checksum.update(UnsafeRawBufferPointer(start: base + 16, count: progressOffset - 16))
        return checksum.value
    }
}

extension SegmentHeader {
    fileprivate init?(lines: String) {
        var values: [Substring: Substring] = [:]
        for line in lines.split(separator: "\n") {
            guard let sign = line.firstIndex(of: "=") else { return nil }
            values[line[..<sign]] = line[line.index(after: sign)...]
        }
        guard let producer = values["producer"].flatMap({ ProducerID(String($0)) }), let host = values["host"],
            let boot = values["boot"], let tag = values["tag"], let server = values["redis"]
        else { return nil }
        self.producer = producer
        ancestors = (values["ancestors"] ?? "").split(separator: " ").compactMap { ProducerID(String($0)) }
        machine = HostIdentity(host: String(host), boot: String(boot))
        self.tag = String(tag)
        self.server = String(server)
        isDefaultServer = values["default"] == "yes"
        partitions = values["partitions"].flatMap { Int($0) }
        segmentSize = values["size"].flatMap { Int($0) }
    }
}
