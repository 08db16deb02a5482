import Glibc
import HyperoCore
import HyperoRedis
import Synchronization
import TestSupport
import Testing

@Suite("Replies of hostile and broken servers")
struct HostileReplyTests {
    /// Connects, and reads the reply to one command within the bounds.
    private static func call(_ server: FakeServer, within bounds: ReplyBounds) -> RedisError? {
        redisError {
            var connection = try RedisConnection.open(
                to: RedisURL(server.url), name: "test", timeout: .milliseconds(300), bounds: bounds)
            while true { _ = try connection.call("PING") }
        }
    }

    @Test(arguments: HostileServer.allCases.filter { $0 != .flood }, [true, false])
    func `A reply without an end is an error, and takes no more memory than its bounds`(
        behaviour: HostileServer, isLoginHostile: Bool
    ) async throws {
        await #expect(processExitsWith: .success) {
            [behaviour = behaviour as HostileServer, isLoginHostile = isLoginHostile as Bool] in
            let server = try behaviour.start(isLoginHostile: isLoginHostile)
            let before = try ProcessMemory.peak()
            let error = Self.call(server, within: .small)
            #expect(error?.category == .connection)
            #expect(error?.description.contains("not ready") == false)
            #expect(try ProcessMemory.peak() - before < 16 << 20)
        }
    }

    @Test func `A text of 400 MB that is truncated takes no more memory than its bounds`() async throws {
        await #expect(processExitsWith: .success) {
            let server = try FakeServer { connection in
                while let command = connection.command() {
                    guard command[0] == "GET" else {
                        connection.send("+OK\r\n")
                        continue
                    }
                    connection.send("*2\r\n$400000000\r\n")
                    let part = String(repeating: "x", count: 400_000)
                    for _ in 0..<1_000 { connection.send(part) }
                    connection.send("\r\n$3\r\nend\r\n")
                }
            }
            let before = try ProcessMemory.peak()
            var connection = try RedisConnection.open(to: RedisURL(server.url), name: "test")
            var writer = RESPWriter()
            writer.command("GET", "k")
            try connection.send(writer)
            var reply = try connection.receive(within: ReplyBounds(maxTextBytes: 10, maxTotalBytes: 1 << 20))
            #expect(reply.byteCount == 400_000_003)
            #expect(try reply.array() == 2)
            #expect(try reply.string() == "xxxxxxxxxx")
            #expect(try reply.string() == "end")
            #expect(try ProcessMemory.peak() - before < 16 << 20)
        }
    }

    @Test func `Whether to continue is asked between the reads of a reply that never ends`() throws {
        let server = try HostileServer.endlessText.start()
        nonisolated(unsafe) var mayContinue = true
        var connection = try RedisConnection.open(to: RedisURL(server.url), name: "test", timeout: .seconds(60)) {
            mayContinue
        }
        mayContinue = false
        var writer = RESPWriter()
        writer.command("XREAD")
        try connection.send(writer)
        let error = redisError {
            _ = try connection.receive(within: ReplyBounds(maxTextBytes: 1, maxTotalBytes: 1 << 20))
        }
        #expect(error?.description.contains("cancelled") == true)
    }

    @Test func `Whether to continue is asked between two reads although the whole reply has arrived`() throws {
        let isSent = Atomic<Bool>(false)
        // More than one read, and less than the buffer of a socket.
        let text = String(repeating: "x", count: 140 << 10)
        let server = try FakeServer { connection in
            while let command = connection.command() {
                guard command[0] == "GET" else {
                    connection.send("+OK\r\n")
                    continue
                }
                connection.send("$\(text.utf8.count)\r\n\(text)\r\n")
                isSent.store(true, ordering: .releasing)
            }
        }
        nonisolated(unsafe) var mayContinue = true
        var connection = try RedisConnection.open(to: RedisURL(server.url), name: "test", timeout: .seconds(60)) {
            mayContinue
        }
        var writer = RESPWriter()
        writer.command("GET", "k")
        try connection.send(writer)
        #expect(eventually { isSent.load(ordering: .acquiring) })
        mayContinue = false
        let error = redisError { _ = try connection.receive() }
        #expect(error?.description.contains("cancelled") == true)
    }

    @Test func `A transfer has a limit for the whole beside the one for a pause`() {
        func at(_ seconds: Double) -> MonotonicTime { MonotonicTime(nanoseconds: Int64(seconds * 1e9)) }
        var deadline = TransferDeadline(timeout: .seconds(5), start: at(0))
        #expect(deadline.time == at(5))
        deadline.progressed(by: 1, at: at(4))
        #expect(deadline.time == at(9))
        deadline.progressed(by: 1, at: at(9))
        // One byte from time to time is not enough.
        #expect(deadline.time == at(10))
        deadline.progressed(by: 64 << 10, at: at(9.5))
        #expect(deadline.time == at(11))
        deadline.progressed(by: 1 << 40, at: at(100))
        #expect(deadline.time == at(105))
        deadline.progressed(by: 1 << 40, at: at(299))
        #expect(deadline.time == at(300))
        // The time for which a command may block on the server does not count.
        #expect(TransferDeadline(timeout: .seconds(5), start: at(30)).time == at(35))
    }

    @Test(arguments: [
        "$-2\r\n", "*-2\r\n", ":\r\n", ":-\r\n", ":1", ":+1\r\n", "$4294967297\r\n", "$x\r\n", "*2147483648\r\n",
        "$3\r\nabcd\r\n", "$3\r\nabc\n\r", "+a\nb\r\n", "+\n", ":1\n", ":1\rx", "$0000000000000000000000001\r\n",
        "%1\r\n", "\r\n",
        ":-9223372036854775809\r\n", ":9223372036854775808\r\n", "*1\r\n*1\r\n?",
    ])
    func `Bytes that are not RESP2 are an error`(answer: String) throws {
        let server = try FakeServer { connection in
            while let command = connection.command() {
                connection.send(command[0] == "CLIENT" ? "+OK\r\n" : answer)
                if command[0] != "CLIENT" { return }
            }
        }
        let error = redisError {
            var connection = try RedisConnection.open(to: RedisURL(server.url), name: "test")
            _ = try connection.call("PING")
        }
        #expect(error?.category == .connection)
        // Only one answer is the beginning of a reply.
        let reason = answer == ":1" ? "the server closed the connection" : "not the Redis protocol"
        #expect(error?.description.contains(reason) == true, "\(String(describing: error))")
    }

    @Test func `A reply is the same in whatever pieces it arrives`() throws {
        let answer =
            "*9\r\n$5\r\nhe\r\no\r\n:-9223372036854775808\r\n:9223372036854775807\r\n*-1\r\n$-1\r\n$0\r\n\r\n+\r\n-ERR no\r\n*0\r\n"
        let server = try FakeServer { connection in
            var pieceSize = 1
            while let command = connection.command() {
                guard command[0] == "PING" else {
                    connection.send("+OK\r\n")
                    continue
                }
                var rest = answer[...]
                while !rest.isEmpty {
                    connection.send(String(rest.unicodeScalars.prefix(pieceSize)))
                    rest = Substring(rest.unicodeScalars.dropFirst(pieceSize))
                    usleep(200)
                }
                pieceSize += 1
            }
        }
        var connection = try RedisConnection.open(to: RedisURL(server.url), name: "test", timeout: .seconds(60))
        for _ in 0..<12 {
            var reply = try connection.call("PING")
            #expect(try reply.array() == 9)
            #expect(try reply.string() == "he\r\no")
            #expect(try reply.integer() == .min)
            #expect(try reply.integer() == .max)
            #expect(try reply.array() == nil)
            #expect(try reply.string() == nil)
            #expect(try reply.string() == "")
            #expect(try reply.string() == "")
            #expect(reply.error?.description == "ERR no")
            try reply.skip()
            #expect(try reply.array() == 0)
            #expect(reply.isAtEnd)
        }
    }

    @Test func `The reason that a server sends before it closes the connection is reported`() throws {
        for (line, code) in [
            ("-ERR max number of clients reached", RedisError.Code.tooManyClients),
            ("-DENIED Redis is running in protected mode", .protectedMode), ("-LOADING Redis is loading", .loading),
        ] {
            let server = try FakeServer { connection in
                _ = connection.command()
                connection.send("+OK\r\n\(line)\r\n")
            }
            var connection = try RedisConnection.open(to: RedisURL(server.url), name: "test")
            // The server has closed the connection when the write fails.
            var error: RedisError?
            #expect(
                eventually {
                    error = redisError {
                        var writer = RESPWriter()
                        writer.command("PING")
                        try connection.send(writer)
                        // The write succeeds if the server has not closed the connection yet.
                        var reply = try connection.receive()
                        _ = try reply.string()
                    }
                    return error != nil
                })
            #expect(error?.code == code, "\(String(describing: error))")
        }
    }

    @Test func `A connection never gets the descriptor of a standard stream`() async throws {
        await #expect(processExitsWith: .success) {
            let server = try RedisServer(appendOnly: false)
            let standardError = dup(STDERR_FILENO)
            close(STDERR_FILENO)
            var connection = try RedisConnection.open(to: RedisURL(server.url), name: "test")
            let isClosed = fcntl(STDERR_FILENO, F_GETFD) < 0
            _ = try connection.call("PING")
            dup2(standardError, STDERR_FILENO)
            #expect(isClosed)
        }
    }
}
