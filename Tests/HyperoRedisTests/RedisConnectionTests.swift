import Glibc
import HyperoRedis
import HyperoSchema
import Testing
import TestSupport

struct RedisConnectionTests {
    @Test func `Commands are answered over a unix socket and over TCP`() throws {
        let server = try RedisServer(tcp: true)
        for url in [server.url, try #require(server.tcpURL)] {
            var connection = try RedisConnection.open(to: RedisURL(url), name: "test")
            var reply = try connection.call("PING")
            #expect(try reply.string() == "PONG")
            reply = try connection.call("CLIENT", "GETNAME")
            #expect(try reply.string() == "test")
        }
    }

    @Test func `The database of the URL is selected`() throws {
        let server = try RedisServer()
        do {
            var connection = try RedisConnection.open(to: RedisURL(server.url + "?db=3"), name: "test")
            _ = try connection.call("SET", "k", "v")
        }
        #expect(server.cli("-n", "3", "GET", "k") == "v")
        let error = redisError { _ = try RedisConnection.open(to: RedisURL(server.url + "?db=99"), name: "test") }
        #expect(error?.category == .refused)
    }

    @Test func `A connection uses the account of the URL, and a wrong account is denied`() throws {
        let server = try RedisServer(configuration: [
            "requirepass \"secret word\"", "user reader on >other ~* +@all", "user open on nopass ~* +@all",
            "user mute on >other ~* -@all",
        ])
        func error(_ account: String, environment: [String: String] = [:]) -> RedisError? {
            redisError {
                let url = try RedisURL("unix://\(account)\(server.socket)", environment: { environment[$0] })
                var connection = try RedisConnection.open(to: url, name: "test")
                var reply = try connection.call("PING")
                _ = try reply.string()
            }
        }
        #expect(error(":secret%20word@") == nil)
        #expect(error("", environment: ["REDISCLI_AUTH": "secret word"]) == nil)
        #expect(error("reader:other@") == nil)
        #expect(error("open@") == nil)
        for account in [
            "", ":wrongpassword@", "reader:wrongpassword@", "reader@", "unknown:wrongpassword@", "mute:other@",
        ] {
            let error = try #require(error(account))
            #expect(error.category == .denied, "\(account): \(error)")
            #expect(!error.description.contains("wrongpassword"))
        }
    }

    @Test func `The error of a server without a password or without AUTH does not contain the password`() throws {
        for configuration in [[], ["rename-command AUTH \"\""]] {
            let server = try RedisServer(configuration: configuration)
            let url = try RedisURL("unix://:hunter2@\(server.socket)")
            let error = try #require(redisError { _ = try RedisConnection.open(to: url, name: "test") })
            #expect(error.category == (configuration.isEmpty ? .denied : .refused))
            #expect(!error.description.contains("hunter2"), "\(error)")
        }
    }

    @Test func `An account without permission for CLIENT SETNAME can connect`() throws {
        let server = try RedisServer(configuration: ["user writer on >pass ~* -@all +auth +ping"])
        var connection = try RedisConnection.open(to: RedisURL("unix://writer:pass@\(server.socket)"), name: "test")
        var reply = try connection.call("PING")
        #expect(try reply.string() == "PONG")
        let error = redisError {
            var reply = try connection.call("GET", "k")
            _ = try reply.string()
        }
        #expect(error?.category == .denied)
    }

    @Test func `A value of 20 MB is written and read back`() throws {
        let server = try RedisServer(appendOnly: false)
        var connection = try server.connect()
        let value = String(repeating: "0123456789", count: 2_000_000)
        var reply = try connection.call("SET", "k", value)
        #expect(try reply.string() == "OK")
        reply = try connection.call("GET", "k")
        #expect(try reply.string() == value)
        // The connection still receives small replies.
        reply = try connection.call("STRLEN", "k")
        #expect(try reply.integer() == 20_000_000)
    }

    @Test func `A pipeline of 10,000 commands is answered in order, including errors`() throws {
        let server = try RedisServer(appendOnly: false)
        var connection = try server.connect()
        var writer = RESPWriter()
        for number in 0..<10_000 {
            if number % 1_000 == 7 {
                writer.command("NOSUCHCOMMAND")
            } else {
                writer.command("ECHO", String(number) + String(repeating: ".", count: number % 300))
            }
        }
        #expect(writer.commands == 10_000)
        try connection.send(writer)
        for number in 0..<10_000 {
            var reply = try connection.receive()
            if number % 1_000 == 7 {
                #expect(reply.error?.category == .refused)
                #expect(redisError { _ = try reply.string() }?.category == .refused)
            } else {
                #expect(try reply.string() == String(number) + String(repeating: ".", count: number % 300))
            }
        }
        var reply = try connection.call("PING")
        #expect(try reply.string() == "PONG")
    }

