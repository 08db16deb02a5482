import Glibc
import TestSupport

/// A file that takes as many bytes by write(2) as the record of a row has, at each call.
final class WrittenBytes: Sendable {
    private let folder: TemporaryFolder
    private let descriptor: Int32
    private let bytes: [UInt8]

    /// A record's head, the battery's id, and three channels of 6 bytes, their names and 8 bytes each; to a multiple of 8.
    init(battery: String) throws {
        let count = 40 + battery.utf8.count + 3 * (6 + 8) + "train".utf8.count + "valid".utf8.count + "test".utf8.count
        bytes = [UInt8](repeating: 7, count: (count + 7) / 8 * 8)
        folder = try TemporaryFolder()
        descriptor = open(folder.file("rows"), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { throw BenchError("a file cannot be made: errno \(errno)") }
    }

    deinit {
        close(descriptor)
    }

    func write() {
        _ = bytes.withUnsafeBytes { Glibc.write(descriptor, $0.baseAddress, $0.count) }
    }
}
