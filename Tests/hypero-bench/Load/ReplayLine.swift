import Glibc

/// A connection of a replay: what it is answered is thrown away, but for the end.
final class ReplayLine {
    private let descriptor: Int32
    private let end: [UInt8]
    private var tail: [UInt8] = []
    private var buffer = [UInt8](repeating: 0, count: 1 << 20)

    init(descriptor: Int32, end: [UInt8]) {
        self.descriptor = descriptor
        self.end = end
    }

    deinit {
        close(descriptor)
    }

    /// Sends all of it, and takes replies while Redis cannot take more.
    func send(_ bytes: ArraySlice<UInt8>) throws(BenchError) {
        var rest = bytes
        while !rest.isEmpty {
            let sent = rest.withUnsafeBytes { Glibc.send(descriptor, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL)) }
            if sent > 0 { rest = rest.dropFirst(sent) }
            guard !rest.isEmpty else { return }
            try wait(for: POLLIN | POLLOUT)
            try takeReplies()
        }
    }

    func waitForEnd() throws(BenchError) {
        while !tail.starts(with: end) {
            try wait(for: POLLIN)
            try takeReplies()
        }
    }

    private func wait(for events: Int32) throws(BenchError) {
        var descriptor = pollfd(fd: descriptor, events: Int16(events), revents: 0)
        guard poll(&descriptor, 1, 60_000) > 0 else { throw BenchError("Redis does not go on with a replay") }
    }

    private func takeReplies() throws(BenchError) {
        let count = read(descriptor, &buffer, buffer.count)
        guard count > 0 else {
            if count < 0, errno == EAGAIN || errno == EINTR { return }
            throw BenchError("Redis closed the connection of a replay")
        }
        // The mark and a line's end.
        tail = Array((tail + buffer[max(0, count - end.count - 2)..<count]).suffix(end.count + 2))
    }
}
