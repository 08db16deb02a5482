import Glibc

/// The bytes that a client sent to a server over several connections, in order.
///
/// The bytes are stored in a file, because a million events are hundreds of megabytes.
final class Recording {
    /// A run of bytes of one connection.
    struct Piece {
        let connection: Int
        let count: Int
    }

    private(set) var pieces: [Piece] = []
    private(set) var connections = 0
    private let descriptor: Int32

    init(path: String) throws {
        descriptor = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { throw BenchError(systemCall: "open of \(path)") }
    }

    deinit {
        close(descriptor)
    }

    /// Adds a connection, and returns its index.
    func addConnection() -> Int {
        connections += 1
        return connections - 1
    }

    func add(_ bytes: UnsafeRawBufferPointer, of connection: Int) {
        let written = write(descriptor, bytes.baseAddress, bytes.count)
        precondition(written == bytes.count, "write to the recording: errno \(errno)")
        if let last = pieces.last, last.connection == connection {
            pieces[pieces.count - 1] = Piece(connection: connection, count: last.count + bytes.count)
        } else {
            pieces.append(Piece(connection: connection, count: bytes.count))
        }
    }

    /// Fills a buffer with bytes from an offset of the file.
    func read(into buffer: UnsafeMutableRawBufferPointer, at offset: Int) {
        let count = pread(descriptor, buffer.baseAddress, buffer.count, off_t(offset))
        precondition(count == buffer.count, "pread of the recording: errno \(errno)")
    }
}
