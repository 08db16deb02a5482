import Glibc

/// One connection through a ``Recorder``.
final class RecordedConnection {
    private var requests: Flow
    private var replies: Flow
    private let number: Int
    private(set) var hasEnded = false

    init(client: Int32, server: Int32, number: Int) {
        requests = Flow(source: client, sink: server)
        replies = Flow(source: server, sink: client)
        self.number = number
    }

    deinit {
        close(requests.source)
        close(replies.source)
    }

    /// The events of `poll(2)` to wait for on the client's and on the server's socket.
    var interests: [pollfd] {
        func interest(_ descriptor: Int32, reads: Bool, writes: Bool) -> pollfd {
            pollfd(fd: descriptor, events: Int16((reads ? POLLIN : 0) | (writes ? POLLOUT : 0)), revents: 0)
        }
        return [
            interest(requests.source, reads: requests.isEmpty, writes: !replies.isEmpty),
            interest(replies.source, reads: replies.isEmpty, writes: !requests.isEmpty),
        ]
    }

    /// Transfers the available bytes in both directions, and records those of the client.
    func transfer(recordingTo recording: Recording) {
        requests.transfer { recording.add($0, of: number) }
        replies.transfer { _ in }
        hasEnded = requests.hasEnded || replies.hasEnded
    }
}

/// One direction of a connection, with the bytes that were read from one socket and not written to the other yet.
private struct Flow {
    let source: Int32
    let sink: Int32
    private var buffer = [UInt8](repeating: 0, count: 1 << 20)
    private var first = 0
    private var end = 0
    private(set) var hasEnded = false

    init(source: Int32, sink: Int32) {
        self.source = source
        self.sink = sink
    }

    var isEmpty: Bool { first == end }

    mutating func transfer(_ observe: (UnsafeRawBufferPointer) -> Void) {
        if isEmpty {
            let count = read(source, &buffer, buffer.count)
            guard count > 0 else {
                hasEnded = count == 0 || (errno != EAGAIN && errno != EINTR)
                return
            }
            (first, end) = (0, count)
            buffer.withUnsafeBytes { observe(UnsafeRawBufferPointer(rebasing: $0[..<count])) }
        }
        let (start, remaining) = (first, end - first)
        let sent = buffer.withUnsafeBytes { send(sink, $0.baseAddress! + start, remaining, Int32(MSG_NOSIGNAL)) }
        if sent > 0 { first += sent } else if errno != EAGAIN, errno != EINTR { hasEnded = true }
    }
}
