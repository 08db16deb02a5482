import Glibc
import HyperoCore

/// The proxy's thread: waits for the sockets, and transfers bytes as the network condition allows.
final class ProxyLoop: @unchecked Sendable {
    // After `run` has started, only the proxy's thread uses the properties other than `control`.
    private let control: ProxyControl
    private let listener: Int32
    private let address: SocketAddress
    private var command: ProxyControl.Command
    private var connections: [ProxiedConnection] = []
    private var buffer = [UInt8](repeating: 0, count: 64 << 10)
    /// The proxy's connections to itself that fill the listener's queue while the proxy is unreachable.
    private var fillers: [Int32] = []

    init(listener: Int32, address: SocketAddress, control: ProxyControl) {
        self.listener = listener
        self.address = address
        self.control = control
        command = control.receiveCommand()
    }

    func run() {
        while !command.isStopping {
            wait()
            apply(control.receiveCommand())
            guard !command.isStopping else { break }
            if !command.network.isUnreachable { accept() }
            if !command.network.isSilent { transfer() }
        }
        for connection in connections { connection.close() }
        for filler in fillers { close(filler) }
        close(listener)
        control.markEnded()
    }

    private func wait() {
        var descriptors = [pollfd(fd: control.wakeDescriptor, events: Int16(POLLIN), revents: 0)]
        if !command.network.isUnreachable {
            descriptors.append(pollfd(fd: listener, events: Int16(POLLIN), revents: 0))
        }
        var next: MonotonicTime?
        // A silent network hides even the end of a connection.
        for connection in connections where !command.network.isSilent {
            let interest = connection.interest(under: command.network)
            for (descriptor, events) in [(connection.client, interest.client), (connection.server, interest.server)]
            where events != 0 {
                descriptors.append(pollfd(fd: descriptor, events: events, revents: 0))
            }
            if !command.network.isMuted, let write = connection.nextWrite { next = min(next ?? write, write) }
        }
        guard let next else {
            poll(&descriptors, nfds_t(descriptors.count), -1)
            return
        }
        // poll has a resolution of a millisecond. The pieces of a sliced reply are only microseconds apart, which is less
        // than the shortest sleep: yield to the reader instead.
        let remaining = max(next.nanoseconds - MonotonicTime.now.nanoseconds, 0)
        if remaining < 50_000 { sched_yield() } else if remaining < 1_000_000 { usleep(UInt32(remaining / 1_000)) }
        poll(&descriptors, nfds_t(descriptors.count), Int32(clamping: remaining / 1_000_000))
    }

    private func apply(_ new: ProxyControl.Command) {
        let previous = command
        command = new
        if new.disconnectsAll {
            for connection in connections { connection.close() }
            connections.removeAll()
            control.count { $0.open = 0 }
        }
        if new.networkNumber != previous.networkNumber {
            for index in connections.indices { connections[index].networkChanged() }
        }
        if new.network.isUnreachable, fillers.isEmpty { fillQueue() }
        if !new.network.isUnreachable, !fillers.isEmpty { emptyQueue() }
    }

    private func accept() {
        while true {
            let client = Glibc.accept(listener, nil, nil)
            guard client >= 0 else { return }
            _ = fcntl(client, F_SETFD, FD_CLOEXEC)
            _ = fcntl(client, F_SETFL, O_NONBLOCK)
            control.count { $0.connections += 1 }
            guard let server = SocketAddress.unix(command.target).connect() else {
                close(client)
                continue
            }
            connections.append(ProxiedConnection(client: client, server: server))
            control.count { $0.open = connections.count }
        }
    }

    private func transfer() {
        let now = MonotonicTime.now
        var closed: [Int] = []
        for index in connections.indices {
            switch connections[index].transfer(under: command.network, now: now, buffer: &buffer, control: control) {
            case .isOpen: continue
            case .isClosed: break
            case .isReset: control.count { $0.resets += 1 }
            }
            connections[index].close()
            closed.append(index)
        }
        guard !closed.isEmpty else { return }
        for index in closed.reversed() { connections.remove(at: index) }
        control.count { $0.open = connections.count }
    }

    /// Fills the listener's queue. On TCP the kernel then drops connection requests; on a unix socket connect(2) fails with
    /// EAGAIN.
    private func fillQueue() {
        listen(listener, 0)
        for _ in 0..<256 {
            guard let filler = address.connect() else { return }
            fillers.append(filler)
            var descriptor = pollfd(fd: filler, events: Int16(POLLOUT), revents: 0)
            guard poll(&descriptor, 1, 50) == 1 else { return }
        }
    }

    private func emptyQueue() {
        for filler in fillers { close(filler) }
        for _ in fillers {
            let accepted = Glibc.accept(listener, nil, nil)
            if accepted >= 0 { close(accepted) }
        }
        fillers.removeAll()
        listen(listener, 128)
    }
}
