import Foundation
import HyperoRedis
import TestSupport

/// A segment that adopters of the run accept if they do not look at its owner: the beginning of a real orphaned journal,
/// with a header that names the run's server and partition.
///
/// Its producer is not a training of the run. An event of the segment in Redis is therefore a phantom.
struct ForgedSegment {
    let bytes: [UInt8]

    private static let size = 32 << 10
    /// The offset of the header's text, of its end, and of its checksum.
    private static let (text, textEnd, checksum) = (16, 984, 12)

    init(server: String, tag: String) throws {
        let folder = try TemporaryFolder()
        try FileManager.default.createDirectory(atPath: folder.file("sides"), withIntermediateDirectories: false)
        let training = try ChildProcess(
            "chaos-producer",
            ["--redis", "unix://\(folder.file("no server"))", "--sides", folder.file("sides"), "--seed", "1"],
            environment: ["HYPERO_JOURNAL": folder.file("journal")])
        var segment: Data?
        let hasRecords = eventually(within: .seconds(20)) {
            segment = Self.firstSegment(in: folder.file("journal"))
            // The last bytes are zeros until the records reach them.
            return segment.map { $0.suffix(8) != Data(repeating: 0, count: 8) } ?? false
        }
        training.kill()
        guard hasRecords, let segment else { throw TestFailure("a training has logged nothing: \(training.stderr)") }
        var bytes = Array(segment)
        let lines = String(decoding: bytes[Self.text..<Self.textEnd].prefix { $0 != 0 }, as: UTF8.self)
            .split(separator: "\n").map { line in
                if line.hasPrefix("tag=") { return "tag=\(tag)" }
                return line.hasPrefix("redis=") ? "redis=\(server)" : String(line)
            }
        let header = Array((lines.joined(separator: "\n") + "\n").utf8)
        for index in Self.text..<Self.textEnd {
            let offset = index - Self.text
            bytes[index] = offset < header.count ? header[offset] : 0
        }
        let sum = Checksum.crc32c(bytes[..<Self.checksum], bytes[Self.text..<Self.textEnd])
        withUnsafeBytes(of: sum.littleEndian) { bytes.replaceSubrange(Self.checksum..<Self.text, with: $0) }
        self.bytes = bytes
    }

    private static func firstSegment(in root: String) -> Data? {
        let names = (try? FileManager.default.contentsOfDirectory(atPath: root)) ?? []
        guard let name = names.first(where: { !$0.hasPrefix(".") }),
            let handle = FileHandle(forReadingAtPath: "\(root)/\(name)/1.segment"),
            let bytes = try? handle.read(upToCount: size), bytes.count == size
        else { return nil }
        return bytes
    }
}
