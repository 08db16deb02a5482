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
    /// The number of bytes that were read.
    private var readCount = 0
    /// The number of bytes without the zeros at the end. After a loss of power, file systems fill with zeros what was not made
    /// durable, and each record ends with a line feed.
    private let size: Int
    /// True if the file ends with zeros.
    let hasZeroTail: Bool

    private static let partSize = 1 << 18

    /// Opens a regular file. Anything else, such as a pipe, could block without end, and cannot be read twice.
    ///
    /// - Parameter followsLinks: false to refuse a symbolic link.
    init(_ path: String, followsLinks: Bool = true) throws(ArchiveError) {
        let flags = O_RDONLY | O_CLOEXEC | O_NONBLOCK | (followsLinks ? 0 : O_NOFOLLOW)
        let descriptor = retryingInterrupts { open(path, flags) }
        guard descriptor >= 0 else { throw Self.failure(path) }
        var status = stat()
        guard fstat(descriptor, &status) == 0, status.st_mode & S_IFMT == S_IFREG else {
            close(descriptor)
            throw ArchiveError(
                "cannot read \(printable(path)): it is not a regular file. Decompress a compressed archive to a file")
        }
        self.descriptor = descriptor
        self.path = path
        size = Self.sizeWithoutZeros(of: descriptor, fileSize: Int(status.st_size))
        hasZeroTail = size < Int(status.st_size)
    }

    private static func sizeWithoutZeros(of descriptor: CInt, fileSize: Int) -> Int {
        var end = fileSize
        while end > 0 {
            let count = min(end, partSize)
            let part = [UInt8](unsafeUninitializedCapacity: count) { part, filled in
                filled = max(retryingInterrupts { pread(descriptor, part.baseAddress, count, off_t(end - count)) }, 0)
            }
            guard part.count == count else { return end }
            if let last = part.lastIndex(where: { $0 != 0 }) { return end - count + last + 1 }
            end -= count
        }
        return 0
    }

    deinit { close(descriptor) }

    private static func failure(_ path: String) -> ArchiveError {
        ArchiveError("cannot read \(printable(path)): \(String(cString: strerror(errno)))")
    }

    /// The bytes that are available at the position.
    var available: ArraySlice<UInt8> { buffer[start...] }

    /// Makes a number of bytes available.
    ///
    /// - Returns: false if the file ends before.
    mutating func fill(_ count: Int) throws(ArchiveError) -> Bool {
        while buffer.count - start < count {
            buffer.removeFirst(start)
            start = 0
            let size = min(max(Self.partSize, count - buffer.count), self.size - readCount)
            guard size > 0 else { return false }
            var hasFailed = false
            let part = [UInt8](unsafeUninitializedCapacity: size) { part, count in
                let found = retryingInterrupts { read(descriptor, part.baseAddress, size) }
                hasFailed = found < 0
                count = max(found, 0)
            }
            if hasFailed { throw Self.failure(path) }
            guard !part.isEmpty else { return false }
            readCount += part.count
            buffer += part
        }
        return true
    }

    /// The end of a line.
    enum LineEnd {
        /// The number of bytes up to and with the line feed.
        case size(Int)
        /// The line is longer than a limit.
        case tooLong
        /// The file ends before a line feed.
        case unended
    }

    /// Returns the end of the line at the position.
    mutating func lineSize(atMost limit: Int) throws(ArchiveError) -> LineEnd {
        var size = 0
        while true {
            while size < buffer.count - start {
                guard size < limit else { return .tooLong }
                size += 1
                if buffer[start + size - 1] == UInt8(ascii: "\n") { return .size(size) }
            }
            guard try fill(size + 1) else { return .unended }
        }
    }

    /// Moves the position after the next line feed, or to the end of the file.
    ///
    /// - Returns: false at the end.
    mutating func skipLine() throws(ArchiveError) -> Bool {
        while try fill(1) {
            if let index = available.firstIndex(of: UInt8(ascii: "\n")) {
                advance(index + 1 - start)
                return true
            }
            advance(available.count)
        }
        return false
    }

    /// Moves the position to another one in the file.
    mutating func seek(to position: Int) throws(ArchiveError) {
        guard lseek(descriptor, off_t(position), SEEK_SET) >= 0 else { throw Self.failure(path) }
        (buffer, start) = ([], 0)
        (self.position, readCount) = (position, position)
    }

    /// Moves the position.
    mutating func advance(_ count: Int) {
        start += count
        position += count
    }
}
