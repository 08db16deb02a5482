import Glibc
import TestSupport

/// A file for comparison with the journal. Each call is a write(2) of as many bytes as the record of a row.
final class WrittenBytes: Sendable {
    private let folder: TemporaryFolder
    private let descriptor: Int32
    private let bytes: [UInt8]

    /// Creates the file.
    ///
    /// The size of a record is the sum of the header, the battery's id, and three channels (6 bytes, the name and 8
    /// bytes each), rounded up to a multiple of 8.
    init(battery: String) throws {
        let count = 40 + battery.utf8.count + 3 * (6 + 8) + "train".utf8.count + "valid".utf8.count + "test".utf8.count
        bytes = [UInt8](repeating: 7, count: (count + 7) / 8 * 8)
        folder = try TemporaryFolder()
        descriptor = open(folder.file("rows"), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { throw BenchError(systemCall: "open of \(folder.file("rows"))") }
    }

    deinit {
        close(descriptor)
    }

    func write() {
        _ = bytes.withUnsafeBytes { Glibc.write(descriptor, $0.baseAddress, $0.count) }
    }
}
