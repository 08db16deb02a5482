import Glibc

/// What a client has sent to a server, by its connections, in the order in which it came.
///
/// The bytes lie in a file: a million events are hundreds of megabytes.
final class Recording {
    struct Piece {
        let connection: Int
        let count: Int
    }

    private(set) var pieces: [Piece] = []
    private(set) var connections = 0
    private let descriptor: Int32

    init(path: String) throws {
        descriptor = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { throw BenchError("\(path) cannot be made: errno \(errno)") }
    }

    deinit {
        close(descriptor)
    }

    /// Bytes of all.
    var count: Int { pieces.reduce(0) { $0 + $1.count } }

    func addConnection() -> Int {
        connections += 1
        return connections - 1
    }

    func add(_ bytes: UnsafeRawBufferPointer, of connection: Int) {
        let written = write(descriptor, bytes.baseAddress, bytes.count)
        precondition(written == bytes.count, "the recording cannot be written: errno \(errno)")
        if let last = pieces.last, last.connection == connection {
            pieces[pieces.count - 1] = Piece(connection: connection, count: last.count + bytes.count)
        } else {
            pieces.append(Piece(connection: connection, count: bytes.count))
        }
    }

    /// Copies bytes from a place of the whole.
    func read(into buffer: UnsafeMutableRawBufferPointer, at offset: Int) {
        let taken = pread(descriptor, buffer.baseAddress, buffer.count, off_t(offset))
        precondition(taken == buffer.count, "the recording cannot be read: errno \(errno)")
    }
}
