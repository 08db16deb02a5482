import Glibc
import HyperoCore
import HyperoSchema

/// How a segment starts: what it is, and all that somebody needs who finds it after its process is gone.
///
/// | offset | bytes | holds |
/// |---|---|---|
/// | 0 | 8 | ``magic`` |
/// | 8 | 4 | ``version`` of the format |
/// | 12 | 4 | CRC-32C of the header, these four bytes taken as zero |
/// | 16 | | lines `name=value`, for people who look into the file too; then zeros |
/// | 984 | 40 | ``Progress``, not part of the checksum |
///
/// Records start at ``size``.
struct SegmentHeader: Equatable {
    /// Whose sequence numbers the records carry.
    var producer: ProducerID
    /// The producers of the processes it was forked from, the nearest first: records may be of their experiments.
    var ancestors: [ProducerID] = []
    var machine: HostIdentity
    /// The hash tag of the partition that the events go to.
    var tag: String
    /// The Redis server that they go to, as the user wrote it but without the account.
    var place: String

    /// Bytes.
    static let size = 1_024
    /// `hyperojl`.
    static let magic: UInt64 = 0x6C6A_6F72_6570_7968
    static let version: UInt32 = 1
    /// More generations of forks than this cannot be told apart in a record.
    static let mostAncestors = 15

    /// Where the progress stands.
    static let progress = 984

    /// What stands at the beginning of a segment.
    enum Finding: Equatable {
        case header(SegmentHeader)
        /// A segment of another version of the program, earlier or later.
        case unknownVersion(UInt32)
        /// No header that can be believed.
        case damaged
    }

    /// Writes it to the beginning of a segment of zeros.
    func write(to base: UnsafeMutableRawPointer) {
        var text = lines
        text.withUTF8 { bytes in
            (base + 16).copyMemory(from: bytes.baseAddress!, byteCount: min(bytes.count, Self.progress - 16))
        }
        base.storeBytes(of: Self.magic, as: UInt64.self)
        base.storeBytes(of: Self.version, toByteOffset: 8, as: UInt32.self)
        base.storeBytes(of: Self.checksum(of: base), toByteOffset: 12, as: UInt32.self)
    }

    /// Reads what stands at the beginning of a segment.
    static func read(from base: UnsafeRawPointer, space: Int) -> Finding {
        guard space >= size, base.load(as: UInt64.self) == magic else { return .damaged }
        let version = base.load(fromByteOffset: 8, as: UInt32.self)
        guard version == Self.version else { return .unknownVersion(version) }
        guard base.load(fromByteOffset: 12, as: UInt32.self) == checksum(of: base) else { return .damaged }
        let text = UnsafeRawBufferPointer(start: base + 16, count: progress - 16).prefix { $0 != 0 }
        return SegmentHeader(lines: String(decoding: text, as: UTF8.self)).map { .header($0) } ?? .damaged
    }

    private var lines: String {
        """
        producer=\(producer.text)
        ancestors=\(ancestors.map(\.text).joined(separator: " "))
        host=\(machine.host)
        boot=\(machine.boot)
        tag=\(tag)
        redis=\(place)

        """
    }

    private static func checksum(of base: UnsafeRawPointer) -> UInt32 {
        var checksum = CRC32C()
        checksum.update(UnsafeRawBufferPointer(start: base, count: 12))
        checksum.update(UnsafeRawBufferPointer(start: base + 16, count: progress - 16))
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
            let boot = values["boot"], let tag = values["tag"], let place = values["redis"]
        else { return nil }
        self.producer = producer
        ancestors = (values["ancestors"] ?? "").split(separator: " ").compactMap { ProducerID(String($0)) }
        machine = HostIdentity(host: String(host), boot: String(boot))
        self.tag = String(tag)
        self.place = String(place)
    }
}
