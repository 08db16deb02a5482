import Glibc

/// One connection of a replay. Discards all replies except the end mark.
final class ReplayConnection {
    private let descriptor: Int32
    private let endMark: [UInt8]
    /// The last bytes received: at most the end mark and a CR LF.
    private var tail: [UInt8] = []
    private var buffer = [UInt8](repeating: 0, count: 1 << 20)

    init(descriptor: Int32, endMark: [UInt8]) {
        self.descriptor = descriptor
        self.endMark = endMark
    }

    deinit {
        close(descriptor)
    }

    /// Sends all bytes. Reads replies while the socket's send buffer is full.
    func send(_ bytes: ArraySlice<UInt8>) throws(BenchError) {
        var remaining = bytes
        while !remaining.isEmpty {
            let sent = remaining.withUnsafeBytes {
                Glibc.send(descriptor, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL))
            }
            if sent > 0 { remaining = remaining.dropFirst(sent) }
            guard !remaining.isEmpty else { return }
            try wait(for: POLLIN | POLLOUT)
            try receiveReplies()
        }
    }

    /// Reads replies until the end mark.
    func waitForEnd() throws(BenchError) {
        while !tail.starts(with: endMark) {
            try wait(for: POLLIN)
            try receiveReplies()
        }
    }

    private func wait(for events: Int32) throws(BenchError) {
        var descriptor = pollfd(fd: descriptor, events: Int16(events), revents: 0)
        guard poll(&descriptor, 1, 60_000) > 0 else { throw BenchError("no reply to the replay for 60 s") }
    }

    private func receiveReplies() throws(BenchError) {
        let count = read(descriptor, &buffer, buffer.count)
        guard count > 0 else {
            if count < 0, errno == EAGAIN || errno == EINTR { return }
            throw BenchError("Redis closed a connection of the replay")
        }
        tail = Array((tail + buffer[max(0, count - endMark.count - 2)..<count]).suffix(endMark.count + 2))
    }
}
