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
    /// The replies of a hostile server; nil if the server's replies pass.
    private var hostile: HostileReplies?
    /// The time of the next byte of a hostile server that sends slowly.
    private var nextHostileByte = MonotonicTime(nanoseconds: 0)
    /// The time at which the connection is reset, because its replies are cut; nil to let them pass.
    private var cut: MonotonicTime?

    /// The time that the server has for a transaction whose reply is cut.
    private static let cutDelay: Duration = .milliseconds(10)

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
        if let hostile {
            let sends = hostile.isReady && hostile.interval == nil
            return (Int16(POLLIN | (sends ? POLLOUT : 0)), 0)
        }
        var (client, server) = (Int16(0), Int16(0))
        if requests.wantsToRead { client |= Int16(POLLIN) }
        if replies.wantsToWrite, !network.isMuted { client |= Int16(POLLOUT) }
        if replies.wantsToRead, !network.isMuted { server |= Int16(POLLIN) }
        if requests.wantsToWrite { server |= Int16(POLLOUT) }
        return (client, server)
    }

    /// The time of the next delayed write or reset; nil if none waits for a time.
    var nextWrite: MonotonicTime? {
        if let hostile { return hostile.isReady && hostile.interval != nil ? nextHostileByte : nil }
        if let cut { return cut }
        return [requests.nextWrite, replies.nextWrite].compactMap(\.self).min()
    }

    /// Reads and writes in both directions as far as the sockets and the network condition allow.
    mutating func transfer(
        under network: NetworkCondition, now: MonotonicTime, buffer: inout [UInt8], control: ProxyControl
    ) -> ProxyFlow.Outcome {
        if let answer = network.answer { return transfer(answer, now: now, buffer: &buffer) }
        // The client's parser is in an unknown state after hostile bytes.
        guard hostile == nil else { return .isReset }
        let transactions = counter.transactions
        requests.read(under: network, now: now, buffer: &buffer) { bytes in
            let commands = counter.count(bytes)
            let roundTrips = isAwaitingReply ? 0 : 1
            isAwaitingReply = true
            control.count {
                $0.requests += commands
                $0.roundTrips += roundTrips
            }
        }
        if network.cutsReplies, cut == nil, counter.transactions > transactions { cut = now + Self.cutDelay }
        if !network.isMuted {
            replies.read(under: network, now: now, buffer: &buffer) { _ in isAwaitingReply = false }
        }
        let requestOutcome = requests.write(
            under: network, resetAfter: network.requestBytesUntilReset, now: now
        ) { count in
            control.count { $0.requestBytes += count }
        }
        if let cut {
            return now >= cut ? .isReset : requestOutcome
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

    /// Discards the client's requests, and sends the replies of a hostile server.
    private mutating func transfer(
        _ answer: HostileAnswer, now: MonotonicTime, buffer: inout [UInt8]
    ) -> ProxyFlow.Outcome {
        var hostile = self.hostile ?? HostileReplies(answer)
        defer { self.hostile = hostile }
        let count = read(client, &buffer, buffer.count)
        if count == 0 || (count < 0 && errno != EAGAIN && errno != EINTR) { return .isClosed }
        if count > 0 { hostile.receive(commands: counter.count(buffer[..<count])) }
        guard hostile.isReady, counter.hasCommand else { return .isOpen }
        if let interval = hostile.interval {
            guard now >= nextHostileByte else { return .isOpen }
            nextHostileByte = now + .milliseconds(interval)
        }
        let maxCount = hostile.interval == nil ? hostile.waiting.count : 1
        let sent = hostile.waiting.withUnsafeBytes { send(client, $0.baseAddress, maxCount, Int32(MSG_NOSIGNAL)) }
        if sent > 0 { hostile.sent(sent) } else if errno != EAGAIN, errno != EINTR { return .isClosed }
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
