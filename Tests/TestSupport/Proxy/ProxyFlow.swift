import Glibc
import HyperoCore

/// One direction of a connection: bytes read from one socket that wait to be written to the other.
struct ProxyFlow {
    private struct Chunk {
        var bytes: ArraySlice<UInt8>
        /// The earliest time of delivery.
        var due: MonotonicTime
    }

    /// The state of a connection after a transfer.
    enum Outcome {
        case isOpen
        /// One side has closed its socket, and all its earlier bytes were delivered.
        case isClosed
        /// The network condition requires a reset.
        case isReset
    }

    let source: Int32
    let sink: Int32
    /// True if ``NetworkCondition/replyPiece`` applies to this direction.
    let isSliced: Bool

    private var chunks: [Chunk] = []
    private var waitingBytes = 0
    private var sourceHasEnded = false
    /// The time of the next write that the bandwidth limit or the slicing allows.
    private var nextAllowed = MonotonicTime(nanoseconds: 0)
    /// Bytes delivered under the current network condition.
    private var deliveredBytes = 0
    /// True if the sink's buffer was full at the last write.
    private var isBlocked = false

    /// The maximum number of waiting bytes. The buffer is small, so that the sender notices a slow network.
    private static let capacity = 64 << 10

    init(from source: Int32, to sink: Int32, isSliced: Bool) {
        self.source = source
        self.sink = sink
        self.isSliced = isSliced
    }

    mutating func networkChanged() { deliveredBytes = 0 }

    var wantsToRead: Bool { !sourceHasEnded && waitingBytes < Self.capacity }

    /// True if the next write waits for the sink, not for a time.
    var wantsToWrite: Bool { isBlocked && waitingBytes > 0 }

    /// The time of the next write; nil if the next write waits for a socket.
    var nextWrite: MonotonicTime? {
        guard let first = chunks.first, !isBlocked else { return nil }
        return max(first.due, nextAllowed)
    }

    /// Reads the available bytes of the source.
    ///
    /// - Parameter observe: called with the bytes read.
    mutating func read(
        under network: NetworkCondition, now: MonotonicTime, buffer: inout [UInt8],
        observe: (ArraySlice<UInt8>) -> Void
    ) {
        guard wantsToRead else { return }
        let count = Glibc.read(source, &buffer, min(buffer.count, Self.capacity - waitingBytes))
        if count > 0 {
            chunks.append(Chunk(bytes: Array(buffer[..<count])[...], due: now + network.latency))
            waitingBytes += count
            observe(buffer[..<count])
        } else if count == 0 || (errno != EAGAIN && errno != EINTR) {
            sourceHasEnded = true
        }
    }

    /// Writes as many bytes as the network condition allows.
    ///
    /// - Parameters:
    ///   - limit: the number of bytes since the start of the condition after which the connection is reset.
    ///   - observe: called with the number of bytes written.
    mutating func write(
        under network: NetworkCondition, resetAfter limit: Int?, now: MonotonicTime, observe: (Int) -> Void
    ) -> Outcome {
        isBlocked = false
        while let first = chunks.first, first.due <= now, nextAllowed <= now {
            var maxCount = first.bytes.count
            if let limit { maxCount = min(maxCount, limit - deliveredBytes) }
            if let rate = network.bytesPerSecond { maxCount = min(maxCount, max(rate / 20, 1)) }
            if isSliced, let piece = network.replyPiece {
                maxCount = min(maxCount, piece)
                // Unread pieces would merge in the receiver's buffer.
                guard Self.hasReadAll(sink) else {
                    nextAllowed = now + .microseconds(10)
                    return .isOpen
                }
            }
            guard maxCount > 0 else { return .isReset }
            let count = first.bytes.withUnsafeBytes { send(sink, $0.baseAddress, maxCount, Int32(MSG_NOSIGNAL)) }
            guard count >= 0 else {
                isBlocked = errno == EAGAIN
                return errno == EAGAIN || errno == EINTR ? .isOpen : .isClosed
            }
            observe(count)
            waitingBytes -= count
            deliveredBytes += count
            if count == first.bytes.count { chunks.removeFirst() } else { chunks[0].bytes.removeFirst(count) }
            if let rate = network.bytesPerSecond { nextAllowed = now + .seconds(1) * count / rate }
            if let limit, deliveredBytes >= limit { return .isReset }
        }
        return sourceHasEnded && chunks.isEmpty ? .isClosed : .isOpen
    }

    /// Returns whether the peer of a unix socket has read all bytes sent; on TCP, whether its kernel has acknowledged them.
    private static func hasReadAll(_ descriptor: Int32) -> Bool {
        var unread: Int32 = 0
        return ioctl(descriptor, UInt(TIOCOUTQ), &unread) != 0 || unread == 0
    }
}
