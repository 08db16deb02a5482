import Glibc
import HyperoCore
import HyperoSchema

/// The bytes of a file, read in parts from its beginning.
struct FileBytes: ~Copyable {
    let path: String
    private let descriptor: CInt
    private var buffer: [UInt8] = []
    private var start = 0
    /// The position in the file.
    private(set) var position = 0

    private static let partSize = 1 << 18

    init(_ path: String) throws(ArchiveError) {
        let descriptor = retryingInterrupts { open(path, O_RDONLY | O_CLOEXEC) }
        guard descriptor >= 0 else { throw Self.failure(path) }
        self.descriptor = descriptor
        self.path = path
    }

    deinit { close(descriptor) }

    private static func failure(_ path: String) -> ArchiveError {
        ArchiveError("cannot read \(printable(path)): \(String(cString: strerror(errno)))")
    }

    /// The bytes that are available at the position.
    var available: ArraySlice<UInt8> { buffer[start...] }

    /// True if the last byte of the file is zero.
    var endsWithZero: Bool {
        var status = stat()
        var byte: UInt8 = 1
        guard fstat(descriptor, &status) == 0, status.st_size > 0 else { return false }
        return retryingInterrupts { pread(descriptor, &byte, 1, status.st_size - 1) } == 1 && byte == 0
    }

    /// Makes a number of bytes available.
    ///
    /// - Returns: false if the file ends before.
    mutating func fill(_ count: Int) throws(ArchiveError) -> Bool {
        while buffer.count - start < count {
            buffer.removeFirst(start)
            start = 0
            let size = max(Self.partSize, count - buffer.count)
            var hasFailed = false
            let part = [UInt8](unsafeUninitializedCapacity: size) { part, count in
                let found = retryingInterrupts { read(descriptor, part.baseAddress, size) }
                hasFailed = found < 0
                count = max(found, 0)
            }
            if hasFailed { throw Self.failure(path) }
            guard !part.isEmpty else { return false }
            buffer += part
        }
        return true
    }

    /// Returns the number of bytes up to and with the next line feed; nil if the file ends before.
    ///
    /// - Throws: the error if the line is longer than a limit.
    mutating func lineSize(atMost limit: Int, orThrow error: ArchiveError) throws(ArchiveError) -> Int? {
        var size = 0
        while true {
            while size < buffer.count - start {
                guard size < limit else { throw error }
                size += 1
                if buffer[start + size - 1] == UInt8(ascii: "\n") { return size }
            }
            guard try fill(size + 1) else { return nil }
        }
    }

    /// Moves the position.
    mutating func advance(_ count: Int) {
        start += count
        position += count
    }
}
