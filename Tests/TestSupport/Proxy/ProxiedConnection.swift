import Glibc
import HyperoCore

/// A client's connection to the proxy, together with the proxy's connection to the server.
struct ProxiedConnection {
    let client: Int32
    let server: Int32
    private var requests: ProxyFlow
    private var replies: ProxyFlow
    private var counter = RequestCounter()
    private var isAwaitingReply = false

    init(client: Int32, server: Int32) {
        self.client = client
        self.server = server
        requests = ProxyFlow(from: client, to: server, isSliced: false)
        replies = ProxyFlow(from: server, to: client, isSliced: true)
    }

    mutating func networkChanged() {
        requests.networkChanged()
        replies.networkChanged()
    }

    /// Returns the events of `poll(2)` to wait for on the client's and on the server's socket.
    func interest(under network: NetworkCondition) -> (client: Int16, server: Int16) {
        var (client, server) = (Int16(0), Int16(0))
        if requests.wantsToRead { client |= Int16(POLLIN) }
        if replies.wantsToWrite, !network.isMuted { client |= Int16(POLLOUT) }
        if replies.wantsToRead, !network.isMuted { server |= Int16(POLLIN) }
        if requests.wantsToWrite { server |= Int16(POLLOUT) }
        return (client, server)
    }

    /// The time of the next delayed write; nil if no write waits for a time.
    var nextWrite: MonotonicTime? {
        [requests.nextWrite, replies.nextWrite].compactMap(\.self).min()
    }

    /// Reads and writes in both directions as far as the sockets and the network condition allow.
    mutating func transfer(
        under network: NetworkCondition, now: MonotonicTime, buffer: inout [UInt8], control: ProxyControl
    ) -> ProxyFlow.Outcome {
        requests.read(under: network, now: now, buffer: &buffer) { bytes in
            let commands = counter.count(bytes)
            let roundTrips = isAwaitingReply ? 0 : 1
            isAwaitingReply = true
            control.count {
                $0.requests += commands
                $0.roundTrips += roundTrips
            }
        }
        if !network.isMuted {
            replies.read(under: network, now: now, buffer: &buffer) { _ in isAwaitingReply = false }
        }
        let requestOutcome = requests.write(
            under: network, resetAfter: network.requestBytesUntilReset, now: now
        ) { count in
            control.count { $0.requestBytes += count }
        }
        guard !network.isMuted else { return requestOutcome }
        let replyOutcome = replies.write(under: network, resetAfter: network.replyBytesUntilReset, now: now) { count in
            control.count { $0.replyBytes += count }
        }
        for outcome in [requestOutcome, replyOutcome] {
            if case .isOpen = outcome { continue }
            return outcome
        }
        return .isOpen
    }

    /// Closes both sockets. On TCP the peers receive a reset instead of a regular end.
    func close() {
        for descriptor in [client, server] {
            var abort = linger(l_onoff: 1, l_linger: 0)
            setsockopt(descriptor, SOL_SOCKET, SO_LINGER, &abort, socklen_t(MemoryLayout<linger>.size))
            Glibc.close(descriptor)
        }
    }
}
