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
        var hasSent = false
        var reply: [UInt8] = []
    }

    private var runners: [Runner] = []
    /// Those that have replied.
    private var answered: [Int] = []
    /// Those that speak another protocol, such as TLS, or have closed the connection.
    private var others: [Int] = []
    /// Those that cannot be connected to.
    private var failed: [Int] = []

    /// The time after the first answer in which others are waited for: the first one may be that of a replica.
    private static let grace = Duration.milliseconds(50)
    private static let maxSockets = 64
    private static let maxReply = 512

    /// Returns the servers that answer in the order of their answers, then those that close the connection or speak another protocol,
    /// then those that cannot be connected to, which costs no time.
    ///
    /// - Parameters:
    ///   - servers: the numeric addresses of each server.
    ///   - limit: the time limit for the first answer.
    ///   - encrypted: true if the servers speak TLS, so that a server that closes the connection has answered.
    ///   - shouldContinue: called about every 5 ms. If it returns false, the race ends.
    ///   - blocking: runs its argument, a system call that may block.
    /// - Returns: indices of `servers`.
    static func run(
        _ servers: [[RedisURL.Address]], within limit: Duration, encrypted: Bool = false, shouldContinue: () -> Bool,
        blocking: (() -> Void) -> Void
    ) -> [Int] {
        var race = AddressRace()
        defer { race.end() }
        race.start(servers, blocking: blocking)
        var end = MonotonicTime.now + limit
        while !race.runners.isEmpty, MonotonicTime.now < end, shouldContinue() {
            let hadAnswer = race.hasAnswer(encrypted: encrypted)
            race.poll(blocking: blocking)
            if !hadAnswer, race.hasAnswer(encrypted: encrypted) { end = min(end, .now + grace) }
        }
        var order: [Int] = []
        for server in race.answered + race.others + race.failed where !order.contains(server) { order.append(server) }
        return order
    }

    private func hasAnswer(encrypted: Bool) -> Bool { !answered.isEmpty || encrypted && !others.isEmpty }

    private mutating func start(_ servers: [[RedisURL.Address]], blocking: (() -> Void) -> Void) {
        for (index, addresses) in servers.enumerated() {
            for address in addresses where runners.count < Self.maxSockets {
                guard let context = RedisConnection.connect(to: address, blocking: blocking) else { continue }
                let runner = Runner(server: index, context: context)
                if context.pointee.err == 0 { runners.append(runner) } else { leave(runner, to: &failed) }
            }
        }
    }

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
    }

    /// Ends the connection, also if a forked child has inherited the socket.
    private static func close(_ runner: Runner) {
        if runner.context.pointee.fd >= 0 { shutdown(runner.context.pointee.fd, Int32(SHUT_RDWR)) }
        redisFree(runner.context)
    }
}
