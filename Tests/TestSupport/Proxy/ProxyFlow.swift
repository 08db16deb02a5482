import Glibc
import HyperoCore
import HyperoRedis

/// One direction of a connection: bytes that were read on one side and wait to be written on the other.
struct ProxyFlow {
    private struct Chunk {
        var bytes: ArraySlice<UInt8>
        /// When they may arrive.
        var due: MonotonicTime
    }

    /// What a step came to.
    enum Step {
        case goesOn
        /// One side is gone, and what it sent before was delivered.
        case isOver
        /// The line says so.
        case isReset
    }

    let source: Int32
    let sink: Int32
    /// Whether the pieces of ``ProxyLine/replyPiece`` are for this direction.
    let isSliced: Bool

    private var chunks: [Chunk] = []
    private var waiting = 0
    private var sourceHasEnded = false
    /// A line that lets few bytes pass allows the next at this moment.
    private var nextAllowed = MonotonicTime(nanoseconds: 0)
    /// Bytes that passed since the line's beginning.
    private var passed = 0
    /// Whether the sink took less than there was.
    private var isStuck = false

    /// What is held back at most: a sender is to feel that the line is slow.
    private static let capacity = 64 << 10

    init(from source: Int32, to sink: Int32, isSliced: Bool) {
        self.source = source
        self.sink = sink
        self.isSliced = isSliced
    }

    mutating func lineChanged() { passed = 0 }

    var wantsToRead: Bool { !sourceHasEnded && waiting < Self.capacity }

    /// Whether it waits for the sink, and not for a moment.
    var wantsToWrite: Bool { isStuck && waiting > 0 }

    /// When to look again; nil for when a side has something.
    func nextMoment(_ line: ProxyLine) -> MonotonicTime? {
        guard let first = chunks.first, !isStuck else { return nil }
        return max(first.due, nextAllowed)
    }

    /// Takes what the source has.
    ///
    /// - Parameter seen: is shown the bytes.
    mutating func read(
        _ line: ProxyLine, now: MonotonicTime, into buffer: inout [UInt8], _ seen: (ArraySlice<UInt8>) -> Void
    ) {
        guard wantsToRead else { return }
        let count = Glibc.read(source, &buffer, min(buffer.count, Self.capacity - waiting))
        if count > 0 {
            chunks.append(Chunk(bytes: Array(buffer[..<count])[...], due: now + line.latency))
            waiting += count
            seen(buffer[..<count])
        } else if count == 0 || (errno != EAGAIN && errno != EINTR) {
            sourceHasEnded = true
        }
    }

    /// Writes what the line lets pass.
    ///
    /// - Parameters:
    ///   - limit: after so many bytes since the line's beginning the connection is to be reset.
    ///   - delivered: is told how many bytes went out.
    mutating func write(_ line: ProxyLine, until limit: Int?, now: MonotonicTime, _ delivered: (Int) -> Void) -> Step {
        isStuck = false
        while let first = chunks.first, first.due <= now, nextAllowed <= now {
            var most = first.bytes.count
            if let limit { most = min(most, limit - passed) }
            if let rate = line.bytesPerSecond { most = min(most, max(rate / 20, 1)) }
            if isSliced, let piece = line.replyPiece {
                most = min(most, piece)
                // Else pieces would become one again in the receiver's buffer.
                guard Self.isRead(sink) else {
                    nextAllowed = now + .microseconds(10)
                    return .goesOn
                }
            }
            guard most > 0 else { return .isReset }
            let count = first.bytes.withUnsafeBytes { send(sink, $0.baseAddress, most, Int32(MSG_NOSIGNAL)) }
            guard count >= 0 else {
                isStuck = errno == EAGAIN
                return errno == EAGAIN || errno == EINTR ? .goesOn : .isOver
            }
            delivered(count)
            waiting -= count
            passed += count
            if count == first.bytes.count { chunks.removeFirst() } else { chunks[0].bytes.removeFirst(count) }
            if let rate = line.bytesPerSecond { nextAllowed = now + .seconds(1) * count / rate }
            if let limit, passed >= limit { return .isReset }
        }
        return sourceHasEnded && chunks.isEmpty ? .isOver : .goesOn
    }

    /// Whether the other end of a unix socket has read all it was sent; on TCP, whether its kernel has taken it.
    private static func isRead(_ descriptor: Int32) -> Bool {
        var unread: Int32 = 0
        return ioctl(descriptor, UInt(TIOCOUTQ), &unread) != 0 || unread == 0
    }
}
