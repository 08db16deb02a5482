import Glibc
import HyperoCore
import HyperoRedis

/// The proxy's thread: waits for its sockets and moves bytes as the line lets it.
final class ProxyLoop: @unchecked Sendable {
    // Everything but `control` is the thread's own once `run` has begun.
    private let control: ProxyControl
    private let listener: Int32
    private let address: SocketAddress
    private var wish: ProxyControl.Command
    private var connections: [ProxiedConnection] = []
    private var buffer = [UInt8](repeating: 0, count: 64 << 10)
    /// Connections to itself that fill the listener's queue, while it is to be unreachable.
    private var fillers: [Int32] = []

    init(listener: Int32, address: SocketAddress, control: ProxyControl) {
        self.listener = listener
        self.address = address
        self.control = control
        wish = control.takeWish()
    }

    func run() {
        while !wish.isStopping {
            wait()
            follow(control.takeWish())
            guard !wish.isStopping else { break }
            if !wish.line.isUnreachable { accept() }
            if !wish.line.isSilent { move() }
        }
        for connection in connections { connection.close() }
        for filler in fillers { close(filler) }
        close(listener)
        control.ended()
    }

    private func wait() {
        var descriptors = [pollfd(fd: control.signal, events: Int16(POLLIN), revents: 0)]
        if !wish.line.isUnreachable { descriptors.append(pollfd(fd: listener, events: Int16(POLLIN), revents: 0)) }
        var next: MonotonicTime?
        // Of a silent line's connections not even the end is noticed.
        for connection in connections where !wish.line.isSilent {
            let interest = connection.interest
            for (descriptor, events) in [(connection.client, interest.client), (connection.server, interest.server)]
            where events != 0 {
                descriptors.append(pollfd(fd: descriptor, events: events, revents: 0))
            }
            if let moment = connection.nextMoment(wish.line) { next = min(next ?? moment, moment) }
        }
        guard let next else {
            poll(&descriptors, nfds_t(descriptors.count), -1)
            return
        }
        // poll counts in milliseconds, and between the bytes of a sliced reply there are few microseconds: less than the
        // shortest sleep, so that the reader is let run instead.
        let left = max(next.nanoseconds - MonotonicTime.now.nanoseconds, 0)
        if left < 50_000 { sched_yield() } else if left < 1_000_000 { usleep(UInt32(left / 1_000)) }
        poll(&descriptors, nfds_t(descriptors.count), Int32(clamping: left / 1_000_000))
    }

    private func follow(_ new: ProxyControl.Command) {
        let before = wish
        wish = new
        if new.disconnectsAll {
            for connection in connections { connection.close() }
            connections.removeAll()
            control.count { $0.open = 0 }
        }
        if new.lineNumber != before.lineNumber {
            for index in connections.indices { connections[index].lineChanged() }
        }
        if new.line.isUnreachable, fillers.isEmpty { fillQueue() }
        if !new.line.isUnreachable, !fillers.isEmpty { emptyQueue() }
    }

    private func accept() {
        while true {
            let client = Glibc.accept(listener, nil, nil)
            guard client >= 0 else { return }
            _ = fcntl(client, F_SETFD, FD_CLOEXEC)
            _ = fcntl(client, F_SETFL, O_NONBLOCK)
            control.count { $0.connections += 1 }
            guard let server = SocketAddress.unix(wish.target).connect() else {
                close(client)
                continue
            }
            connections.append(ProxiedConnection(client: client, server: server))
            control.count { $0.open = connections.count }
        }
    }

    private func move() {
        let now = MonotonicTime.now
        var over: [Int] = []
        for index in connections.indices {
            switch connections[index].step(wish.line, now: now, &buffer, control) {
            case .goesOn: continue
            case .isOver: break
            case .isReset: control.count { $0.resets += 1 }
            }
            connections[index].close()
            over.append(index)
        }
        guard !over.isEmpty else { return }
        for index in over.reversed() { connections.remove(at: index) }
        control.count { $0.open = connections.count }
    }

    /// On TCP the kernel drops who asks for a connection while the queue is full; on a unix socket it says EAGAIN.
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
            let own = Glibc.accept(listener, nil, nil)
            if own >= 0 { close(own) }
        }
        fillers.removeAll()
        listen(listener, 128)
    }
}