    @Test func `A suspended server fails the connection after the timeout`() throws {
        let server = try RedisServer()
        var connection = try server.connect(timeout: .milliseconds(50))
        server.suspend()
        defer { server.resume() }
        #expect(redisError { _ = try connection.call("PING") }?.category == .connection)
        // The kernel still accepts the connection, but the server does not answer.
        #expect(redisError { _ = try server.connect(timeout: .milliseconds(50)) }?.category == .connection)
    }

    @Test func `Sending more bytes than a suspended server's socket can buffer times out`() throws {
        let server = try RedisServer()
        var connection = try server.connect(timeout: .milliseconds(50))
        server.suspend()
        defer { server.resume() }
        let value = String(repeating: "x", count: 30_000_000)
        #expect(redisError { _ = try connection.call("SET", "k", value) }?.category == .connection)
    }

    @Test func `Waiting for a reply ends when the caller cancels it`() throws {
        let server = try RedisServer()
        nonisolated(unsafe) var shouldContinue = true
        var connection = try server.connect { shouldContinue }
        shouldContinue = false
        // No element is pushed, so the command blocks until the caller cancels.
        let error = redisError { _ = try connection.call("BLPOP", "k", "0") }
        #expect(error?.category == .connection)
        #expect(error?.description.contains("cancelled while waiting") == true)
    }

    @Test func `A connection that has failed within a reply cannot be used again`() throws {
        let server = try ScriptedServer("+OK\r\n+OK\r\n*2\r\n$10\r\nabc")
        nonisolated(unsafe) var shouldContinue = true
        var connection = try server.connect { shouldContinue }
        shouldContinue = false
        let error = redisError { _ = try connection.call("GET", "k") }
        #expect(error?.description.contains("cancelled while waiting") == true)
        shouldContinue = true
        server.send("1234567\r\n$1\r\nx\r\n+PONG\r\n")
        #expect(redisError { _ = try connection.receive() } == error)
        #expect(redisError { _ = try connection.call("PING") } == error)
    }

    @Test func `A connection that the server has closed with an error reply fails later with a connection error`()
        throws
    {
        let server = try ScriptedServer("+OK\r\n+OK\r\n-LOADING Redis is loading\r\n", closes: true)
        var connection = try server.connect()
        #expect(redisError { _ = try connection.call("PING") }?.category == .transient)
        let error = redisError { _ = try connection.call("PING") }
        #expect(error?.category == .connection)
        #expect(error?.description.contains("LOADING") == true)
    }

    @Test func `A blocking command may take longer than the timeout`() throws {
        let server = try RedisServer()
        var connection = try server.connect(timeout: .milliseconds(50))
        var writer = RESPWriter()
        writer.command("BLPOP", "k", "0.3")
        try connection.send(writer)
        var reply = try connection.receive(blockTimeout: .seconds(30))
        #expect(reply.isNull)
        #expect(try reply.array() == nil)
    }

    @Test func `A server killed during a wait fails the connection`() throws {
        let server = try RedisServer()
        var isWaiting = false
        var connection = try server.connect {
            if isWaiting { server.kill() }
            return true
        }
        isWaiting = true
        #expect(redisError { _ = try connection.call("BLPOP", "k", "0") }?.category == .connection)
    }

    @Test func `Writing to a closed connection throws and raises no SIGPIPE`() throws {
        let server = try RedisServer()
        var connection = try server.connect()
        server.kill()
        var errors = 0
        for _ in 0..<3 where redisError({ _ = try connection.call("PING") })?.category == .connection { errors += 1 }
        #expect(errors == 3)
        var pending = sigset_t()
        sigpending(&pending)
        #expect(sigismember(&pending, SIGPIPE) == 0)
        var mask = sigset_t()
        pthread_sigmask(SIG_BLOCK, nil, &mask)
        #expect(sigismember(&mask, SIGPIPE) == 0)
    }

