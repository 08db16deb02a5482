import CHiredis
import Glibc
import HyperoCore

/// Finds out which of several servers answer, by a PING to each at the same time (RFC 8305).
///
/// The sockets are not used further: a server that answers may refuse the login, or be a replica. An error is an answer too.
struct AddressRace {
    private struct Runner {
        let server: Int
        let context: UnsafeMutablePointer<redisContext>
        let start: MonotonicTime
        var hasSent = false
        var reply: [UInt8] = []
    }

    private let sockets: RaceSockets
    /// The addresses without a socket yet, with the servers that have them.
    private var waiting: ArraySlice<(server: Int, address: RedisURL.Address)>
    /// The time that a silent address has while others wait.
    private let share: Duration
    private var runners: [Runner] = []
    /// Those that have replied.
    private var answered: [Int] = []
    /// Those that speak another protocol, such as TLS, or have closed the connection.
    private var others: [Int] = []
    /// Those that cannot be connected to.
    private var failed: [Int] = []

    /// The time after the first answer in which others are waited for: the first one may be that of a replica.
    private static let grace = Duration.milliseconds(50)
    private static let maxReply = 512

    /// Returns the servers that answer in the order of their answers, then those that close the connection or speak another protocol,
    /// then those that cannot be connected to, which costs no time.
    ///
    /// - Parameters:
    ///   - servers: the numeric addresses of each server.
    ///   - limit: the time limit for the first answer.
    ///   - encrypted: true if the servers speak TLS, so that a server that closes the connection has answered.
    ///   - sockets: the largest number of them, which is that of the addresses that are asked at the same time.
    ///   - shouldContinue: called about every 5 ms. If it returns false, the race ends.
    ///   - blocking: runs its argument, a system call that may block.
    /// - Returns: indices of `servers`.
    static func run(
        _ servers: [[RedisURL.Address]], within limit: Duration, encrypted: Bool = false,
        sockets: RaceSockets = RaceSockets(), shouldContinue: () -> Bool, blocking: (() -> Void) -> Void
    ) -> [Int] {
        var race = AddressRace(servers, within: limit, sockets: sockets)
        defer { race.end() }
        var end = MonotonicTime.now + limit
        while true {
            race.fill(blocking: blocking)
            guard !race.runners.isEmpty, .now < end, shouldContinue() else { break }
            let hadAnswer = race.hasAnswer(encrypted: encrypted)
            race.poll(blocking: blocking)
            if !hadAnswer, race.hasAnswer(encrypted: encrypted) { end = min(end, .now + grace) }
        }
        var order: [Int] = []
        for server in race.answered + race.others + race.failed where !order.contains(server) { order.append(server) }
        return order
    }

    private func hasAnswer(encrypted: Bool) -> Bool { !answered.isEmpty || encrypted && !others.isEmpty }

    private init(_ servers: [[RedisURL.Address]], within limit: Duration, sockets: RaceSockets) {
        let all = servers.enumerated().flatMap { index, addresses in
            addresses.map { (server: index, address: $0) }
        }
        self.sockets = sockets
        waiting = all[...]
        share = limit / max((all.count + sockets.limit - 1) / sockets.limit, 1)
    }

    /// Begins to connect to as many addresses as there may be sockets, in place of those that were silent for their share of the time.
    private mutating func fill(blocking: (() -> Void) -> Void) {
        guard !waiting.isEmpty else { return }
        let now = MonotonicTime.now
        if runners.count == sockets.limit {
            for runner in runners where now - runner.start >= share { Self.close(runner) }
            runners.removeAll { now - $0.start >= share }
            announce()
        }
        while runners.count < sockets.limit, let (server, address) = waiting.popFirst() {
            guard let context = RedisConnection.connect(to: address, blocking: blocking) else { continue }
            let runner = Runner(server: server, context: context, start: now)
            if context.pointee.err == 0 { runners.append(runner) } else { leave(runner, to: &failed) }
            announce()
        }
    }

    /// Reports the sockets, before the next system call during which the process may fork.
    private func announce() { sockets.changed(runners.map(\.context.pointee.fd)) }

    /// Waits at most 5 ms for the servers, and sends PING to those that are connected.
    private mutating func poll(blocking: (() -> Void) -> Void) {
        var polled = runners.map {
            pollfd(fd: $0.context.pointee.fd, events: Int16($0.hasSent ? POLLIN : POLLOUT), revents: 0)
        }
        polled.withUnsafeMutableBufferPointer { polled in
            let (first, count) = (polled.baseAddress, nfds_t(polled.count))
            blocking { _ = Glibc.poll(first, count, 5) }
        }
        let all = runners
        runners = []
        defer { announce() }
        for (var runner, result) in zip(all, polled) {
            guard result.revents != 0 else {
                runners.append(runner)
                continue
            }
            guard !runner.hasSent else {
                receive(&runner)
                continue
            }
            var error: Int32 = 0
            var size = socklen_t(MemoryLayout<Int32>.size)
            let status = getsockopt(runner.context.pointee.fd, SOL_SOCKET, SO_ERROR, &error, &size)
            let text = "*1\r\n$4\r\nPING\r\n"
            if status == 0, error == 0,
                Glibc.send(runner.context.pointee.fd, text, text.utf8.count, Int32(MSG_NOSIGNAL)) > 0
            {
                runner.hasSent = true
                runners.append(runner)
            } else {
                leave(runner, to: &failed)
            }
        }
    }

    /// Reads a part of the reply, and ends the runner when its first line is complete.
    private mutating func receive(_ runner: inout Runner) {
        var part = [UInt8](repeating: 0, count: Self.maxReply)
        let count = Glibc.recv(runner.context.pointee.fd, &part, part.count, Int32(MSG_DONTWAIT))
        if count > 0 { runner.reply += part[..<count] }
        let isReply = runner.reply.first.map { [UInt8(ascii: "+"), UInt8(ascii: "-")].contains($0) } ?? false
        guard count > 0 || errno == EAGAIN && count < 0, isReply || runner.reply.isEmpty,
            runner.reply.count < Self.maxReply
        else { return leave(runner, to: &others) }
        guard runner.reply.contains(UInt8(ascii: "\n")) else { return runners.append(runner) }
        leave(runner, to: &answered)
    }

    private func leave(_ runner: Runner, to servers: inout [Int]) {
        if !servers.contains(runner.server) { servers.append(runner.server) }
        Self.close(runner)
    }

    private mutating func end() {
        for runner in runners { Self.close(runner) }
        runners = []
        announce()
    }

    /// Ends the connection, also if a forked child has inherited the socket.
    private static func close(_ runner: Runner) {
        if runner.context.pointee.fd >= 0 { shutdown(runner.context.pointee.fd, Int32(SHUT_RDWR)) }
        redisFree(runner.context)
    }
}

/// The sockets of an ``AddressRace``.
package struct RaceSockets {
    /// The largest number at the same time.
    let limit: Int
    /// Called with the descriptors after each change. The process does not fork meanwhile, if it forks only during system calls that may
    /// block.
    let changed: ([CInt]) -> Void

    package init(limit: Int = 64, changed: @escaping ([CInt]) -> Void = { _ in }) {
        (self.limit, self.changed) = (limit, changed)
    }
}
