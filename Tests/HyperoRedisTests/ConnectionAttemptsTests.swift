import Glibc
import HyperoCore
import TestSupport
import Testing

@testable import HyperoRedis

/// The time that each of several servers gets, and their order.
struct ConnectionAttemptsTests {
    private typealias Attempts = ConnectionAttempts<Int>

    private let start = MonotonicTime.now
    private let late = RedisError(.connection, "timed out waiting for a server")
    private let refused = RedisError(.connection, "cannot connect: Connection refused")

    private func attempts(_ count: Int) -> Attempts {
        ConnectionAttempts(Array(1...count), deadline: start + .seconds(10), limit: .seconds(2))
    }

    private func next(of attempts: inout Attempts, at time: MonotonicTime) throws -> Attempts.Attempt {
        let attempt = attempts.next(at: time)
        return try #require(attempt)
    }

    @Test(arguments: [2, 6, 11, 30])
    func `The last of several servers is reached in time, although no other one answers`(count: Int) throws {
        var attempts = attempts(count)
        var now = start
        for number in 1...count {
            let attempt = try next(of: &attempts, at: now)
            #expect(attempt.server == number)
            #expect(attempt.limit <= .seconds(2) && attempt.limit >= .milliseconds(250))
            // As a server that sends a byte from time to time.
            if number < count { now = attempt.end ?? now }
            attempts.fail(attempt, late)
            #expect(attempts.needsRace == (number < count))
        }
        #expect(now < start + .seconds(10))
    }

    @Test func `The servers that answer are tried first after one that does not, and it is tried again at the end`()
        throws
    {
        var attempts = attempts(5)
        let first = try next(of: &attempts, at: start)
        #expect(first.limit == .seconds(1))
        attempts.fail(first, late)
        #expect(attempts.needsRace)
        attempts.rank([3, 1])
        for (number, error) in [(5, refused), (3, late), (2, refused), (4, refused)] {
            let attempt = try next(of: &attempts, at: start + .seconds(1))
            #expect(attempt.server == number)
            #expect(attempt.limit == .seconds(2))
            attempts.fail(attempt, error)
            #expect(!attempts.needsRace)
        }
        let again = try next(of: &attempts, at: start + .seconds(3))
        #expect(again.server == 1 && again.limit == .seconds(2))
        attempts.fail(again, late)
        let end = attempts.next(at: start + .seconds(5))?.server
        #expect(end == nil)
    }

    @Test func `A single server has the whole time, and no end`() throws {
        var attempts = ConnectionAttempts([1], deadline: nil, limit: .seconds(5))
        let attempt = try next(of: &attempts, at: start)
        #expect(attempt.limit == .seconds(5) && attempt.end == nil)
        attempts.fail(attempt, late)
        let end = attempts.next(at: start)?.server
        #expect(end == nil)
    }

    @Test func `A race finds the servers that answer, with a reply or an error, among those that are silent or refuse`()
        throws
    {
        let silent = try FakeServer(tcp: true) { connection in while connection.command() != nil {} }
        let trickling = try FakeServer(tcp: true) { connection in
            _ = connection.command()
            connection.send("+PO")
            _ = connection.command()
        }
        let closing = try FakeServer(tcp: true) { connection in _ = connection.command() }
        let refusing = try RedisServer(appendOnly: false, tcp: true, configuration: ["requirepass x"])
        let dead = try SocketAddress.freePort()
        func address(_ port: UInt16?) -> RedisURL.Address { .tcp(host: "127.0.0.1", port: Int(port ?? 0)) }
        let order = AddressRace.run(
            [
                [address(silent.port)], [address(dead)], [], [address(dead), address(refusing.port)],
                [.unix(path: refusing.socket)], [address(trickling.port)], [address(closing.port)],
            ], within: .seconds(20), shouldContinue: { true }, blocking: { $0() })
        // One of the two that answer may be late.
        #expect(order.first.map { [3, 4].contains($0) } == true, "\(order)")
        #expect(order.last == 1 && Set(order).isDisjoint(with: [0, 2, 5]), "\(order)")
        var calls = 0
        let none = AddressRace.run(
            [[address(silent.port)]], within: .seconds(20),
            shouldContinue: {
                calls += 1; return calls < 3
            },
            blocking: { $0() })
        #expect(none == [])
    }

    @Test func `A race has few sockets at once, announces each, and reaches the last of many addresses`() throws {
        let silent = try FakeServer(tcp: true) { connection in while connection.command() != nil {} }
        let server = try RedisServer(appendOnly: false)
        var (most, open): (Int, [CInt]) = (0, [])
        let order = AddressRace.run(
            Array(repeating: [.tcp(host: "127.0.0.1", port: Int(silent.port ?? 0))], count: 12) + [
                [.unix(path: server.socket)]
            ], within: .seconds(1),
            sockets: RaceSockets(limit: 4) {
                open = $0
                most = max(most, $0.count)
            }, shouldContinue: { true },
            blocking: { body in
                // What a child that is forked now would close.
                #expect(open.allSatisfy { fcntl($0, F_GETFD) >= 0 })
                body()
            })
        #expect(order == [12])
        #expect(most == 4 && open == [])
    }
}