    @Test func `The error of a failed connection contains the URL`() throws {
        let folder = try TemporaryFolder()
        for url in ["unix://\(folder.file("none"))", "redis://127.0.0.1:1", "redis://host.invalid"] {
            let error = try #require(redisError { _ = try RedisConnection.open(to: RedisURL(url), name: "test") })
            #expect(error.category == .connection)
            #expect(error.description.contains(try RedisURL(url).description))
        }
    }

    @Test(
        arguments: [
            ("-LOADING Redis is loading the dataset in memory\r\n", .transient),
            ("-ERR max number of clients reached\r\n", .transient),
            ("-DENIED Redis is running in protected mode\r\n", .denied),
            ("+OK\r\n-LOADING Redis is loading\r\n", .transient),
            ("-ERR unknown command 'AUTH', with args: 'x'\r\n", .refused),
            ("+OK\r\n-NOAUTH Authentication required.\r\n", .denied), ("HTTP/1.1 400 Bad Request\r\n\r\n", .connection),
            (":1\r\n", .connection), ("*0\r\n", .connection), ("", .connection), ("+O", .connection),
            ("$5\r\nab", .connection),
            ("$-5\r\n", .connection), ("*-7\r\n", .connection), (":99999999999999999999\r\n", .connection),
            ("\0\0\0\0", .connection),
            ("$99999999999999999999\r\n", .connection), ("*9999999999999\r\n", .connection),
            ("+OK\r\n?\r\n", .connection),
        ] as [(String, RedisError.Category)])
    func `A server that refuses the client or is not Redis causes an error with a category`(
        answer: String, category: RedisError.Category
    ) throws {
        let server = try ScriptedServer(answer, closes: true)
        let error = try #require(redisError { _ = try server.connect() })
        #expect(error.category == category, "\(error)")
        #expect(!error.description.contains("secret"))
    }

    @Test func `Child processes do not inherit connections`() throws {
        let server = try RedisServer(tcp: true)
        let local = try server.connect()
        let remote = try RedisConnection.open(to: RedisURL(server.tcpURL), name: "test")
        let connected = descriptors(connectedTo: server)
        #expect(connected.count == 2)
        for descriptor in connected { #expect(fcntl(descriptor, F_GETFD) & FD_CLOEXEC != 0) }
        _ = consume local
        _ = consume remote
        #expect(descriptors(connectedTo: server).isEmpty)
    }

    @Test func `Closed and failed connections leak no file descriptors`() throws {
        let server = try RedisServer(configuration: ["requirepass secret"])
        let missing = try RedisURL("unix://\(server.folder.file("none"))")
        let wrong = try RedisURL("unix://:wrong@\(server.socket)")
        let right = try RedisURL("unix://:secret@\(server.socket)")
        let before = descriptorCount()
        for _ in 0..<200 {
            #expect(redisError { _ = try RedisConnection.open(to: missing, name: "test") }?.category == .connection)
            #expect(redisError { _ = try RedisConnection.open(to: wrong, name: "test") }?.category == .denied)
            var connection = try RedisConnection.open(to: right, name: "test")
            _ = try connection.call("PING")
        }
        #expect(descriptors(connectedTo: server).isEmpty)
        // All descriptors are counted, because a socket that was never connected cannot be found by its peer.
        // Concurrent tests open and close descriptors too, so only a large growth counts as a leak.
        #expect(descriptorCount() < before + 150)
    }

    /// Returns the descriptors of this process that are connected to the server, which only this test uses.
    private func descriptors(connectedTo server: RedisServer) -> [Int32] {
        (0..<4_096).filter { descriptor in
            var address = sockaddr_storage()
            var size = socklen_t(MemoryLayout<sockaddr_storage>.size)
            let found = withUnsafeMutablePointer(to: &address) {
                $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { getpeername(descriptor, $0, &size) }
            }
            guard found == 0 else { return false }
            let family = address.ss_family
            return withUnsafeBytes(of: &address) { bytes in
                if family == sa_family_t(AF_UNIX) {
                    return bytes[2..<Int(size)].starts(with: server.socket.utf8)
                }
                let port = UInt16(bytes[2]) << 8 | UInt16(bytes[3])
                return family == sa_family_t(AF_INET) && port == server.port
            }
        }
    }

    private func descriptorCount() -> Int {
        (0..<4_096).count { fcntl($0, F_GETFD) >= 0 }
    }
}
