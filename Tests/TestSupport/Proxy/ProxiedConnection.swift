import Glibc
import HyperoCore
import HyperoRedis

/// A client's connection and the one to the server that belongs to it.
struct ProxiedConnection {
    let client: Int32
    let server: Int32
    private var requests: ProxyFlow
    private var replies: ProxyFlow
    private var counter = RequestCounter()
    private var isAsking = false

    init(client: Int32, server: Int32) {
        self.client = client
        self.server = server
        requests = ProxyFlow(from: client, to: server, isSliced: false)
        replies = ProxyFlow(from: server, to: client, isSliced: true)
    }

    mutating func lineChanged() {
        requests.lineChanged()
        replies.lineChanged()
    }

    /// What to wait for on the client's and the server's side.
    var interest: (client: Int16, server: Int16) {
        var (client, server) = (Int16(0), Int16(0))
        if requests.wantsToRead { client |= Int16(POLLIN) }
        if replies.wantsToWrite { client |= Int16(POLLOUT) }
        if replies.wantsToRead { server |= Int16(POLLIN) }
        if requests.wantsToWrite { server |= Int16(POLLOUT) }
        return (client, server)
    }

    func nextMoment(_ line: ProxyLine) -> MonotonicTime? {
        [requests.nextMoment(line), replies.nextMoment(line)].compactMap(\.self).min()
    }

    /// Moves what can be moved.
    mutating func step(
        _ line: ProxyLine, now: MonotonicTime, _ buffer: inout [UInt8], _ control: ProxyControl
    ) -> ProxyFlow.Step {
        requests.read(line, now: now, into: &buffer) { bytes in
            let commands = counter.take(bytes)
            let turns = isAsking ? 0 : 1
            isAsking = true
            control.count {
                $0.requests += commands
                $0.roundTrips += turns
            }
        }
        replies.read(line, now: now, into: &buffer) { _ in isAsking = false }
        let sent = requests.write(line, until: line.requestBytesUntilReset, now: now) { count in
            control.count { $0.requestBytes += count }
        }
        let answered = replies.write(line, until: line.replyBytesUntilReset, now: now) { count in
            control.count { $0.replyBytes += count }
        }
        for step in [sent, answered] {
            if case .goesOn = step { continue }
            return step
        }
        return .goesOn
    }

    /// Closes both sides; without a farewell on TCP, so that the other end is told of a reset.
    func close() {
        for descriptor in [client, server] {
            var abort = linger(l_onoff: 1, l_linger: 0)
            setsockopt(descriptor, SOL_SOCKET, SO_LINGER, &abort, socklen_t(MemoryLayout<linger>.size))
            Glibc.close(descriptor)
        }
    }
}
